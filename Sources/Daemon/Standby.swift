internal import EventLoop
internal import Linux
internal import Text
internal import Time

/// `outspoold --standby`: waits for a spool that another daemon has, or that is not there yet.
///
/// It looks ten times a second, and holds nothing open meanwhile: a descriptor below the spool would keep its disk from
/// being unmounted, and would not see one that is mounted in its place. See docs/decisions.md, "A standby looks".
struct Standby {
    /// The result of a look.
    enum Finding: Equatable {
        /// No daemon has the lock.
        case free
        /// Why it waits, in words.
        case waits(String)
    }

    /// How the waiting ended.
    enum End { case free, stopped }

    /// How far apart two looks are, in nanoseconds.
    private static let interval: Int64 = 100_000_000

    private let spool: String

    init(spool: String) { self.spool = spool }

    /// Looks once, and takes the lock for a moment where it is free.
    func look() -> Finding {
        do throws(Errno) {
            return try Directory(path: "\(spool)/cur").lock() ? .free : .waits("another outspoold has \(spool)/cur")
        } catch {
            // A disk that is not attached has no directory, and one that is being detached any error.
            return .waits("\(spool)/cur: \(error)")
        }
    }

    /// Waits until no daemon has the spool's lock, or a signal asks to end. Each new reason to wait is a line of the log,
    /// and the supervisor's status.
    ///
    /// The lock is free on return, not taken: another standby may be faster, and then this one waits again.
    func wait(_ signals: Signals, tell: Supervisor, log: Log) -> End {
        var told: String?
        var nextSign = Clock.monotonic
        while true {
            while let signal = signals.next() { if signal == .terminate || signal == .interrupt { return .stopped } }
            switch look() {
            case .free:
                log.write("standby: taking over \(spool)")
                return .free
            case .waits(let reason):
                if told?.isExactly(reason) != true {
                    log.write("standby: waiting: \(reason)")
                    // The start has succeeded: what is waited for may be years away.
                    tell.tell("READY=1\nSTATUS=standby: \(reason)")
                    told = reason
                }
            }
            if let interval = tell.watchdogInterval, Clock.monotonic >= nextSign {
                tell.tell("WATCHDOG=1")
                nextSign = Clock.monotonic + interval.nanoseconds
            }
            Clock.sleep(until: Clock.monotonic + Standby.interval)
        }
    }
}
