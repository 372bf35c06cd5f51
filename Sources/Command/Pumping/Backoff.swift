internal import Time

/// The wait after something failed: a second, doubled with each failure in a row up to a minute.
struct Backoff: Equatable {
    private var last: Span?

    static let first = Span.seconds(1)
    static let longest = Span.seconds(60)

    /// How many failures there were makes no difference any more.
    mutating func reset() { last = nil }

    /// The wait after one more failure.
    mutating func next() -> Span {
        let wait = last.map { min($0 * 2, Backoff.longest) } ?? Backoff.first
        last = wait
        return wait
    }
}
