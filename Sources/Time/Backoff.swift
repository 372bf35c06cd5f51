/// The waits between the tries of what was refused: a second, and twice as long each time, up to a minute.
///
/// Trouble that passes is over soon, and trouble that stays is not told of every second. A new value begins anew.
package struct Backoff: Equatable, Sendable {
    private var wait = Span.seconds(1)

    package init() {}

    /// The wait before the next try.
    package mutating func next() -> Span {
        defer { wait = min(wait * 2, .minutes(1)) }
        return wait
    }
}
