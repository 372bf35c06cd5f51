internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Moves claimed jobs to their next state, and retries those that the disk refused.
///
/// A verdict that cannot be written stays here and its job in `cur/`; it is tried again every second, and nothing is
/// claimed meanwhile. So a full disk loses nothing and makes no dead letter.
final class Settler {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let ledger: Ledger
    private let tell: (Report) -> Void
    /// Called with the state that a job ended in, nil when its file is gone, and the id that it has there.
    private let settled: (ClaimedJob, Verdict, State?, JobID) -> Void
    /// Whether sent jobs are kept in `done/`.
    var keepsDone = true
    private var waiting: [Waiting] = []
    /// The disk refused a step that is tried again by who wanted it.
    private var isResting = false
    /// The trouble that was logged last; nil once something has been written.
    private var complaint: Errno?
    private var timer: EventLoop.Timer?

    /// A verdict that waits for the disk, and the claim that it is for.
    private final class Waiting {
        var claim: Claim?
        let job: ClaimedJob
        let verdict: Verdict
        /// The part of it that is not done yet.
        let rest: Verdict

        init(_ claim: consuming Claim, _ job: ClaimedJob, _ verdict: Verdict, _ rest: Verdict) {
            self.claim = consume claim
            self.job = job
            self.verdict = verdict
            self.rest = rest
        }

        func take() -> Claim? {
            let claim = self.claim.take()
            return claim
        }
    }

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, tell: @escaping (Report) -> Void,
        settled: @escaping (ClaimedJob, Verdict, State?, JobID) -> Void
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.tell = tell
        self.settled = settled
    }

    /// How many verdicts wait for the disk.
    var backlog: Int { waiting.count }

    /// Carries a verdict out, once, at once or when the disk takes it; nothing for a job that was finished before.
    func settle(_ job: ClaimedJob, by verdict: Verdict) {
        if let claim = job.finish() { settle(claim, job, verdict, verdict) }
    }

    private func settle(_ claim: consuming Claim, _ job: ClaimedJob, _ verdict: Verdict, _ rest: Verdict) {
        if case .done = rest.target, !keepsDone {
            do throws(SpoolError) { try claim.discard(in: spool) } catch {
                return keep(Waiting(claim, job, verdict, rest), error)
            }
            relieve()
            return settled(job, verdict, rest.target, job.id)
        }
        switch claim.settle(rest, in: spool) {
        case .settled(let state, let id):
            if id != job.id {
                ledger.log.write(
                    "\(job.id): \(verdict.target.path) has a job of that id; this one is dead/\(id) now", .warning)
            }
            relieve()
            settled(job, verdict, state, id)
        case .gone:
            ledger.log.write("\(job.id): removed by hand while it was being worked on", .warning)
            settled(job, verdict, nil, job.id)
        case .unfinished(let claim, let rest, let error): keep(Waiting(claim, job, verdict, rest), error)
        }
    }

    private func keep(_ item: Waiting, _ error: SpoolError) {
        waiting.append(item)
        rest(error)
    }

    /// Waits a second after the disk refused a step, so that a thousand jobs do not meet the same trouble one after the
    /// other. Who wanted the step comes again after the report that the disk takes writes.
    func rest(after error: SpoolError) {
        isResting = true
        rest(error)
    }

    private func rest(_ error: SpoolError) {
        ledger.counters.diskRefusals += 1
        // The same trouble is told once.
        if error.errno != complaint {
            complaint = error.errno
            ledger.log.write("\(error); trying again every second, nothing is claimed meanwhile", .warning)
        }
        if timer?.isPending != true { timer = loop.schedule(after: .seconds(1)) { [unowned self] in retry() } }
        tell(.disk(takesWrites: false))
    }

    private func retry() {
        let batch = waiting
        waiting = []
        isResting = false
        for item in batch { if let claim = item.take() { settle(claim, item.job, item.verdict, item.rest) } }
        if !isResting, waiting.isEmpty { tell(.disk(takesWrites: true)) }
    }

    private func relieve() {
        if complaint == nil { return }
        complaint = nil
        ledger.log.write("the spool takes writes again")
    }
}
