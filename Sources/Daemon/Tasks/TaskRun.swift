internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// One claimed job whose program runs.
final class TaskRun {
    let id: JobID
    let template: String
    let priority: Job.Priority
    /// The job's object as `done/` is to keep it, if not as it is: its secrets masked.
    let masked: JSON?
    var attempt: Verdict.Attempt
    /// After which it is ended.
    let timeout: Span
    let started = Timestamp.now
    let startedAt = Clock.monotonic
    var program: ProgramRun?
    /// Why it was asked to end, where that was not its time.
    var returnReason: String?
    private var claim: Claim?
    /// What there was before `running`.
    private var unmarked: (length: Int, history: History)?

    init(
        _ claim: consuming Claim, waiting: WaitingJob, template: String, masked: JSON?, attempt: Verdict.Attempt,
        timeout: Span
    ) {
        id = claim.id
        self.template = template
        priority = waiting.priority
        self.masked = masked
        self.attempt = attempt
        self.timeout = timeout
        self.claim = consume claim
    }

    /// The moment at which it is ended at the latest.
    var deadline: Timestamp { min(started + timeout, attempt.expiry) }

    /// Appends `running`, before the program is started: no marker, no run.
    ///
    /// With `on_doubt = hold` the marker is on disk when this returns.
    func mark() throws(SpoolError) {
        var event = Event(.running, at: started)
        event.attempt = attempt.number
        if attempt.history.isEmpty { event.submitted = attempt.submitted }
        let length = claim?.length
        try claim?.append([event], durably: attempt.onDoubt == .hold)
        unmarked = (length ?? 0, attempt.history)
        attempt.history.append(event)
    }

    /// Takes `running` back, since nothing runs: it would be an attempt, and a line for each try. Where the disk does
    /// not let it, it stays, to be closed by what is said next.
    func unmark() {
        guard let unmarked else { return }
        // The next append goes to the end of what is there, in either case.
        do throws(SpoolError) { try claim?.cut(to: unmarked.length) } catch { return }
        attempt.history = unmarked.history
    }

    /// Gives up the claim, to be settled; nil the second time.
    func finish() -> Claim? {
        let claim = self.claim.take()
        return claim
    }
}
