package import Time

/// Notices that somebody has set the wall clock: it went further, or less far, than the time since boot.
///
/// A value: the times come from outside. What is due by the wall clock is due by the new one; this is for what
/// was worked out by the old one, which would be wrong for ever.
package struct WallClock {
    /// What clocks that are slewed, and two readings that are not taken at one moment, may differ by.
    package static let tolerance = Span.seconds(10)

    private var wall: Timestamp
    private var sinceBoot: Span

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
        return jump > Self.tolerance || jump < .zero - Self.tolerance ? jump : nil
    }
}
