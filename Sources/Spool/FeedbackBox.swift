package import Linux
package import Time

/// The door for reports: `feedback/`, as the daemon sees it. Whatever lies in it may be an attack.
package final class FeedbackBox {
    /// Its directories, parents first.
    static let directories = ["feedback", "feedback/tmp", "feedback/new", "feedback/unmatched"]

    /// The modes to which an operator may restrict its directories: to one group, or to the spool's own user.
    package static let narrowModes: [String: [UInt32]] = [
        "feedback": [0o710, 0o700], "feedback/tmp": [0o3730, 0o1730, 0o700], "feedback/new": [0o3730, 0o1730, 0o700],
    ]

    /// The most bytes that are read of a report; a mail's beginning tells what a bounce has to say.
    package static let sizeLimit = 4 << 20
    /// The most files that are kept of one day in `feedback/unmatched/`.
    package static let unmatchedLimit = 10_000

    private let spool: SpoolTree
    package let tmp: Directory
    package let new: Directory
    private let unmatched: Directory
    /// The day to which a report was last put, and how many files it has.
    private var day: (name: String, count: Int)?

    /// Opens `feedback/`, and makes what is missing of it, as in a spool of an earlier version.
    package init(in spool: SpoolTree) throws(SpoolError) {
        self.spool = spool
        for name in FeedbackBox.directories where try !step(.read, name, spool.root.contains(name)) {
            let parent = name.utf8.contains(UInt8(ascii: "/"))
            let last = parent ? String(decoding: name.utf8.dropFirst("feedback/".utf8.count), as: UTF8.self) : name
            try step(.create, name) { () throws(Errno) in
                let mode = Creation.mode(of: name)
                if parent {
                    try allowing(.exists, spool.root.directory("feedback").makeDirectory(last, mode: mode))
                } else {
                    try allowing(.exists, spool.root.makeDirectory(last, mode: mode))
                }
            }
        }
        let box = try step(.open, "feedback", spool.root.directory("feedback"))
        tmp = try step(.open, "feedback/tmp", box.directory("tmp"))
        new = try step(.open, "feedback/new", box.directory("new"))
        unmatched = try step(.open, "feedback/unmatched", box.directory("unmatched"))
    }

    /// Whether `feedback/new` is still the directory that is open.
    package func isInPlace() throws(SpoolError) -> Bool {
        let own = try step(.read, "feedback/new", new.status())
        let there = try step(.read, "feedback/new", allowing(.noEntry, spool.root.status("feedback/new")))
        return there.map { $0.inode == own.inode && $0.device == own.device } ?? false
    }

    /// The result of a look at a file in `feedback/new`.
    package enum Look {
        /// Its bytes, at most ``sizeLimit``, and how long it is.
        case report([UInt8], FileStatus)
        /// Not to be read, for a reason: it is moved to `feedback/unmatched/` as it is, or stays where that fails.
        case refused(String)
        /// A directory, which stays where it is.
        case directory
        /// Its writer may be at work: look again at this time.
        case later(Timestamp)
        case gone
    }

    /// Reads a file. Nothing but a regular file with one name is opened.
    package func look(_ name: DirectoryName, now: Timestamp) throws(SpoolError) -> Look {
        let path = "feedback/new/\(name.printable)"
        guard let before = try step(.read, path, allowing(.noEntry, new.status(of: name))) else { return .gone }
        // What its owner puts into it would come along, now and later.
        if before.isDirectory { return .directory }
        guard let text = name.text else { return .refused("its name is not UTF-8") }
        guard before.isRegular else { return .refused("a \(before.kind)") }
        // A writer without RENAME_NOREPLACE links and unlinks: for a moment there are two links.
        let end = Timestamp(nanoseconds: before.changed) + .seconds(10)
        if before.links == 2, end > now, end <= now + .seconds(10) { return .later(end) }
        guard before.links == 1 else { return .refused("a file with \(before.links) links") }
        let number: Int32
        do throws(Errno) { number = try new.open(text).release() } catch {
            switch error {
            case .noEntry: return .gone
            case .accessDenied, .loop, .noDevice: return .refused("it cannot be opened: \(error)")
            default: throw SpoolError(.open, path, error)
            }
        }
        let file = Descriptor(owning: number)
        let status = try step(.read, path, file.status())
        // Another than was looked at: it gets a look of its own.
        guard status.inode == before.inode, status.isRegular, status.links == 1 else { return .later(now) }
        let bytes = try step(
            .read, path, file.readAll(limit: FeedbackBox.sizeLimit, sizeHint: min(status.size, FeedbackBox.sizeLimit)))
        return .report(bytes, status)
    }

    /// Removes a report that has been told.
    package func remove(_ name: DirectoryName) throws(SpoolError) {
        guard let text = name.text else { return }
        try step(.remove, "feedback/new/\(text)", allowing(.noEntry, new.unlink(text)))
    }

    /// The fate of a report without a job.
    package enum Kept: Equatable {
        /// It is in that file, below the spool.
        case file(String)
        /// The day has so many that it was removed.
        case removed
    }

    /// Keeps a report that tells of no job: a copy in `feedback/unmatched/DAY`, and then the original goes.
    ///
    /// Its writer may have the original open. The copy's name is made of the original's inode and ctime: a crash before
    /// the removal leaves one copy, not two.
    package func keepUnmatched(
        _ name: DirectoryName, _ bytes: [UInt8], _ status: FileStatus, now: Timestamp
    ) throws(SpoolError) -> Kept {
        guard try hasRoom(on: now.day) else {
            try remove(name)
            return .removed
        }
        let id = JobID.letter(of: status).text
        let path = "feedback/unmatched/\(now.day)/\(id)"
        let draft = JobID.random(characters: 20)
        try step(.copy, path) { () throws(Errno) in
            let directory = try unmatched.directory(now.day)
            do throws(Errno) {
                let copy = try spool.tmp.create(draft, mode: 0o600)
                try copy.write(all: bytes)
                try copy.sync()
                if try allowing(.exists, spool.tmp.rename(draft, into: directory, as: id)) == nil {
                    try spool.tmp.unlink(draft)
                }
            } catch {
                // Litter that the sweep of tmp/ clears; the error is the one to report.
                try? spool.tmp.unlink(draft)
                throw error
            }
            try directory.sync()
        }
        day?.count += 1
        try remove(name)
        return .file(path)
    }

    /// Moves what is not to be read out of `feedback/new`: a link, a FIFO, a file that may not be opened.
    package func putAside(_ name: DirectoryName, now: Timestamp) throws(SpoolError) -> Kept {
        let hasRoom = try hasRoom(on: now.day)
        let id = JobID.make(at: now).text
        let path = "feedback/unmatched/\(now.day)/\(id)"
        if !hasRoom, name.text != nil {
            try remove(name)
            return .removed
        }
        try step(.rename, path) { () throws(Errno) in
            let directory = try unmatched.directory(now.day)
            try allowing(.noEntry, new.rename(bytes: name, into: directory, as: id))
        }
        day?.count += 1
        return .file(path)
    }

    /// Whether the day takes another file; makes its directory.
    private func hasRoom(on name: String) throws(SpoolError) -> Bool {
        let path = "feedback/unmatched/\(name)"
        let isMissing = try !step(.read, path, unmatched.contains(name))
        if day?.name != name || isMissing {
            try step(.create, path, allowing(.exists, unmatched.makeDirectory(name, mode: 0o700)))
            try step(.sync, "feedback/unmatched", unmatched.sync())
            var count = 0
            var stream = try step(.list, path) { () throws(Errno) in try unmatched.directory(name).entries() }
            while count <= FeedbackBox.unmatchedLimit, try step(.list, path, stream.next()) != nil { count += 1 }
            day = (name, count)
        }
        return (day?.count ?? 0) < FeedbackBox.unmatchedLimit
    }

    /// The days of ``unmatched``, for the janitor.
    package func days() throws(SpoolError) -> [String] {
        var days: [String] = []
        var stream = try step(.list, "feedback/unmatched", unmatched.entries())
        while let entry = try step(.list, "feedback/unmatched", stream.next()) {
            if let name = entry.text, Timestamp(rfc3339: name + "T00:00:00Z") != nil { days.append(name) }
        }
        return days.sorted()
    }

    /// Removes a day with all that is in it.
    package func remove(day name: String) throws(SpoolError) {
        let path = "feedback/unmatched/\(name)"
        try step(.remove, path) { () throws(Errno) in
            let directory = try unmatched.directory(name)
            var stream = try directory.entries()
            while let entry = try stream.next() { if let text = entry.text { try? directory.unlink(text) } }
            try unmatched.removeDirectory(name)
        }
    }
}
