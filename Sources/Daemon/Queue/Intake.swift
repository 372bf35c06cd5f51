internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// `new/`, and what the buckets say is due: every name is looked at once, in its turn, and what can
/// be started is offered to the dispatcher.
///
/// Looking comes before waiting: a job's priority is known a moment after it came, whatever the
/// backlog, and what needs no relay (a job that is none, or is not to be sent yet) is settled.
final class Intake {
    private struct Arrival {
        let name: DirectoryName
        let state: State
    }

    /// How many names are remembered; what comes beyond is on disk and read again.
    private static let capacity = 100_000
    /// How many of those come from readings, more or less.
    private static let readingLimit = 1024

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let triage: Triage
    private let dispatcher: Dispatcher
    /// Those that came a moment ago are looked at before those that a reading finds: one of them may be of a high
    /// priority, and a thousand looks take ten milliseconds.
    private var told = FIFO<Arrival>()
    private var listed = FIFO<Arrival>()
    private var queued: Set<String> = []
    private var isWorking = false
    private var reading: DirectoryReading?
    private var seen: Int64 = -1
    /// When the reading began, or until when nothing more is expected of another one; by the monotonic clock.
    private var readingSince: Int64 = 0
    private var quietUntil: Int64 = 0
    private var backoff = Backoff()
    /// Something in `new/` is known to be missing here.
    private var isIncomplete = true
    /// Names were dropped that nobody has looked at.
    private var hasOverflowed = false
    /// Called when more names of jobs that are due can be taken.
    var onRoom: () -> Void = {}
    /// Called when what was not lined up for want of room may be met again.
    var onEmptied: () -> Void = {}
    /// Told of a state in which a job that is due was not taken and must be met again.
    var missed: (State) -> Void = { _ in }

    init(spool: SpoolTree, loop: EventLoop, log: Log, triage: Triage, dispatcher: Dispatcher) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.triage = triage
        self.dispatcher = dispatcher
        dispatcher.isLookingBehind = { [unowned self] in reading != nil || count > 256 }
        dispatcher.isReading = { [unowned self] in reading != nil }
        dispatcher.onRelief = { [unowned self] in work() }
        dispatcher.onHeld = { [unowned self] state in miss(state) }
        dispatcher.onRoom = { [unowned self] in
            onRoom()
            onEmptied()
            if isIncomplete { read() }
        }
        triage.lookAgain = { [unowned self] id, state, wait in
            loop.schedule(after: wait) { [weak self] in self?.arrived(DirectoryName(id.text), in: state) }
        }
    }

    /// A job stays on disk, to be met at the next reading.
    private func miss(_ state: State) { if state == .new { isIncomplete = true } else { missed(state) } }

    private var count: Int { told.count + listed.count }

    /// A name has come into `new/`, or is to be looked at again.
    func arrived(_ name: DirectoryName, in state: State) { lineUp(name, in: state, isListed: false) }

    private func lineUp(_ name: DirectoryName, in state: State, isListed: Bool) {
        if let text = name.text {
            guard count < Intake.capacity else {
                hasOverflowed = true
                return miss(state)
            }
            guard queued.insert(text).inserted else { return }
        }
        let arrival = Arrival(name: name, state: state)
        if isListed { listed.append(arrival) } else { told.append(arrival) }
        work()
    }

    /// Takes a due job; false when there is no room.
    func due(_ id: JobID, in state: State) -> Bool {
        guard count < Intake.readingLimit else { return false }
        guard dispatcher.hasRoom else {
            dispatcher.hasDropped = true
            return false
        }
        lineUp(DirectoryName(id.text), in: state, isListed: true)
        return true
    }

    /// Reads `new/`, unless nothing can have changed. Where it holds more than the lanes take, most of it is looked at
    /// again for nothing: then it is read again after twenty times what it took, or when there is room.
    func readIfChanged() {
        if dispatcher.hasDropped, Clock.monotonic < quietUntil { return }
        do throws(Errno) {
            let modified = try spool.new.status().modified
            if modified != seen || isIncomplete { read() }
        } catch { readLater(SpoolError(.read, "new", error)) }
    }

    /// Whatever told of the names that are not known has told.
    private func readLater(_ error: SpoolError) {
        log.write("\(error)", .warning)
        isIncomplete = true
        loop.schedule(after: backoff.next()) { [weak self] in self?.readIfChanged() }
    }

    /// Reads `new/` from its beginning.
    func read() {
        guard reading == nil, dispatcher.hasRoom else {
            isIncomplete = true
            return
        }
        isIncomplete = false
        readingSince = Clock.monotonic
        do throws(SpoolError) {
            seen = settledTime(try step(.read, "new") { () throws(Errno) in try spool.new.status().modified })
            reading = try DirectoryReading(
                spool.new, path: "new", loop: loop,
                mayGoOn: { [unowned self] in count < Intake.readingLimit },
                each: { [unowned self] name in
                    if let text = name.text, let id = JobID(text), dispatcher.isLinedUp(id, in: .new) { return }
                    lineUp(name, in: .new, isListed: true)
                },
                finish: { [unowned self] error in
                    reading = nil
                    quietUntil = Clock.monotonic + (Clock.monotonic - readingSince) * 20
                    if let error {
                        quietUntil = 0
                        readLater(error)
                    } else {
                        backoff = Backoff()
                    }
                    dispatcher.pump()
                })
        } catch { readLater(error) }
    }

    private func work() {
        // A daemon that stops settles nothing more, not even what needs no relay.
        if isWorking || count == 0 || triage.isStuck || dispatcher.isStopping { return }
        isWorking = true
        loop.later { self.slice() }
    }

    private func slice() {
        isWorking = false
        let end = Clock.monotonic + DirectoryReading.slice.nanoseconds
        let now = Timestamp.now
        while !triage.isStuck, !dispatcher.isStopping, let arrival = told.popFirst() ?? listed.popFirst() {
            if let text = arrival.name.text { queued.remove(text) }
            look(arrival, now)
            if Clock.monotonic > end { break }
        }
        if count < Intake.readingLimit / 4 {
            if let reading, reading.isResting { reading.resume() }
            if hasOverflowed {
                hasOverflowed = false
                read()
            }
            onRoom()
        }
        work()
        dispatcher.pump()
    }

    private func look(_ arrival: Arrival, _ now: Timestamp) {
        let id: JobID?
        if arrival.state == .new {
            id = triage.id(of: arrival.name)
        } else {
            id = arrival.name.text.flatMap { JobID($0) }
        }
        guard let id, !dispatcher.isLinedUp(id, in: arrival.state) else { return }
        // Another file of an id that is under way is met again when that is over.
        if arrival.state != .new, triage.inFlight.contains(id) { return miss(arrival.state) }
        guard let ready = triage.look(id, in: arrival.state, now: now) else { return }
        if !dispatcher.offer(ready) { miss(arrival.state) }
    }

    /// Jobs that wait and are past their time are settled.
    func settleExpired(_ jobs: [WaitingJob], now: Timestamp) {
        for job in jobs { lineUp(DirectoryName(job.id.text), in: job.state, isListed: true) }
    }
}
