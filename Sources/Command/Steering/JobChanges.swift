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
    /// When jobs expire: those that have are not sent, whatever a verb says.
    let expiries: Expiries
    var rate: Rate?
    /// Until when jobs are postponed.
    var until = Timestamp.distantFuture
    /// Jobs that changed since are the daemon's doing, or ours: they are left alone.
    let started = Timestamp.now
    private let startedAt = Clock.monotonic

    init(_ change: JobChange, report: ChangeReport, isDryRun: Bool, _ expiries: Expiries) {
        self.change = change
        self.report = report
        self.isDryRun = isDryRun
        self.expiries = expiries
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
            case .busy?: throw .usage("\(change.rawValue): what is in cur/ is being worked at, and left alone")
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
            return report.fail(.temporary, "\(id) \(reader.business(of: id, in: state))")
        case .touch, .postpone, .rename, .release, .unlink: break
        }
        let status = try reader.root.status(path)
        if isSwept, Timestamp(nanoseconds: status.changed) > started { return report.passed() }
        switch step {
        case .touch:
            let now = Timestamp.now
            if status.modified <= now.nanoseconds { return report.nothing(id, "is due already") }
            if let job = try StandingJob(at: path, in: reader), isExpired(job, id, in: state, isSwept) { return }
            wait()
            if !isDryRun { try reader.root.setModified(path, nanoseconds: now.nanoseconds) }
            report.done(id, from: state, to: state)
        case .rename(let target): try move(id, from: state, to: target, on: reader)
        case .postpone where status.modified == until.nanoseconds:
            // Moved on by this very sweep.
            return isSwept ? report.passed() : report.nothing(id, "waits until then already")
        case .postpone: try postpone(id, in: state, on: reader)
        case .release:
            // A file that is not a job is left to the daemon, in new/.
            guard let job = try StandingJob(at: path, in: reader) else {
                return try move(id, from: state, to: .new, on: reader)
            }
            if isExpired(job, id, in: state, isSwept) { return }
            switch Release(history: job.history, sendAt: job.job.sendAt, now: started) {
            case .new: try move(id, from: state, to: .new, on: reader)
            case .scheduled(let due):
                // No process looks for work there: a crash between the two calls leaves the job where it is.
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

    /// Says so if the job is past its expiry: it would be dead a moment later.
    private func isExpired(_ job: StandingJob, _ id: JobID, in state: State, _ isSwept: Bool) -> Bool {
        let expiry = expiries.expiry(of: job, submitted: job.submitted(in: state, now: started))
        if expiry > started { return false }
        report.expired(id, expiry, isSwept: isSwept)
        return true
    }

    /// A job that was claimed before counts its age from then; any other is taken as submitted when it is due.
    ///
    /// From `new/` it goes through `hold/`, where no process looks for work: in `scheduled/` it would be due before it
    /// has its time, and in `new/` its time would be that of its submission. A crash leaves it in `hold/`.
    private func postpone(_ id: JobID, in state: State, on reader: borrowing SpoolReader) throws(Errno) {
        let path = "\(state.path)/\(id)"
        if let job = try StandingJob(at: path, in: reader) {
            let expiry = expiries.expiry(of: job, submitted: job.history.submitted ?? until)
            if expiry <= until {
                return report.fail(
                    .data, "\(id) expires before that, at \(expiry.rfc3339Seconds); \(ChangeReport.wayOn(id.text))")
            }
        }
        wait()
        let target: State = state == .new ? .scheduled : state
        if !isDryRun {
            if state == .new {
                try reader.root.rename(path, into: reader.root, as: "hold/\(id)")
                try reader.root.setModified("hold/\(id)", nanoseconds: until.nanoseconds)
                try reader.root.open("hold/\(id)").sync()
                do throws(Errno) {
                    try reader.root.rename("hold/\(id)", into: reader.root, as: "\(target.path)/\(id)")
                } catch {
                    return report.fail(.temporary, "\(id) is in hold/ now, and cannot be moved on: \(error)")
                }
            } else {
                try reader.root.setModified(path, nanoseconds: until.nanoseconds)
                try reader.root.open(path).sync()
            }
        }
        report.done(id, from: state, to: target)
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
