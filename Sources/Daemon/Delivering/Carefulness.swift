internal import Linux
internal import Relay
internal import Time

/// How carefully a relay is spoken to, as its answers ask for: for an hour from the last one that did.
struct Carefulness {
    private static let length = Span.hours(1)

    private var care = RelayConnection.Care.none
    private var until = Int64.min

    /// How a new connection is to be used.
    var now: RelayConnection.Care { Clock.monotonic < until ? care : .none }

    /// Takes note of an answer that asks for care; returns whether as much was not taken before.
    mutating func isNews(_ wanted: RelayConnection.Care) -> Bool {
        let before = now
        let isMore = before == .none || before == .stepByStep && wanted == .alone
        if isMore { care = wanted }
        until = Clock.monotonic + Carefulness.length.nanoseconds
        return isMore
    }
}
