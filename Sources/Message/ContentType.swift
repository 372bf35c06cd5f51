internal import Text

/// A media type with its parameters: RFC 2045, section 5.1.
package struct ContentType: Hashable, Sendable {
    /// In lower case.
    package let type: String
    /// In lower case.
    package let subtype: String
    /// The names in lower case, the values without quotation marks; all printable ASCII.
    package let parameters: [Parameter]

    package struct Parameter: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package static let octetStream = ContentType(type: "application", subtype: "octet-stream")

    init(type: String, subtype: String, parameters: [Parameter] = []) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// Parses `text/calendar; method=REQUEST; charset="utf-8"`; nil for anything that is
    /// not of this form, longer than `limit` octets, or not printable ASCII.
    package init?(parsing text: String, limit: Int = 500) {
        guard text.utf8.count <= limit, text.utf8.allSatisfy(\.isPrintable) else { return nil }
        var rest = Array(text.utf8)[...]
        func skipSpace() { while rest.first == 0x20 { rest.removeFirst() } }
        func token() -> String? {
            let token = rest.prefix(while: \.isToken)
            rest = rest[token.endIndex...]
            return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
        }
        func skip(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }
        func quoted() -> String? {
            var value: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
                guard let content = byte == UInt8(ascii: "\\") ? rest.popFirst() : byte else { return nil }
                value.append(content)
            }
            return nil
        }
        skipSpace()
        guard let type = token(), skip(UInt8(ascii: "/")), let subtype = token() else { return nil }
        var parameters: [Parameter] = []
        skipSpace()
        while skip(UInt8(ascii: ";")) {
            skipSpace()
            if rest.isEmpty { break }
            guard let name = token()?.lowercasedASCII, skip(UInt8(ascii: "=")),
                let value = skip(UInt8(ascii: "\"")) ? quoted() : token(),
                !parameters.contains(where: { $0.name == name })
            else { return nil }
            parameters.append(Parameter(name: name, value: value))
            skipSpace()
        }
        guard rest.isEmpty else { return nil }
        self.init(type: type.lowercasedASCII, subtype: subtype.lowercasedASCII, parameters: parameters)
    }
}

extension Wire {
    /// Appends `; name=value`, in whichever form carries the value unchanged: a token, a
    /// quoted string, or RFC 2231 with as many continuations as it needs.
    mutating func parameter(_ name: String, _ value: String) {
        append(UInt8(ascii: ";"))
        if Wire.needsExtendedForm(value) {
            extendedParameter(name, Array(value.utf8))
            return
        }
        // Some readers take the other characters of a token, such as the apostrophe, for syntax.
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0.isLetterOrDigit || "-._+".utf8.contains($0) }
        let written = isPlain ? Array(value.utf8) : Wire.quoted(value.utf8)
        beginWord(name.utf8.count + 1 + written.count)
        append(name.utf8)
        append(UInt8(ascii: "="))
        append(written)
    }

    /// Whether a quoted string cannot carry the value: also where readers would find an encoded-word in it, which has no
    /// meaning there (RFC 2047, section 5) and is decoded by most.
    static func needsExtendedForm(_ value: String) -> Bool {
        value.utf8.count > longestPlain || !value.utf8.allSatisfy(\.isPrintable) || value.holds("=?")
    }

    /// RFC 2231, sections 3 and 4: no piece splits a character.
    private mutating func extendedParameter(_ name: String, _ value: [UInt8]) {
        var rest = value[...]
        var section = 0
        var isFirst = true
        while isFirst || !rest.isEmpty {
            // One long name in several pieces; a short one is not numbered.
            let whole = Wire.percentEncoded(rest, in: Wire.fold - name.utf8.count - 12)
            let isOnly = isFirst && whole.count == rest.count
            let charset = isFirst ? "utf-8''" : ""
            var piece = Array((isOnly ? "\(name)*=\(charset)" : "\(name)*\(section)*=\(charset)").utf8)
            let taken = isOnly ? rest : Wire.percentEncoded(rest, in: Wire.fold - 2 - piece.count)
            for byte in taken {
                if Wire.isAttributeCharacter(byte) {
                    piece.append(byte)
                } else {
                    piece += [UInt8(ascii: "%"), UInt8.hexDigit(byte >> 4), UInt8.hexDigit(byte)]
                }
            }
            rest = rest[taken.endIndex...]
            if !rest.isEmpty { piece.append(UInt8(ascii: ";")) }
            word(piece)
            section += 1
            isFirst = false
        }
    }

    private static func isAttributeCharacter(_ byte: UInt8) -> Bool {
        byte.isToken && byte != UInt8(ascii: "*") && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "%")
    }

    /// The longest prefix of whole characters that takes `room` octets.
    private static func percentEncoded(_ text: ArraySlice<UInt8>, in room: Int) -> ArraySlice<UInt8> {
        var cost = 0
        var boundary = text.startIndex
        for index in text.indices {
            if !text[index].isContinuation { boundary = index }
            cost += isAttributeCharacter(text[index]) ? 1 : 3
            if cost > room { return text[..<boundary] }
        }
        return text
    }
}
