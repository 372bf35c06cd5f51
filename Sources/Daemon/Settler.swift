internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Puts jobs into their next state, and keeps at those that the disk did not take.
///
/// An outcome that cannot be written stays here and its job in `cur/`; it is tried again every
/// second, and nothing new is claimed meanwhile. So a full disk loses nothing and makes no dead letter.
final class Settler {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    /// Whether sent jobs are kept in `done/`.
    var keepsDone = true
    /// Called when the last outcome that was waiting has been written.
    var onRelief: () -> Void = {}
    private var waiting: [Waiting] = []
    private var lastComplaint: String?
    private var timer: EventLoop.Timer?

    private final class Waiting {
        var claim: Claim?
        let settlement: Claim.Settlement
        let finish: (State?) -> Void

        init(_ claim: consuming Claim, _ settlement: Claim.Settlement, _ finish: @escaping (State?) -> Void) {
            self.claim = consume claim
            self.settlement = settlement
            self.finish = finish
        }

        func take() -> Claim? {
            let claim = self.claim.take()
            return claim
        }
    }

    init(spool: SpoolTree, loop: EventLoop, log: Log) {
        self.spool = spool
        self.loop = loop
        self.log = log
    }

    /// Whether outcomes wait for the disk: then nothing new may be claimed.
    var isStuck: Bool { !waiting.isEmpty }
    /// How many outcomes wait.
    var backlog: Int { waiting.count }

    /// Settles a claim; `finish` gets the state it ended in, nil when the file is gone. That may be
    /// at once or when the disk takes it.
    func settle(
        _ claim: consuming Claim, by verdict: Verdict, at now: Timestamp, finish: @escaping (State?) -> Void
    ) {
        settle(
            claim,
            Claim.Settlement(
                at: now, verdict.events, durably: verdict.durably, due: verdict.due, target: verdict.target),
            finish)
    }

    private func settle(
        _ claim: consuming Claim, _ settlement: Claim.Settlement, _ finish: @escaping (State?) -> Void
    ) {
        let id = claim.id
        if case .done = settlement.target, !keepsDone {
            do throws(SpoolError) {
                try claim.discard(in: spool)
                return finish(settlement.target)
            } catch {
                // The file stays in cur/ with its `sending` open, and would be sent again at the next
                // start: that the disk refuses an unlink(2) is worth a word.
                log.write("\(id): \(error)", .error)
                return finish(nil)
            }
        }
        switch claim.settle(settlement, in: spool) {
        case .settled(let state):
            if state != settlement.target {
                log.write("\(id): \(settlement.target.path) has a job of that id; this one is a dead letter", .warning)
            }
            finish(state)
        case .gone:
            log.write("\(id): removed by hand while it was being worked on", .warning)
            finish(nil)
        case .unfinished(let claim, let rest, let error):
            complain("\(error); the outcome is kept and tried again every second")
            waiting.append(Waiting(claim, rest, finish))
            if timer?.isPending != true { timer = loop.schedule(after: .seconds(1)) { [unowned self] in retry() } }
        }
    }

    private func retry() {
        let batch = waiting
        waiting = []
        for item in batch {
            if let claim = item.take() { settle(claim, item.settlement, item.finish) }
        }
        if waiting.isEmpty {
            lastComplaint = nil
            log.write("the spool takes writes again")
            onRelief()
        }
    }

    /// The same trouble is told once.
    private func complain(_ text: String) {
        if text == lastComplaint { return }
        lastComplaint = text
        log.write(text, .warning)
    }
}
