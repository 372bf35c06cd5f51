internal import Time

/// How many connections a relay lets us have, as it has shown: it refused one more while others stood.
///
/// The ceiling rises by one a minute, up to what the configuration allows.
package struct ConnectionCeiling: Equatable {
    private static let pause = Span.minutes(1)

    private let limit: Int
    private var lowered: (count: Int, at: Int64)?

    package init(limit: Int) { self.limit = max(limit, 1) }

    package static func == (left: Self, right: Self) -> Bool {
        left.limit == right.limit && left.lowered?.count == right.lowered?.count
            && left.lowered?.at == right.lowered?.at
    }

    /// How many connections may stand at `now`, a monotonic time in nanoseconds.
    package func allowed(at now: Int64) -> Int {
        guard let lowered else { return limit }
        return min(limit, lowered.count + Int((now - lowered.at) / Self.pause.nanoseconds))
    }

    /// A connection was refused while `standing` others stood. Returns whether the ceiling is lower than it was.
    package mutating func refused(standing: Int, at now: Int64) -> Bool {
        let before = allowed(at: now)
        lowered = (max(min(standing, before), 1), now)
        return max(standing, 1) < before
    }
}
