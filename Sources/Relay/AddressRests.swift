internal import Text
package import Time

/// Which addresses of a relay are left alone for a while, since a connection failed there.
///
/// They are not forgotten: where every other address fails too, they are tried. Times are monotonic, in nanoseconds.
package struct AddressRests: Equatable {
    /// The first rest; each further one is twice as long.
    package static let shortest = Span.minutes(1)
    package static let longest = Span.minutes(32)
    /// More addresses than any relay has.
    private static let capacity = 64

    private var rests: [Rest] = []

    private struct Rest: Equatable {
        let address: String
        var until: Int64
        var length: Span
    }

    package init() {}

    /// A connection to `address` failed. While it rests that is not news; returns whether it was.
    @discardableResult
    package mutating func failed(_ address: String, at now: Int64) -> Bool {
        guard let index = rests.firstIndex(where: { $0.address.isExactly(address) }) else {
            if rests.count == Self.capacity { rests.removeFirst() }
            rests.append(
                Rest(address: address, until: now + Self.shortest.nanoseconds, length: Self.shortest))
            return true
        }
        if now < rests[index].until { return false }
        let length = min(Span(nanoseconds: rests[index].length.nanoseconds * 2), Self.longest)
        rests[index].length = length
        rests[index].until = now + length.nanoseconds
        return true
    }

    /// A connection to `address` is of use. Returns whether one was not, before.
    @discardableResult
    package mutating func worked(_ address: String) -> Bool {
        let before = rests.count
        rests.removeAll { $0.address.isExactly(address) }
        return rests.count < before
    }

    /// The addresses that rest at `now`.
    package func resting(at now: Int64) -> [String] { rests.filter { now < $0.until }.map(\.address) }
}
