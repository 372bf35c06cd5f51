internal import Time

/// The waits between the tries of what the disk refused: a second, and twice as long each time, up to a minute.
///
/// Trouble that passes is over soon, and trouble that stays is not told of every second.
struct Backoff: Equatable {
    private var wait = Span.seconds(1)

    /// The wait before the next try.
    mutating func next() -> Span {
        defer { wait = min(wait * 2, .minutes(1)) }
        return wait
    }
}
