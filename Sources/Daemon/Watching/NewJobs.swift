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
    /// Where it holds more than is lined up, most of what a reading meets is met for nothing.
    private var directory = WatchedDirectory(restFactor: 20)
    /// When the reading began, by the monotonic clock.
    private var readingSince: Int64 = 0
    private var backoff = Backoff()

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

    /// A job stays in `new/` and will be met again.
    func missed() { directory.miss() }

    /// Reads if a job was missed.
    func readIfIncomplete() { if directory.isIncomplete { read() } }

    /// Goes on with a reading that rests, or reads from the beginning.
    func goOn(fromStart: Bool) {
        if let reading, reading.isResting { reading.resume() }
        if fromStart { read() }
    }

    /// Reads, unless nothing can have changed. `isFull` says that more is in `new/` than is lined up: then it rests after
    /// a reading.
    func readIfChanged(isFull: Bool) {
        if isFull, directory.isResting(at: Clock.monotonic) { return }
        do throws(Errno) {
            let modified = Timestamp(nanoseconds: try spool.new.status().modified)
            if directory.needsReading(modified: modified) { read() }
        } catch { readLater(SpoolError(.read, "new", error)) }
    }

    /// Every source of unread names has reported.
    private func readLater(_ error: SpoolError) {
        log.write("\(error)", .warning)
        directory.ask()
        directory.fail()
        loop.schedule(after: backoff.next()) { [weak self] in self?.readIfChanged(isFull: false) }
    }

    /// Reads from the beginning.
    func read() {
        guard reading == nil, mayRead() else { return directory.ask() }
        readingSince = Clock.monotonic
        do throws(SpoolError) {
            let modified = try step(.read, "new", spool.new.status().modified)
            directory.begin(modified: Timestamp(nanoseconds: modified), now: .now)
            reading = try DirectoryReading(
                spool.new, path: "new", loop: loop, mayGoOn: mayGoOn,
                each: { [unowned self] in if spool.share.owns($0) { tell(.found($0)) } },
                finish: { [unowned self] error in
                    reading = nil
                    let now = Clock.monotonic
                    directory.end(cost: Span(nanoseconds: now - readingSince), at: now)
                    if let error {
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
