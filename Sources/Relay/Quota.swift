package import Time

/// A relay's `quota`: how many recipients it may be given within a minute, an hour or a day that rolls, `500/d`.
///
/// Recipients are counted in slices, each a sixtieth of that length. A slice counts until the whole length has passed
/// since its end: no stretch of that length holds more than the limit, and room comes back at most one slice later than
/// it could. Times are of the wall clock, since they outlive a restart.
package struct Quota: Equatable, Sendable {
    /// The length of time that a quota is for.
    package enum Unit: String, CaseIterable, Sendable {
        case minute = "m"
        case hour = "h"
        case day = "d"

        /// The length as a span.
        package var span: Span {
            switch self {
            case .minute: .minutes(1)
            case .hour: .hours(1)
            case .day: .days(1)
            }
        }
    }

    /// The recipients that were taken within one slice.
    package struct Slice: Equatable, Sendable {
        /// When the slice began.
        package var start: Timestamp
        package var count: Int

        package init(start: Timestamp, count: Int) {
            self.start = start
            self.count = count
        }
    }

    /// The most recipients within the unit; more than 0.
    package let limit: Int
    package let unit: Unit
    /// The recipients taken, the oldest first; slices that count no longer may be among them until ``tidy(at:)``.
    package private(set) var slices: [Slice] = []

    /// No count is larger: sums stay within 64 bits, whatever a file says.
    private static let countLimit = 1 << 40

    package init(limit: Int, unit: Unit) {
        self.limit = limit
        self.unit = unit
    }

    /// Parses `500/d`, `50/h`, `1k/m`; nil for anything else, and for zero.
    package init?(_ text: some StringProtocol) {
        guard let rate = Rate(text), let unit = Unit.allCases.first(where: { $0.span == rate.span }) else { return nil }
        self.init(limit: Int(rate.count), unit: unit)
    }

    /// `500/d`
    package var text: String { "\(limit)/\(unit.rawValue)" }

    private var sliceLength: Span { Span(nanoseconds: unit.span.nanoseconds / 60) }

    private func end(of slice: Slice) -> Timestamp { slice.start + sliceLength + unit.span }

    /// How many recipients count at `now`.
    package func used(at now: Timestamp) -> Int {
        slices.reduce(0) { end(of: $1) > now ? $0 + $1.count : $0 }
    }

    /// When the quota has room for another recipient; nil if it has room at `now`.
    package func nextRoom(after now: Timestamp) -> Timestamp? {
        var used = used(at: now)
        guard used >= limit else { return nil }
        for slice in slices where end(of: slice) > now {
            used -= slice.count
            if used < limit { return end(of: slice) }
        }
        return nil
    }

    /// Counts recipients that were taken at `now`.
    package mutating func count(_ recipients: Int, at now: Timestamp) {
        guard recipients > 0 else { return }
        tidy(at: now)
        let start = self.start(at: now)
        let recipients = min(recipients, Quota.countLimit)
        if let last = slices.last, last.start >= start {
            slices[slices.count - 1].count = min(last.count + recipients, Quota.countLimit)
        } else {
            slices.append(Slice(start: start, count: recipients))
        }
    }

    /// Goes on from what another quota of the same unit has counted, or a file that was written by one.
    package mutating func adopt(_ others: [Slice]) {
        slices = others.filter { $0.count > 0 }.map { Slice(start: $0.start, count: min($0.count, Quota.countLimit)) }
            .sorted { $0.start < $1.start }
    }

    /// Forgets what counts no longer. What lies in the future was counted by a clock that was set back since: it counts
    /// as if it had been taken at `now`, and so for one more length at most.
    package mutating func tidy(at now: Timestamp) {
        // A slice of that start has just ended to count.
        let over = now - unit.span - sliceLength
        slices.removeAll { $0.start <= over }
        guard let last = slices.last, last.start > now else { return }
        let future = slices.reduce(0) { $1.start > now ? $0 + $1.count : $0 }
        slices.removeAll { $0.start > now }
        count(future, at: now)
    }

    private func start(at now: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: now.nanoseconds - now.nanoseconds % sliceLength.nanoseconds)
    }
}
