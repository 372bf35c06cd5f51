package import Time

/// By how much numbers that only grow have grown within the last minute.
package struct Growth {
    package static let span = Span.minutes(1)
    private var samples = FIFO<(at: Int64, totals: [Int])>()
    private var oldest: (at: Int64, totals: [Int])?

    package init() {}

    /// Takes the numbers of this moment of the monotonic clock, and returns how much each has grown since a minute
    /// ago. They were zero before the first time.
    package mutating func note(_ totals: [Int], at now: Int64) -> [Int] {
        if oldest == nil { oldest = (now, totals.map { _ in 0 }) }
        samples.append((now, totals))
        while let first = oldest, now - first.at > Growth.span.nanoseconds { oldest = samples.popFirst() }
        return zip(totals, oldest?.totals ?? totals).map { $0 - $1 }
    }
}
