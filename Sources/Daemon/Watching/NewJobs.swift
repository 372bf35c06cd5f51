internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Reads `new/`: at the start, when hints were lost, and when something in it is known to have been missed.
final class NewJobs {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let mayRead: () -> Bool
    private let mayGoOn: () -> Bool
    private let tell: (Report) -> Void
    private var reading: DirectoryReading?
    private var seen: Int64 = -1
    /// When the reading began, or until when nothing more is expected of another one; by the monotonic clock.
    private var readingSince: Int64 = 0
    private var quietUntil: Int64 = 0
    private var backoff = Backoff()
    /// Something in `new/` is known to be missing in the queue.
    private var isIncomplete = true

    /// `mayRead` is asked before a reading begins, `mayGoOn` before each of its slices.
    init(
        spool: SpoolTree, loop: EventLoop, log: Log, mayRead: @escaping () -> Bool, mayGoOn: @escaping () -> Bool,
        tell: @escaping (Report) -> Void
    ) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.mayRead = mayRead
        self.mayGoOn = mayGoOn
        self.tell = tell
    }

    /// A job stays in `new/` and is to be met again.
    func missed() { isIncomplete = true }

    /// Reads if a job was missed.
    func readIfIncomplete() { if isIncomplete { read() } }

    /// Goes on with a reading that rests, or reads from the beginning.
    func goOn(fromStart: Bool) {
        if let reading, reading.isResting { reading.resume() }
        if fromStart { read() }
    }

    /// Reads, unless nothing can have changed. Where `new/` holds more than is lined up, most of it would be looked at for
    /// nothing: then it is read again after twenty times what it took, or when there is room.
    func readIfChanged(isFull: Bool) {
        if isFull, Clock.monotonic < quietUntil { return }
        do throws(Errno) {
            let modified = try spool.new.status().modified
            if modified != seen || isIncomplete { read() }
        } catch { readLater(SpoolError(.read, "new", error)) }
    }

    /// What told of the names that are not known has told.
    private func readLater(_ error: SpoolError) {
        log.write("\(error)", .warning)
        isIncomplete = true
        loop.schedule(after: backoff.next()) { [weak self] in self?.readIfChanged(isFull: false) }
    }

    /// Reads from the beginning.
    func read() {
        guard reading == nil, mayRead() else {
            isIncomplete = true
            return
        }
        isIncomplete = false
        readingSince = Clock.monotonic
        do throws(SpoolError) {
            seen = settledTime(try step(.read, "new") { () throws(Errno) in try spool.new.status().modified })
            reading = try DirectoryReading(
                spool.new, path: "new", loop: loop, mayGoOn: mayGoOn, each: { [unowned self] in tell(.found($0)) },
                finish: { [unowned self] error in
                    reading = nil
                    quietUntil = Clock.monotonic + (Clock.monotonic - readingSince) * 20
                    if let error {
                        quietUntil = 0
                        readLater(error)
                    } else {
                        backoff = Backoff()
                    }
                    tell(.reading(false))
                })
            tell(.reading(true))
        } catch { readLater(error) }
    }
}
