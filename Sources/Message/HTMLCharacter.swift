internal import Text

/// Character references: HTML, sections 13.2.5.72 to 13.2.5.80.
enum HTMLCharacter {
    /// Calls `body` for each character of `text`, which is valid UTF-8, with its references resolved.
    /// - Parameter isAttribute: `&copy=` and `&copyx` without a semicolon are no references in the value of an
    ///   attribute, where addresses have such parameters.
    static func decode(_ text: ArraySlice<UInt8>, isAttribute: Bool = false, _ body: (Unicode.Scalar) -> Void) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "&"), let reference = reference(at: text[(index + 1)...], isAttribute) {
                body(reference.first)
                if let second = reference.second { body(second) }
                index = reference.end
            } else if byte < 0x80 {
                body(Unicode.Scalar(byte))
                index += 1
            } else {
                var iterator = text[index...].makeIterator()
                var decoder = UTF8()
                // It comes from a String, so it is valid.
                guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return }
                body(scalar)
                index += UTF8.width(scalar)
            }
        }
    }

    private struct Reference {
        var first: Unicode.Scalar
        var second: Unicode.Scalar?
        /// The index behind it.
        var end: Int
    }

    /// The reference whose `&` stands before `text`.
    private static func reference(at text: ArraySlice<UInt8>, _ isAttribute: Bool) -> Reference? {
        if text.first == UInt8(ascii: "#") { return number(text.dropFirst()) }
        let run = text.prefix(longestName).prefix(while: \.isLetterOrDigit)
        if run.isEmpty { return nil }
        if run.endIndex < text.endIndex, text[run.endIndex] == UInt8(ascii: ";"), let name = named(run) {
            return Reference(first: name.first, second: name.second, end: run.endIndex + 1)
        }
        for length in stride(from: min(run.count, longestOpenName), through: 2, by: -1) {
            guard let name = named(run.prefix(length)), name.mayBeOpen else { continue }
            let end = run.startIndex + length
            if isAttribute, end < text.endIndex, text[end] == UInt8(ascii: "=") || text[end].isLetterOrDigit {
                return nil
            }
            return Reference(first: name.first, second: nil, end: end)
        }
        return nil
    }

    /// The reference by number whose `&#` stands before `text`.
    private static func number(_ text: ArraySlice<UInt8>) -> Reference? {
        let isHexadecimal = text.first.map { $0 | 0x20 } == UInt8(ascii: "x")
        var index = isHexadecimal ? text.startIndex + 1 : text.startIndex
        let start = index
        var value: UInt32 = 0
        while index < text.endIndex, let digit = text[index].hexValue, isHexadecimal || digit < 10 {
            // Larger numbers are all the same: no character.
            value = min(value * (isHexadecimal ? 16 : 10) + UInt32(digit), 0x110000)
            index += 1
        }
        if index == start { return nil }
        if index < text.endIndex, text[index] == UInt8(ascii: ";") { index += 1 }
        // Windows-1252, which old programs mean by the numbers of C1.
        if value >= 0x80, value < 0xA0 { return Reference(first: windows[Int(value) - 0x80], end: index) }
        return Reference(first: value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}", end: index)
    }

    private static let windows = Array(
        "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)

    private struct Name {
        var first: Unicode.Scalar
        var second: Unicode.Scalar?
        /// It may stand without a semicolon.
        var mayBeOpen: Bool
    }

    /// That of `CounterClockwiseContourIntegral`, and that of `thorn` and others without a semicolon.
    private static let (longestName, longestOpenName) = (31, 6)

    private static func named(_ name: ArraySlice<UInt8>) -> Name? { table[String(decoding: name, as: UTF8.self)] }

    private static let table: [String: Name] = {
        var table: [String: Name] = [:]
        for entry in names.utf8.split(separator: UInt8(ascii: " ")) {
            let mayBeOpen = entry.contains(UInt8(ascii: ":"))
            let parts = entry.split { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "+") }
            let scalars = parts.dropFirst().compactMap { part in
                UInt32(String(Substring(part)), radix: 16).flatMap(Unicode.Scalar.init)
            }
            guard let first = scalars.first else { continue }
            let second = scalars.count > 1 ? scalars[1] : nil
            table[String(Substring(parts[0]))] = Name(first: first, second: second, mayBeOpen: mayBeOpen)
        }
        return table
    }()
}
