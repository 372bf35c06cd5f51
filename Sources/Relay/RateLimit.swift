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

    /// Parses `14/s`, `600/m`, `50k/h` (`k` thousand, `M` million; `s`, `m`, `h`, `d`). Nil for anything else, for
    /// zero, and for more than a million a second.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let unit = Self.units[String(parts[1])] else { return nil }
        let digits = parts[0].prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let factor = Self.factors[String(parts[0].dropFirst(digits.count))] else {
            return nil
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, total > 0 else { return nil }
        // Rounded up: the limit is kept.
        interval = (unit - 1) / total + 1
        guard interval >= 1000 else { return nil }
        tolerance = interval >= 10_000_000 ? 0 : 20_000_000
    }

    private static let units: [String: Int64] = [
        "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
    ]
    private static let factors: [String: Int64] = ["": 1, "k": 1000, "M": 1_000_000]

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
