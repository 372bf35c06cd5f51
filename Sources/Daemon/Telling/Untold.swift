internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// The jobs that have ended and whose events are not made yet, in the order of their ends.
///
/// A file for each of them is a third of what a mail costs. So it is made behind the mail's back: while mails wait it takes
/// a sixteenth of the time, and all of it else. What waits here at a death is in its directory: ``Retelling`` reads it
/// from the moment that ``ToldMark`` keeps.
final class Untold {
    /// How many are remembered; of more the directories are read.
    static let capacity = 50_000
    private static let slice = Span.milliseconds(1)
    private static let restFactor: Int64 = 15

    private let loop: EventLoop
    private let log: Log
    private let outcomes: Outcomes
    private let retelling: Retelling
    /// Whether mails wait for the processor.
    private let isBusy: () -> Bool
    private var waiting = FIFO<End>()
    /// Those that the system refused, to be tried again.
    private var refused: [End] = []
    private static let refusalLimit = 1000
    /// Since when there is more than is remembered; that of the daemon before until it was told.
    private var unread: Timestamp?
    /// From when on the directories are being read.
    private var reading: Timestamp?
    private var isOpen = false
    private var isScheduled = false

    private struct End {
        let id: JobID
        let state: State
        let at: Timestamp
    }

    init(spool: SpoolTree, loop: EventLoop, log: Log, outcomes: Outcomes, isBusy: @escaping () -> Bool) {
        self.loop = loop
        self.log = log
        self.outcomes = outcomes
        self.isBusy = isBusy
        retelling = Retelling(spool: spool, loop: loop, log: log, outcomes: outcomes)
        unread = ToldMark.since(in: spool)
    }

    /// Everything that ended before was told; nil where nothing waits.
    var since: Timestamp? { [waiting.first?.at, refused.first?.at, unread, reading].compactMap(\.self).min() }

    /// Tells of what ended before this process began, and calls `then`: before that, an event that a power cut has torn
    /// could be met in `new/`.
    func open(then: @escaping () -> Void) {
        readAgain { [unowned self] in
            isOpen = true
            then()
        }
    }

    /// A job has been put where it ends.
    func add(_ id: JobID, in state: State, at now: Timestamp) {
        // The directories are to be read anyway.
        guard outcomes.hasListeners, unread == nil else { return }
        guard waiting.count < Untold.capacity else { return unread = now }
        waiting.append(End(id: id, state: state, at: now))
        schedule()
    }

    private func readAgain(then: @escaping () -> Void) {
        reading = outcomes.hasListeners ? unread : nil
        // What ends from now on is lined up again.
        unread = nil
        guard let since = reading else { return then() }
        retelling.tell(since: since) { [unowned self] isWhole in
            reading = nil
            if !isWhole { unread = since }
            then()
            schedule(after: isWhole ? nil : .seconds(1))
        }
    }

    private func schedule(after wait: Span? = nil) {
        guard isOpen, !isScheduled, reading == nil, !waiting.isEmpty || unread != nil else { return }
        isScheduled = true
        let work = { [weak self] in
            guard let self else { return }
            isScheduled = false
            self.work()
        }
        if let wait { loop.schedule(after: wait, work) } else { loop.later(work) }
    }

    /// One file that the system refuses holds up no other.
    private func tryLater(_ end: End) {
        if refused.isEmpty {
            loop.schedule(after: .seconds(5)) { [weak self] in
                guard let self else { return }
                for end in refused { waiting.append(end) }
                refused = []
                schedule()
            }
        }
        // Beyond so many it is not one file's trouble, and the directories are read.
        if refused.count < Untold.refusalLimit { refused.append(end) } else if unread == nil { unread = end.at }
    }

    private func work() {
        let start = Clock.monotonic
        while let end = waiting.first {
            do throws(SpoolError) { try outcomes.tell(endOf: end.id, in: end.state) } catch {
                if error.isTemporary {
                    log.write("\(error): what became of \(end.id) is told later", .warning)
                    return schedule(after: .seconds(1))
                }
                log.write("\(error): what became of \(end.id) is told when the system lets it", .warning)
                tryLater(end)
            }
            _ = waiting.popFirst()
            if Clock.monotonic - start > Untold.slice.nanoseconds { break }
        }
        if waiting.isEmpty, unread != nil { return readAgain {} }
        let cost = Clock.monotonic - start
        schedule(after: isBusy() ? Span(nanoseconds: cost * Untold.restFactor) : nil)
    }
}
