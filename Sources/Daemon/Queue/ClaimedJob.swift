internal import JSON
internal import Linux
internal import Spool
internal import Time

/// A job that was claimed to be sent or run, and of which nothing has been made yet.
final class ClaimedJob {
    let id: JobID
    let waiting: WaitingJob
    let job: Job
    /// Its object as it is in the file.
    let value: JSON
    /// With what was noted at the claim.
    let history: History
    let submitted: Timestamp
    let size: Int
    let owner: UInt32
    /// By the monotonic clock.
    let claimedAt: Int64
    /// Whether this is its first claim, and it was not entered yet.
    private var isNew: Bool
    private var claim: Claim?

    fileprivate init(
        _ claim: consuming Claim, waiting: WaitingJob, job: Job, value: JSON, history: History, submitted: Timestamp,
        size: Int, owner: UInt32, isNew: Bool, claimedAt: Int64
    ) {
        id = claim.id
        self.waiting = waiting
        self.job = job
        self.value = value
        self.history = history
        self.submitted = submitted
        self.size = size
        self.owner = owner
        self.isNew = isNew
        self.claimedAt = claimedAt
        self.claim = consume claim
    }

    /// Enters the job into the ledger at its first claim, once.
    func enter(in ledger: Ledger, sender: String?) {
        if isNew { ledger.received(id, owner: owner, sender: sender) }
        isNew = false
    }

    /// What an attempt of it is made with, as far as the job itself says.
    func attempt(relay: String?, onDoubt: Verdict.OnDoubt) -> Verdict.Attempt {
        Verdict.Attempt(
            number: Verdict.number(of: history, from: waiting.state), relay: relay, history: history,
            submitted: submitted, expiry: waiting.expiry, onDoubt: onDoubt)
    }

    /// Gives up the claim; nil the second time.
    func finish() -> Claim? {
        let claim = self.claim.take()
        return claim
    }
}

extension Triage {
    /// Claims a job that was looked at; nil when somebody took it away, or it is settled.
    func take(_ ready: consuming ReadyJob) -> ClaimedJob? {
        let claimedAt = Clock.monotonic
        let (waiting, job, submitted) = (ready.waiting, ready.job, ready.submitted)
        let (size, owner) = (ready.open.status.size, ready.open.status.owner)
        let value = ready.open.contents.value
        var history = ready.open.contents.history
        let isNew = waiting.state == .new && history.isEmpty
        let notes = history.notes(beforeClaimFrom: waiting.state, at: .now)
        for event in notes { history.append(event) }
        guard let claim = claim(ready.open, in: waiting.state, noting: notes) else { return nil }
        return ClaimedJob(
            claim, waiting: waiting, job: job, value: value, history: history, submitted: submitted, size: size,
            owner: owner, isNew: isNew, claimedAt: claimedAt)
    }
}
