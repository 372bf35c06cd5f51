package import Time

/// A relay's `rate`: how many messages may start in a time, evenly spread.
///
/// Up to 100 a second each message has its own moment, and the limit holds in every window of time. Above, up to 20 ms'
/// worth may start at once, so that a loop with millisecond timers reaches the rate.
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

    /// Takes the right to start one message, and returns nil; or returns how long to wait before asking again.
    /// `now` is monotonic time in nanoseconds.
    package mutating func take(at now: Int64) -> Span? {
        let early = due.subtractingReportingOverflow(now)
        if !early.overflow, early.partialValue > tolerance {
            return Span(nanoseconds: early.partialValue - tolerance)
        }
        due = max(due, now) + interval
        return nil
    }
}
