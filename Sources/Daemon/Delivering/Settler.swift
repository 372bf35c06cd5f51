internal import EventLoop
internal import JSON
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
    /// Told of each step that the disk refused.
    var onRefusal: () -> Void = {}
    private var waiting: [Waiting] = []
    /// The disk refused a step that is tried again by whoever wanted it.
    private var isResting = false
    /// The trouble that was told last; nil once something has been written.
    private var complaint: Errno?
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

    /// Whether outcomes wait for the disk, or it refused something a moment ago: then nothing new
    /// may be claimed.
    var isStuck: Bool { isResting || !waiting.isEmpty }
    /// How many outcomes wait.
    var backlog: Int { waiting.count }

    /// Settles a claim; `finish` gets the state it ended in, nil when the file is gone. That may be
    /// at once or when the disk takes it.
    /// - Parameter masked: the object as `done/` is to keep it, if not as it is; other states keep secrets, since the
    ///   job may be sent again.
    func settle(
        _ claim: consuming Claim, by verdict: Verdict, masked: JSON? = nil, at now: Timestamp,
        finish: @escaping (State?) -> Void
    ) {
        settle(claim, Claim.Settlement(verdict, masked: masked, at: now), finish)
    }

    private func settle(
        _ claim: consuming Claim, _ settlement: Claim.Settlement, _ finish: @escaping (State?) -> Void
    ) {
        let id = claim.id
        if case .done = settlement.target, !keepsDone {
            do throws(SpoolError) { try claim.discard(in: spool) } catch {
                return keep(Waiting(claim, settlement, finish), error)
            }
            relieve()
            return finish(settlement.target)
        }
        switch claim.settle(settlement, in: spool) {
        case .settled(let state):
            if state != settlement.target {
                log.write("\(id): \(settlement.target.path) has a job of that id; this one is a dead letter", .warning)
            }
            relieve()
            finish(state)
        case .gone:
            log.write("\(id): removed by hand while it was being worked on", .warning)
            finish(nil)
        case .unfinished(let claim, let rest, let error):
            keep(Waiting(claim, rest, finish), error)
        }
    }

    private func keep(_ item: Waiting, _ error: SpoolError) {
        complain(error)
        waiting.append(item)
        arm()
    }

    /// The disk refused a step that no outcome depends on: whoever wanted it comes again after ``onRelief``,
    /// in a second, so that a thousand jobs do not meet the same trouble one after the other.
    func rest(after error: SpoolError) {
        complain(error)
        isResting = true
        arm()
    }

    private func arm() {
        if timer?.isPending != true { timer = loop.schedule(after: .seconds(1)) { [unowned self] in retry() } }
    }

    private func retry() {
        let batch = waiting
        waiting = []
        isResting = false
        for item in batch {
            if let claim = item.take() { settle(claim, item.settlement, item.finish) }
        }
        if !isStuck { onRelief() }
    }

    /// The same trouble is told once.
    private func complain(_ error: SpoolError) {
        onRefusal()
        if error.errno == complaint { return }
        complaint = error.errno
        log.write("\(error); it is tried again every second, and nothing is claimed meanwhile", .warning)
    }

    private func relieve() {
        if complaint == nil { return }
        complaint = nil
        log.write("the spool takes writes again")
    }
}

extension Claim.Settlement {
    init(_ verdict: Verdict, masked: JSON?, at now: Timestamp) {
        self.init(at: now, verdict.events, durably: verdict.durably, due: verdict.due, target: verdict.target)
        if case .done = verdict.target { self.masked = masked }
    }
}
