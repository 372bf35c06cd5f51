extension JSON {
    /// The value as compact JSON on one line: control characters and the line separators
    /// U+2028 and U+2029 are escaped, everything else is as it is.
    package var text: String { String(decoding: encoded, as: UTF8.self) }

    /// ``text`` in UTF-8.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        // Most are lines: one piece of memory, and not one for each doubling.
        out.reserveCapacity(256)
        write(to: &out)
        return out
    }

    /// Appends ``encoded`` to `out`.
    package func write(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let number): out += number.text.utf8
        case .string(let string): JSON.write(string: string, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            out.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.write(string: member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Appends a string with its quotation marks.
    package static func write(string: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            var plain = 0
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                var length = 1
                let escape: String
                switch byte {
                case UInt8(ascii: "\""): escape = "\\\""
                case UInt8(ascii: "\\"): escape = "\\\\"
                case 0x0A: escape = "\\n"
                case 0x0D: escape = "\\r"
                case 0x09: escape = "\\t"
                case 0..<0x20, 0x7F:
                    let digits = String(byte, radix: 16)
                    escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                case 0xE2
                where index + 2 < bytes.count && bytes[index + 1] == 0x80
                    && (bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9):
                    escape = bytes[index + 2] == 0xA8 ? "\\u2028" : "\\u2029"
                    length = 3
                default:
                    index += 1
                    continue
                }
                out.append(contentsOf: bytes[plain..<index])
                out += escape.utf8
                index += length
                plain = index
            }
            out.append(contentsOf: bytes[plain..<bytes.count])
        }
        out.append(UInt8(ascii: "\""))
    }
}
