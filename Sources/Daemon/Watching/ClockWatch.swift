internal import EventLoop
internal import Linux
internal import Time

/// Notices that the wall clock was set, and tells it to what goes by that clock.
final class ClockWatch {
    private var clock = WallClock(wall: .now, sinceBoot: Span(nanoseconds: Clock.sinceBoot))
    /// Tells of it; nil in a worker, whose parent does.
    private let log: Log?
    private var heard: [(Span) -> Void] = []

    init(_ log: Log?) { self.log = log }

    /// Calls `action` with each jump, backwards if negative.
    func whenSet(_ action: @escaping (Span) -> Void) { heard.append(action) }

    /// Looks at both clocks: what was worked out by the old time is worked out anew.
    func look() {
        guard let jump = clock.look(wall: .now, sinceBoot: Span(nanoseconds: Clock.sinceBoot)) else { return }
        let size = WallClock.distance(of: jump)
        let way = jump > .zero ? "forward" : "back"
        log?.write("the clock was set \(way) by \(size.approximate): everything is read again", .warning)
        for action in heard { action(jump) }
    }

    /// The skip of the clock in which a job expired that was submitted before it; nil if its time went by.
    func skip(over expiry: Timestamp, submitted: Timestamp) -> WallClock.Skip? {
        look()
        return clock.skip(over: expiry, submitted: submitted)
    }
}
