package import Time

/// A relay's `rate`: how many messages may start in a time, evenly spread.
///
/// Up to 100 a second each message has its own moment, and the limit holds in every window of time. Above, up to 20 ms'
/// worth may start at once, so that a loop with millisecond timers reaches the rate. `now` is monotonic time in
/// nanoseconds.
package struct RateLimit: Equatable, Sendable {
    /// Nanoseconds from one message to the next.
    private let interval: Int64
    private let tolerance: Int64
    /// When the next message is due if all come evenly.
    private var due = Int64.min

    package init(_ rate: Rate) {
        interval = rate.interval
        tolerance = interval >= 10_000_000 ? 0 : 20_000_000
    }

    /// How long it is until a message may start; zero where one may now.
    package func wait(at now: Int64) -> Span {
        // At first nothing is due, and the difference may not be one of 64 bits.
        if due <= now { return .zero }
        return max(Span(nanoseconds: due - now - tolerance), .zero)
    }

    /// Takes the right to start one message, and returns nil; or returns how long to wait before asking again.
    package mutating func take(at now: Int64) -> Span? {
        let wait = wait(at: now)
        if wait > .zero { return wait }
        due = max(due, now) + interval
        return nil
    }

    /// Gives a right back that was taken and not used: the next message may start as if it had not been.
    package mutating func giveBack() { if due > .min + interval { due -= interval } }

    /// Lets no message start for so long, but not longer than from one message to the next.
    package mutating func rest(for wait: Span, at now: Int64) {
        if wait > .zero { due = max(due, now + min(wait.nanoseconds, interval) + tolerance) }
    }
}
