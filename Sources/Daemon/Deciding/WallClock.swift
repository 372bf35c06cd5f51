package import Time

/// Notices that the wall clock was set: it went further, or less far, than the time since boot.
///
/// A value: the times come from outside. A time on the wall clock holds on the new one; this is for times that were
/// computed from the old one, and would stay wrong.
package struct WallClock {
    /// The difference that slewed clocks, and two readings that are not taken at one moment, may show.
    package static let tolerance = Span.seconds(10)

    /// A time that the clock passed over when it was set forward.
    package struct Skip: Equatable, Sendable {
        /// The moment by the clock as it was, and as it was set.
        package let from: Timestamp
        package let to: Timestamp

        package init(from: Timestamp, to: Timestamp) {
            self.from = from
            self.to = to
        }
    }

    private var wall: Timestamp
    private var sinceBoot: Span
    /// The latest skips, the oldest first.
    private var skips: [Skip] = []
    private static let skipLimit = 16

    package init(wall: Timestamp, sinceBoot: Span) {
        self.wall = wall
        self.sinceBoot = sinceBoot
    }

    /// By how much the clock was set since the last look, backwards if negative; nil when it was not.
    package mutating func look(wall: Timestamp, sinceBoot: Span) -> Span? {
        let passed = sinceBoot - self.sinceBoot
        let jump = wall - (self.wall + passed)
        self.wall = wall
        self.sinceBoot = sinceBoot
        if jump > Self.tolerance {
            skips = (skips + [Skip(from: wall - jump, to: wall)]).suffix(Self.skipLimit)
        } else if jump < .zero - Self.tolerance {
            // The time that was passed over comes after all.
            skips.removeAll { $0.to > wall }
        }
        return jump > Self.tolerance || jump < .zero - Self.tolerance ? jump : nil
    }

    /// How far a jump is in either direction, to the nearest second: two looks are never quite as far apart as they
    /// should be.
    package static func distance(of jump: Span) -> Span {
        Span(nanoseconds: Int64(clamping: jump.nanoseconds.magnitude + 500_000_000))
    }

    /// Returns the skip in which a job expired that was submitted before it; nil if its time went by.
    package func skip(over expiry: Timestamp, submitted: Timestamp) -> Skip? {
        skips.last { submitted <= $0.from && $0.from < expiry && expiry <= $0.to }
    }
}
