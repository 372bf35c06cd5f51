internal import Glibc
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// The report of a verb: for people a line at the end, for programs a line for each job.
final class ChangeReport {
    private let change: JobChange
    private let output: Output
    private let isJSON: Bool
    private let isDryRun: Bool
    private let isVerbose: Bool
    private let isWatched = isatty(2) == 1
    private var shownAt: Int64 = 0
    private var failure: ExitStatus?
    private var moved = 0
    private var idle = 0
    private var late = 0
    /// Standard output took no more.
    private var writing: Failure?
    private var isShowing = false
    /// How many jobs were changed.
    private(set) var count = 0
    /// The directories in which names came or went.
    private(set) var touched: Set<String> = []  // exact: ids are ASCII

    init(_ change: JobChange, _ invocation: Invocation) {
        self.change = change
        output = invocation.output
        isJSON = invocation.arguments.has("--json")
        isDryRun = invocation.arguments.has("--dry-run")
        isVerbose = invocation.arguments.has("--verbose") || invocation.arguments.has("-v")
    }

    /// How the verb ends: with the first thing that went wrong.
    var status: ExitStatus { failure ?? .success }

    /// A job was changed, or would have been. It is in `target` now; nil when it is removed.
    func done(_ id: JobID, from state: State, to target: State?) {
        count += 1
        if target != state {
            touched.insert(state.path)
            if let target { touched.insert(target.path) }
        }
        showProgress()
        guard isJSON || isDryRun || isVerbose else { return }
        clearProgress()
        do throws(Failure) {
            if isJSON {
                var object = JSON.Object([
                    ("id", .string(id.text)), ("action", .string(change.rawValue)), ("from", .string(state.path)),
                ])
                object["to"] = target.map { .string($0.path) } ?? .null
                if isDryRun { object["dryRun"] = true }
                try output.line(JSON.object(object).text)
            } else {
                let place = target == state || target == nil ? "" : " -> \(target?.path ?? "")"
                try output.line("\(isDryRun ? "would be " : "")\(change.participle): \(state.path)/\(id)\(place)")
            }
        } catch { writing = writing ?? error }
    }

    /// A job is as it should be already.
    func nothing(_ id: JobID, _ why: String) {
        idle += 1
        if isVerbose { complain("\(id) \(why)") }
    }

    /// A job is past its expiry, and was left alone; what a filter found is counted.
    func expired(_ id: JobID, _ expiry: Timestamp, isSwept: Bool) {
        if isSwept, !isVerbose {
            late += 1
            failure = failure ?? .data
        } else {
            fail(
                .data,
                "\(id) expired at \(expiry.rfc3339Seconds), and nothing is sent after that; \(ChangeReport.wayOn(id.text))"
            )
        }
    }

    /// How an expired job can be sent all the same.
    static func wayOn(_ id: String) -> String { "outspool edit \(id) gives it another expiresAt or sendAt" }

    /// A job that a filter found moved before it could be changed.
    func passed() { moved += 1 }

    func fail(_ status: ExitStatus, _ message: String? = nil) {
        failure = failure ?? status
        clearProgress()
        if let message { complain(message) }
    }

    /// Tells what was done; throws when what was to be written could not be.
    func end() throws(Failure) {
        clearProgress()
        if let writing { throw writing }
        if moved > 0 {
            complain("\(moved) \(jobs(moved)) changed meanwhile and \(moved == 1 ? "was" : "were") left alone")
        }
        if late > 0 {
            complain(
                "\(late) \(jobs(late)) past \(late == 1 ? "its" : "their") expiry \(late == 1 ? "was" : "were") left alone:"
                    + " nothing is sent after that; \(ChangeReport.wayOn("ID"))")
        }
        if isJSON { return }
        let rest = idle > 0 ? "; nothing to do for \(idle)" : ""
        if count > 0 || failure == nil {
            try output.line("\(isDryRun ? "would be " : "")\(change.participle): \(count) \(jobs(count))\(rest)")
        }
    }

    private func jobs(_ count: Int) -> String { count == 1 ? "job" : "jobs" }

    /// At most five times a second, on a terminal.
    private func showProgress() {
        guard isWatched, !isVerbose, !isJSON, !isDryRun else { return }
        let now = Clock.monotonic
        if shownAt == 0 { shownAt = now }
        if now - shownAt < 200_000_000 { return }
        shownAt = now
        say("\r\(change.participle): \(count) \(jobs(count))\u{1B}[K")
        isShowing = true
    }

    private func clearProgress() {
        if isShowing { say("\r\u{1B}[K") }
        isShowing = false
    }

    private func say(_ text: String) {
        // A failure to show progress is ignored.
        _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
