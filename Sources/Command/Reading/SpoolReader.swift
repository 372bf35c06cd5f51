internal import Linux
internal import Spool
internal import Text
internal import Time

/// A spool as its operator reads it: without the daemon's lock, and without changing anything.
struct SpoolReader: ~Copyable {
    let path: String
    let root: Directory

    init(path: String) throws(Failure) {
        self.path = path
        let root = try spoolStep(step(.open, path, Directory(path: path)))
        do throws(Errno) { _ = try root.status("new") } catch {
            if error == .noEntry {
                throw Failure(.unavailable, "\(printable(path)) is not a spool: it has no new/; see outspool init")
            }
        }
        self.root = root
    }

    /// The states that have a directory, waiting ones first, sent ones last.
    func states() throws(Failure) -> [State] {
        var states: [State] = [.new]
        for name in try names(in: "cur") { states.append(.claimed(instance: name)) }
        states += State.waiting.dropFirst() + [.hold, .dead]
        for day in try names(in: "done") where Timestamp(rfc3339: day + "T00:00:00Z") != nil {
            states.append(.done(day: day))
        }
        return states
    }

    /// Whether a daemon has the lock of `cur/`, or of a directory in it. Asked only where no daemon says that it lives,
    /// since asking takes the lock as a shared one for a moment.
    func isLocked(_ daemon: DaemonStatus?, now: Timestamp) throws(Failure) -> Bool {
        if let daemon, daemon.isAlive(now: now) { return false }
        for path in ["cur"] + (try names(in: "cur")).map({ "cur/\($0)" }) {
            if let directory = try open(path) {
                // What may not be asked is not known.
                if (try? directory.isLocked()) == true { return true }
            }
        }
        return false
    }

    /// The drop boxes.
    func boxes() throws(Failure) -> [String] { try names(in: "drop") }

    /// A job's file, its history in bounded memory; nil when it is not a job, cannot be read, or has gone.
    func job(at path: String) -> JobFile? {
        guard let file = try? root.open(path), let size = try? file.status().size else { return nil }
        return try? JobFile(reading: file, size: size, limit: Input.jobLimit)
    }

    /// Counts the files in each drop box that has any, as far as this user may look.
    func unread() throws(Failure) -> [(name: String, count: Int)] {
        var found: [(name: String, count: Int)] = []
        for box in try boxes() {
            var count = 0
            // One that may not be read, or is being made, has none to show.
            try? forEachEntry(of: "drop/\(box)/new") { _, _ in count += 1 }
            if count > 0 { found.append((box, count)) }
        }
        return found
    }

    private func names(in directory: String) throws(Failure) -> [String] {
        var names: [String] = []
        try forEachEntry(of: directory) { entry, _ in
            if let name = entry.text, entry.isDirectory != false { names.append(name) }
        }
        return names.sorted()
    }

    private func open(_ directory: String) throws(Failure) -> Directory? {
        do throws(Errno) { return try root.directory(directory) } catch {
            if error == .noEntry || error == .notDirectory { return nil }
            throw Failure(SpoolError(.open, "\(path)/\(directory)", error))
        }
    }

    /// Calls `body` with the directory of a state, if it is there.
    func with(_ state: State, _ body: (borrowing Directory) throws(Failure) -> Void) throws(Failure) {
        if let directory = try open(state.path) { try body(directory) }
    }

    /// Calls `body` with each visible name, as long as `goesOn` says so; a directory that is not there has none.
    func forEachEntry(
        of directory: String, while goesOn: () -> Bool = { true },
        _ body: (DirectoryName, borrowing Directory) throws(Failure) -> Void
    ) throws(Failure) {
        let shown = "\(path)/\(directory)"
        guard let opened = try open(directory) else { return }
        var stream = try spoolStep(step(.list, shown, opened.entries()))
        while goesOn() {
            let entry: DirectoryName?
            do throws(Errno) { entry = try stream.next() } catch { throw Failure(SpoolError(.list, shown, error)) }
            guard let entry else { return }
            if !entry.isHidden { try body(entry, opened) }
        }
    }
}
