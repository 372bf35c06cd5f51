extension Span {
    /// Parses what a configuration says: a whole number and a unit (`ms s m h d w`), or
    /// several of them (`1h30m`); a bare `0` needs none. Nil for anything else and for
    /// what 64 bits of nanoseconds cannot hold.
    package init?(_ text: some StringProtocol) {
        if text == "0" {
            self = .zero
            return
        }
        var total: Int64 = 0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = Int64(digits), let size = Self.units[String(unit)] else { return nil }
            let (product, tooMuch) = count.multipliedReportingOverflow(by: size)
            let (sum, stillTooMuch) = total.addingReportingOverflow(product)
            if tooMuch || stillTooMuch { return nil }
            total = sum
        }
        nanoseconds = total
    }

    private static let units: [String: Int64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
        "d": 86_400_000_000_000, "w": 604_800_000_000_000,
    ]

    /// The two largest units that say something: `42s`, `5m 10s`, `3h`, `2d 4h`; below a second, `0s`.
    package var approximate: String {
        var seconds = nanoseconds.magnitude / 1_000_000_000
        let sign = nanoseconds < 0 && seconds > 0 ? "-" : ""
        var parts: [String] = []
        for (unit, size) in [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)] as [(String, UInt64)] {
            let count = seconds / size
            seconds %= size
            if count > 0 { parts.append("\(count)\(unit)") } else if !parts.isEmpty { break }
            if parts.count == 2 { break }
        }
        return sign + (parts.isEmpty ? "0s" : parts.joined(separator: " "))
    }
}
