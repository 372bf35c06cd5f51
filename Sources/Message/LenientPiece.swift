internal import Text

/// A piece of a field that is not an address by RFC 5322, read as Postfix reads it.
///
/// The text between `<` and `>` is the address, without its route. Comments and the white space around dots and the @
/// go, and so does a dot after the domain. A local part that needs quotation marks gets them, and quotation marks
/// around a whole address go. Several words are as many addresses, but words without an @ next to one with it are a
/// name whose angle brackets were forgotten. `host!user` is `user@host`.
struct LenientPiece {
    let mailboxes: [Mailbox]

    init(_ piece: ArraySlice<UInt8>, origin: String?, domains: DomainRule) {
        let text = Array(piece)
        var name: [UInt8] = []
        var inner: [[UInt8]] = []
        var pairs = Pairs()
        let lastAt = text.lastIndex(of: UInt8(ascii: "@")) ?? 0
        var index = 0
        reading: while index < text.count {
            let end = "\"(<".utf8.contains(text[index]) ? pairs.end(in: text, at: index) : nil
            guard let end else {
                // A comment that is left open is all the rest; a quotation mark so means nothing.
                if text[index] == UInt8(ascii: "("), index > lastAt { break reading }
                if inner.isEmpty, text[index] != UInt8(ascii: "\"") { name.append(text[index]) }
                index += 1
                continue
            }
            if text[index] == UInt8(ascii: "<") {
                inner.append(LenientPiece.withoutComments(text[(index + 1)..<end]))
            } else if text[index] == UInt8(ascii: "\""), inner.isEmpty {
                name += text[index...end]
            }
            index = end + 1
        }
        if inner.isEmpty {
            let (found, rest) = LenientPiece.addresses(name[...], origin: origin, domains: domains)
            mailboxes = found.map { LenientPiece.mailbox($0, name: rest) }
        } else {
            let words = Array(unquoted(name[...]).trimmed(\.isBlank))
            mailboxes = inner.flatMap { part in
                LenientPiece.addresses(part[...], origin: origin, domains: domains).found
                    .map { LenientPiece.mailbox($0, name: words) }
            }
        }
    }

    private static func mailbox(_ address: Address, name: [UInt8]) -> Mailbox {
        let shown = String(decoding: name, as: UTF8.self).unicodeScalars.map { $0.isControl ? " " : $0 }
        return Mailbox(checkedName: String(String.UnicodeScalarView(shown)), address: address)
    }

    private static func withoutComments(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let text = Array(text)
        var out: [UInt8] = []
        var pairs = Pairs()
        var index = 0
        while index < text.count {
            let isPair = text[index] == UInt8(ascii: "(") || text[index] == UInt8(ascii: "\"")
            guard isPair, let end = pairs.end(in: text, at: index) else {
                out.append(text[index])
                index += 1
                continue
            }
            if text[index] == UInt8(ascii: "\"") { out += text[index...end] } else { out.append(0x20) }
            index = end + 1
        }
        return out
    }

    /// The addresses in a text without comments, empty if one of its words cannot be read; and the words next to them.
    private static func addresses(
        _ text: ArraySlice<UInt8>, origin: String?, domains: DomainRule
    ) -> (found: [Address], rest: [UInt8]) {
        var rest = text.trimmed { $0.isBlank || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }
        if rest.prefix(7).isSame(asLowercase: "mailto:") { rest = rest.dropFirst(7) }
        // A route, RFC 5322, section 4.4: `@a,@b:c@d`.
        if rest.first == UInt8(ascii: "@"), let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...].drop(while: \.isBlank)
        }
        // Quotation marks that are not those of mail.
        if rest.count > 2, rest.first == UInt8(ascii: "'"), rest.last == UInt8(ascii: "'") {
            rest = rest.dropFirst().dropLast()
        }
        var words = words(rest)
        var others: [Word] = []
        if words.contains(where: { $0.at != nil }) {
            others = words.filter { $0.at == nil }
            words.removeAll { $0.at == nil }
        }
        let found = words.compactMap { $0.address(origin: origin, domains: domains) }
        return (found.count == words.count ? found : [], Array(others.map(\.bytes).joined(separator: [0x20])))
    }

    /// Pieces between white space that is neither quoted nor next to a dot or an @.
    private static func words(_ text: ArraySlice<UInt8>) -> [Word] {
        var words: [Word] = []
        var word = Word()
        var (isSpaced, isQuoted, isEscaped) = (false, false, false)
        for byte in text {
            if byte.isBlank, !isQuoted, !isEscaped {
                isSpaced = true
                continue
            }
            let joins = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "@")
            if isSpaced, !joins, word.last != UInt8(ascii: "."), word.last != UInt8(ascii: "@"), !word.isEmpty {
                words.append(word)
                word = Word()
            }
            isSpaced = false
            if isEscaped {
                word.append(byte, isLiteral: true)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
                word.isQuoted = true
            } else {
                word.append(byte, isLiteral: isQuoted)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}

/// A word that may be an address, without its quotation marks and escapes.
private struct Word {
    private(set) var bytes: [UInt8] = []
    /// The last @ that is not quoted.
    private(set) var at: Int?
    var isQuoted = false

    var isEmpty: Bool { bytes.isEmpty && !isQuoted }
    var last: UInt8? { bytes.last }

    mutating func append(_ byte: UInt8, isLiteral: Bool) {
        if byte == UInt8(ascii: "@"), !isLiteral { at = bytes.count }
        bytes.append(byte)
    }

    func address(origin: String?, domains: DomainRule) -> Address? {
        var (local, domain) = (bytes[..<(at ?? bytes.count)], at.map { bytes[($0 + 1)...] } ?? [])
        if at == nil {
            if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
                (local, domain) = (bytes[..<at], bytes[(at + 1)...])
            } else if let bang = bytes.firstIndex(of: UInt8(ascii: "!")), bang > 0 {
                (local, domain) = (bytes[(bang + 1)...], bytes[..<bang])
            } else if let origin {
                domain = Array(origin.utf8)[...]
            }
        }
        if domain.last == UInt8(ascii: "."), domain.count > 1 { domain = domain.dropLast() }
        guard !local.isEmpty || isQuoted && at != nil, let text = String(utf8: Array(local).span), !text.hasControl
        else { return nil }
        // The reason is what the strict reading says.
        return try? Address(
            local: text, domain: try Domain.canonical(String(decoding: domain, as: UTF8.self), by: domains))
    }
}

/// The text without its quotation marks and escapes.
private func unquoted(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var out: [UInt8] = []
    var isEscaped = false
    for byte in text {
        if !isEscaped, byte == UInt8(ascii: "\"") { continue }
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        if !isEscaped { out.append(byte) }
    }
    return out[...]
}
