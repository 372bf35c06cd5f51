/// A number of things in a length of time: `14/s`.
package struct Rate: Equatable, Sendable {
    /// More than 0.
    package let count: Int64
    /// The length of the unit.
    package let span: Span

    /// Parses `14/s`, `600/m`, `50k/h` (`k` thousand, `M` million; `s`, `m`, `h`, `d`). Nil for anything else, for
    /// zero, and for more than a million a second.
    package init?(_ text: some StringProtocol) {
        let parts = Substring(text).utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            Substring($0)
        }
        guard parts.count == 2, let unit = Self.units[String(parts[1])] else { return nil }
        let digits = parts[0].prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), let factor = Self.factors[String(parts[0].dropFirst(digits.count))] else {
            return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, total > 0 else { return nil }
        (count, span) = (total, unit)
        guard interval >= 1000 else { return nil }
    }

    private static let units: [String: Span] = ["s": .seconds(1), "m": .minutes(1), "h": .hours(1), "d": .days(1)]
    private static let factors: [String: Int64] = ["": 1, "k": 1000, "M": 1_000_000]

    /// Nanoseconds from one thing to the next when they are spread evenly. Rounded up, so that the rate is kept.
    package var interval: Int64 { (span.nanoseconds - 1) / count + 1 }

    /// How long after the first thing the one with that index, from 0, may start; a century at most.
    package func delay(of index: Int) -> Span {
        let delay = Double(index) * Double(span.nanoseconds) / Double(count)
        return Span(nanoseconds: Int64(min(delay, 3.15e18)))
    }
}
