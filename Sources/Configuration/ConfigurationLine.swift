internal import Text

/// The meaning of one line of a configuration.
enum ConfigurationLine: Equatable {
    case blank
    case header(kind: String, name: String?)
    /// The column is where the value begins: from 1, in bytes.
    case entry(key: String, value: String, column: Int)

    struct Malformed: Error {
        let reason: String
    }

    init(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        let bytes = bytes.last == 0x0D ? bytes.dropLast() : bytes
        guard isUTF8(bytes.span) else { throw Malformed(reason: "not valid UTF-8") }
        if bytes.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            throw Malformed(reason: "a control character")
        }
        let text = bytes.trimmed(\.isBlank)
        guard let first = text.first, first != UInt8(ascii: "#") else {
            self = .blank
            return
        }
        if text.startIndex != bytes.startIndex {
            throw Malformed(reason: "a line that begins with white space; a value stays on one line")
        }
        self = first == UInt8(ascii: "[") ? try Self.header(text) : try Self.entry(text)
    }

    private static func header(_ text: ArraySlice<UInt8>) throws(Malformed) -> ConfigurationLine {
        guard let end = text.firstIndex(of: UInt8(ascii: "]")) else {
            throw Malformed(reason: "a section header without ']'")
        }
        let rest = text[(end + 1)...].trimmed(\.isBlank)
        guard rest.isEmpty || (rest.first == UInt8(ascii: "#") && rest.startIndex > end + 1) else {
            throw Malformed(reason: "text after a section header")
        }
        let words = text[(text.startIndex + 1)..<end].split(whereSeparator: \.isBlank)
        guard (1...2).contains(words.count), words.allSatisfy({ $0.allSatisfy(isNameByte) }) else {
            throw Malformed(reason: "a section header is '[kind]' or '[kind name]'")
        }
        return .header(kind: string(words[0]), name: words.count == 2 ? string(words[1]) : nil)
    }

    private static func entry(_ text: ArraySlice<UInt8>) throws(Malformed) -> ConfigurationLine {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else {
            throw Malformed(reason: "neither 'key = value' nor '[section]' nor '# comment'")
        }
        let key = text[..<equals].trimmed(\.isBlank)
        guard !key.isEmpty, key.allSatisfy(isKeyByte) else {
            throw Malformed(reason: "'\(string(key))' is not a key: letters, digits, '_' and '-'")
        }
        let value = uncommented(text[(equals + 1)...]).trimmed(\.isBlank)
        if value.isEmpty { throw Malformed(reason: "'\(string(key))' has no value") }
        // The line has no white space in front of the key.
        return .entry(key: string(key), value: string(value), column: value.startIndex - text.startIndex + 1)
    }

    /// The text up to a `#` that follows white space and is not between double quotes.
    private static func uncommented(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var isQuoted = false
        var afterSpace = true
        for (index, byte) in zip(text.indices, text) {
            if byte == UInt8(ascii: "#"), afterSpace, !isQuoted { return text[..<index] }
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            afterSpace = byte.isBlank
        }
        return text
    }

    private static func string(_ text: ArraySlice<UInt8>) -> String { String(decoding: text, as: UTF8.self) }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isKeyByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "+")
    }
}
