internal import Linux
internal import Spool
internal import Text
internal import Time

/// Does one verb's change to the jobs that are meant, one system call each.
///
/// A job may move at any moment: where a call finds it gone, it is looked for again. No call replaces a file.
/// A change is on disk when the verb ends: the directories are synced once, at the end.
struct JobChanges {
    let change: JobChange
    let report: ChangeReport
    let isDryRun: Bool
    var rate: Rate?
    /// What has changed since is the daemon's doing, or ours: met again it is left alone.
    let started = Timestamp.now
    private let startedAt = Clock.monotonic

    init(_ change: JobChange, report: ChangeReport, isDryRun: Bool, rate: Rate? = nil) {
        self.change = change
        self.report = report
        self.isDryRun = isDryRun
        self.rate = rate
    }

    func run(_ selection: Selection, on reader: borrowing SpoolReader) throws(Failure) {
        switch selection {
        case .ids(let words):
            let isClean = try SelectionOptions.forEachID(words, of: change.rawValue) { (id) throws(Failure) in
                try apply(to: id, on: reader)
            }
            if !isClean { report.fail(.usage) }
        case .matching(let filter): try run(filter, on: reader)
        }
        try sync(reader)
        try report.end()
    }

    private func run(_ filter: JobFilter, on reader: borrowing SpoolReader) throws(Failure) {
        for word in filter.states {
            switch JobFilter.example(of: word).map({ change.step(in: $0) }) {
            case .busy?: throw .usage("\(change.rawValue): what is in cur/ is being sent, and left alone")
            case .refuse(let why)?: throw .usage("\(change.rawValue): a job in \(printable(word)) \(why)")
            default: break
            }
        }
        for state in try reader.states() where isMeant(state, by: filter) {
            try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
                if filter.needsContents {
                    guard let job = try Glance(name, in: state, at: directory), filter.matches(job.traits, now: started)
                    else { return }
                }
                guard let id = name.text.flatMap({ JobID($0) }) else {
                    return report.fail(.data, "\(state.path)/\(name.printable): no job id; left alone")
                }
                do throws(Errno) { try perform(change.step(in: state), id, in: state, on: reader, isSwept: true) } catch
                {
                    if error == .noEntry { return report.passed() }
                    fail(id, in: state, error)
                }
            }
        }
    }

    private func isMeant(_ state: State, by filter: JobFilter) -> Bool {
        filter.states.isEmpty ? change.isMeant(state) : filter.names(state)
    }

    /// Does it to the job of that id, wherever it is.
    private func apply(to id: JobID, on reader: borrowing SpoolReader) throws(Failure) {
        for _ in 0..<16 {
            let places = try reader.settledPlaces(of: id)
            guard let state = chosen(of: places) else {
                return report.fail(.noInput, "no job \(id) in \(printable(reader.path))")
            }
            do throws(Errno) {
                return try perform(change.step(in: state), id, in: state, on: reader, isSwept: false)
            } catch {
                // It moved since it was found.
                if error == .noEntry { continue }
                return fail(id, in: state, error)
            }
        }
        report.fail(.temporary, "\(id) moves from state to state; try again")
    }

    /// Of several places the first in which something can be done.
    private func chosen(of places: [State]) -> State? {
        let possible = places.first { state in
            switch change.step(in: state) {
            case .nothing, .busy, .refuse: false
            default: true
            }
        }
        return possible ?? places.first
    }

    private func fail(_ id: JobID, in state: State, _ error: Errno) {
        if error == .exists {
            report.fail(
                .cannotCreate, "\(id) is in \(state.path) and a second time where it should go; nothing was replaced")
        } else {
            let failure = Failure(SpoolError(.rename, "\(state.path)/\(id)", error))
            report.fail(failure.status, "\(state.path)/\(id): \(error)")
        }
    }

    /// `isSwept` when a filter found the job: one that changed since the verb began is then left alone, or a
    /// job that fails again would be met in bucket after bucket and hurried through all of them.
    private func perform(
        _ step: JobChange.Step, _ id: JobID, in state: State, on reader: borrowing SpoolReader, isSwept: Bool
    ) throws(Errno) {
        let path = "\(state.path)/\(id)"
        switch step {
        case .nothing(let why): return report.nothing(id, why)
        case .refuse(let why): return report.fail(.data, "\(id) \(why)")
        case .busy:
            return report.fail(
                .temporary, "\(id) is being sent at this moment, and left alone; try again when that is over")
        case .touch, .rename, .release, .unlink: break
        }
        let status = try reader.root.status(path)
        if isSwept, Timestamp(nanoseconds: status.changed) > started { return report.passed() }
        switch step {
        case .touch:
            let now = Timestamp.now
            if status.modified <= now.nanoseconds { return report.nothing(id, "is due already") }
            wait()
            if !isDryRun { try reader.root.setModified(path, nanoseconds: now.nanoseconds) }
            report.done(id, from: state, to: state)
        case .rename(let target): try move(id, from: state, to: target, on: reader)
        case .release:
            switch try release(path, on: reader) {
            case .new: try move(id, from: state, to: .new, on: reader)
            case .scheduled(let due):
                // It is in hold/, where nobody looks: a crash between the two leaves it there.
                if !isDryRun { try reader.root.setModified(path, nanoseconds: due.nanoseconds) }
                try move(id, from: state, to: .scheduled, on: reader)
            }
        case .unlink:
            wait()
            if !isDryRun { try reader.root.unlink(path) }
            report.done(id, from: state, to: nil)
        case .nothing, .refuse, .busy: break
        }
    }

    private func move(_ id: JobID, from state: State, to target: State, on reader: borrowing SpoolReader) throws(Errno)
    {
        wait()
        if !isDryRun {
            try reader.root.rename("\(state.path)/\(id)", into: reader.root, as: "\(target.path)/\(id)")
        }
        report.done(id, from: state, to: target)
    }

    private func release(_ path: String, on reader: borrowing SpoolReader) throws(Errno) -> Release {
        let status = try reader.root.status(path)
        guard status.isRegular else { return .new }
        // What is no job is the daemon's to judge, in new/.
        guard let file = try? JobFile(reading: reader.root.open(path), size: status.size, limit: Input.jobLimit) else {
            return .new
        }
        return Release(history: file.history, sendAt: (try? Job(file.value))?.sendAt, now: started)
    }

    private func wait() {
        guard let rate, !isDryRun else { return }
        Clock.sleep(until: startedAt + rate.delay(of: report.count).nanoseconds)
    }

    /// Has the renames and removals outlive a power cut.
    private func sync(_ reader: borrowing SpoolReader) throws(Failure) {
        if isDryRun { return }
        for path in report.touched.sorted() {
            do throws(Errno) { try reader.root.directory(path).sync() } catch {
                // A day of done/ may have been emptied and removed.
                if error != .noEntry { throw Failure(SpoolError(.sync, "\(reader.path)/\(path)", error)) }
            }
        }
    }
}
