internal import Linux

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z, leap seconds left out as in POSIX.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package init(seconds: Int64) { nanoseconds = seconds * 1_000_000_000 }

    /// The wall clock now. Decisions take the time as a value; only the rim reads the clock.
    package static var now: Timestamp { Timestamp(nanoseconds: Clock.realtime) }

    /// Further away than any job's.
    package static let distantFuture = Timestamp(nanoseconds: .max)

    /// Whole seconds, rounded down.
    package var seconds: Int64 {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (left: Timestamp, right: Span) -> Timestamp {
        Timestamp(
            nanoseconds: saturated(left.nanoseconds.addingReportingOverflow(right.nanoseconds), right.nanoseconds < 0))
    }
    package static func - (left: Timestamp, right: Span) -> Timestamp {
        Timestamp(
            nanoseconds: saturated(
                left.nanoseconds.subtractingReportingOverflow(right.nanoseconds), right.nanoseconds > 0))
    }
    package static func - (left: Timestamp, right: Timestamp) -> Span {
        Span(
            nanoseconds: saturated(
                left.nanoseconds.subtractingReportingOverflow(right.nanoseconds), right.nanoseconds > 0))
    }

    /// Dates come from files and jobs, where anything may stand: sums end at the ends of time.
    private static func saturated(_ sum: (partialValue: Int64, overflow: Bool), _ isDownwards: Bool) -> Int64 {
        sum.overflow ? (isDownwards ? .min : .max) : sum.partialValue
    }
}

/// A length of time, in nanoseconds.
package struct Span: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
    package static func seconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000_000) }
    package static func minutes(_ count: Int64) -> Span { seconds(count * 60) }
    package static func hours(_ count: Int64) -> Span { seconds(count * 3600) }
    package static func days(_ count: Int64) -> Span { seconds(count * 86400) }
    package static let zero = Span(nanoseconds: 0)

    package static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func - (left: Span, right: Span) -> Span { Span(nanoseconds: left.nanoseconds - right.nanoseconds) }
    package static func * (left: Span, right: Double) -> Span {
        Span(nanoseconds: Int64(Double(left.nanoseconds) * right))
    }

    /// With a fraction, for logs and rates.
    package var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
