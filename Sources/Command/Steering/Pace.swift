/// How many things may be done in a span: `10/s`, `600/m`, `50k/h`.
struct Pace: Equatable, Sendable {
    let count: Int64
    /// Nanoseconds.
    let span: Int64

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        var digits = parts[0]
        let isThousands = digits.last == "k"
        if isThousands { digits.removeLast() }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits),
            (1...1_000_000).contains(number)
        else { return nil }
        switch parts[1] {
        case "s": span = 1_000_000_000
        case "m": span = 60_000_000_000
        case "h": span = 3_600_000_000_000
        default: return nil
        }
        count = isThousands ? number * 1000 : number
    }

    /// How long after the first thing the one with that index, from 0, may be done; in nanoseconds.
    func delay(of index: Int) -> Int64 {
        let (rounds, rest) = Int64(index).quotientAndRemainder(dividingBy: count)
        return rounds * span + rest * span / count
    }
}
