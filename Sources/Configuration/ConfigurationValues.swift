internal import Text
package import Time

extension ConfigurationSection {
    package mutating func string(_ key: String) -> String? { entry(key)?.value }

    /// `yes` or `no`.
    package mutating func bool(_ key: String) throws(ConfigurationError) -> Bool? {
        try value(key, "yes or no") { $0 == "yes" ? true : $0 == "no" ? false : nil }
    }

    /// A whole number of `range`.
    package mutating func int(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        let wanted =
            "a whole number from \(range.lowerBound)" + (range.upperBound == .max ? "" : " to \(range.upperBound)")
        return try value(key, wanted) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    /// A length of time, `15m` or `1h30m`; see ``Time/Span``.
    package mutating func span(_ key: String) throws(ConfigurationError) -> Span? {
        try value(key, "a length of time like 30s, 15m or 5d") { Span($0) }
    }

    /// A length of time that is one; `example` is for who wrote none.
    package mutating func positiveSpan(_ key: String, like example: String) throws(ConfigurationError) -> Span? {
        try value(key, "a length of time like \(example), more than 0") { text in
            Span(text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    /// A number of bytes, alone or with `KiB`, `MiB` or `GiB` (or their first letter), all powers of 1024. `kB` and
    /// `MB` are refused because they are ambiguous.
    package mutating func size(_ key: String) throws(ConfigurationError) -> Int? {
        try value(key, "a size like 500, 64 KiB or 32 MiB") { text in
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let unit = text.dropFirst(digits.count).drop { $0 == " " }
            let shift: Int
            switch unit {
            case "", "B": shift = 0
            case "k", "K", "KiB": shift = 10
            case "M", "MiB": shift = 20
            case "G", "GiB": shift = 30
            default: return nil
            }
            guard let count = Int(digits) else { return nil }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
            return overflow ? nil : bytes
        }
    }

    /// One of the raw values of `type`.
    package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice? {
        try value(key, type.allCases.map(\.rawValue).joined(separator: " or ")) { Choice(rawValue: $0) }
    }

    /// A path; one that does not begin with `/` starts from the directory of the file.
    package mutating func path(_ key: String) -> String? {
        guard let path = string(key) else { return nil }
        guard !path.begins(with: "/"), let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return file[...slash] + path
    }
}
