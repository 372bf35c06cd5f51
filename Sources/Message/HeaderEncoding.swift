internal import Text

extension Wire {
    /// Appends a field of a whole message whose value is UTF-8 beyond ASCII, encoded so that only its addresses can need
    /// SMTPUTF8. RFC 2047; RFC 2231 for the parameters of MIME fields.
    mutating func encodedField(_ name: String, _ value: ArraySlice<UInt8>, domains: DomainRule) {
        let text = value.map { $0.isControl ? 0x20 : $0 }
        begin(name)
        let lowercase = name.lowercased()  // exact: a field name is ASCII
        if Wire.addressFields.contains(lowercase) {
            addresses(PostedAddresses(text, origin: nil, domains: domains).parts)
        } else if lowercase.hasPrefix("content-") {  // exact: as above
            parameters(text)
        } else {
            words(text[...])
        }
        endLine()
    }

    private static let addressFields: Set<String> = [  // exact: all ASCII
        "from", "sender", "reply-to", "to", "cc", "resent-from", "resent-sender", "resent-reply-to", "resent-to",
        "resent-cc", "errors-to", "disposition-notification-to",
    ]

    private mutating func addresses(_ parts: [PostedAddresses.Part]) {
        // Behind the name of a group, and at the beginning, no comma stands.
        var needsComma = false
        for part in parts {
            if case .groupEnd = part {
                append(UInt8(ascii: ";"))
                needsComma = true
                continue
            }
            if needsComma { append(UInt8(ascii: ",")) }
            needsComma = true
            switch part {
            case .mailbox(let mailbox): mailboxes([mailbox])
            // It is for people now: a group of that name, without members.
            case .unreadable(let text, _):
                words(text)
                append(":;")
            case .group(let name):
                phrase(String(decoding: name, as: UTF8.self))
                append(UInt8(ascii: ":"))
                needsComma = false
            case .groupEnd: break
            }
        }
    }

    /// Words of ASCII as they are, encoded-words among them; the others encoded.
    private mutating func words(_ text: ArraySlice<UInt8>) {
        let words = text.split(whereSeparator: \.isBlank)
        func isASCII(_ index: Int) -> Bool { words[index].allSatisfy { $0 < 0x80 } }
        func isEncoded(_ index: Int) -> Bool {
            words.indices.contains(index) && words[index].starts(with: "=?".utf8)
                && words[index].hasSuffix(Array("?=".utf8))
        }
        var index = 0
        while index < words.count {
            if isASCII(index) {
                word(words[index])
                index += 1
                continue
            }
            var end = index + 1
            while end < words.count, !isASCII(end) { end += 1 }
            var run = Array(words[index..<end].joined(separator: [0x20]))
            // The space between two encoded-words is not shown.
            if isEncoded(index - 1) { run.insert(0x20, at: 0) }
            if isEncoded(end) { run.append(0x20) }
            encodedWords(run[...])
            index = end
        }
    }

    /// Values of parameters beyond ASCII in the form of RFC 2231, `name*=utf-8''caf%C3%A9`; all else as it is, but `?`
    /// for characters beyond ASCII that stand where nothing can encode them.
    private mutating func parameters(_ text: [UInt8]) {
        append(0x20)
        var rest = text[...].trimmed(\.isBlank)
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            appendASCII(rest[..<equals])
            rest = rest[(equals + 1)...]
            let isQuoted = rest.first == UInt8(ascii: "\"")
            let body = isQuoted ? rest.dropFirst() : rest
            let end = body.firstIndex { isQuoted ? $0 == UInt8(ascii: "\"") : $0 == UInt8(ascii: ";") } ?? body.endIndex
            let value = body[..<end]
            let next = isQuoted ? min(end + 1, body.endIndex) : end
            if value.allSatisfy({ $0 < 0x80 }) {
                append(UInt8(ascii: "="))
                append(rest[..<next])
            } else {
                append("*=utf-8''")
                for byte in value.trimmed(\.isBlank) {
                    if byte.isLetterOrDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") {
                        append(byte)
                    } else {
                        append([UInt8(ascii: "%"), .hexDigit(byte >> 4), .hexDigit(byte)])
                    }
                }
            }
            rest = rest[next...]
            if !rest.isEmpty, rest.first == UInt8(ascii: ";"), column > Wire.fold {
                append(UInt8(ascii: ";"))
                endLine()
                append(0x20)
                rest = rest.dropFirst().drop(while: \.isBlank)
            }
        }
        appendASCII(rest)
    }

    private mutating func appendASCII(_ text: ArraySlice<UInt8>) {
        for byte in text where !byte.isContinuation { append(byte < 0x80 ? byte : UInt8(ascii: "?")) }
    }
}
