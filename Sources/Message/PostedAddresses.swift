internal import Text

/// The addresses of a header field as people and careless programs write them: for messages that are posted, not for
/// jobs, whose addresses ``AddressParser`` reads.
///
/// The field is cut at its commas, semicolons and group names, and each piece is read by itself. A piece that is not an
/// address by RFC 5322 is read as Postfix reads it: what stands between `<` and `>` is the address, without its
/// route; comments and the white space around dots and the @ go, and so does a dot behind the domain; a local part that
/// needs quotation marks gets them.
struct PostedAddresses {
    /// The parts of the field, in their order.
    enum Part {
        case mailbox(Mailbox)
        /// The bytes of a piece that is not an address, and the reason.
        case unreadable(ArraySlice<UInt8>, String)
        /// The name of a group, whose members follow.
        case group(ArraySlice<UInt8>)
        case groupEnd
    }

    private let bytes: [UInt8]
    private let origin: String?
    private(set) var parts: [Part] = []
    /// Behind which bytes the origin was understood, in rising order.
    private(set) var completions: [Int] = []
    /// Where the commas between addresses are, in rising order.
    private(set) var commas: [Int] = []

    /// Reads a field's value, unfolded.
    /// - Parameter origin: the domain of local parts that stand alone, as ``Address/domain`` has it; nil: they are
    ///   unreadable.
    init(_ value: some Sequence<UInt8>, origin: String?) {
        bytes = Array(value)
        self.origin = origin
        read()
    }

    var mailboxes: [Mailbox] {
        parts.compactMap { if case .mailbox(let mailbox) = $0 { mailbox } else { nil } }
    }

    /// The pieces that are not addresses, each as its text with the reason.
    var faults: [AddressError] {
        parts.compactMap {
            guard case .unreadable(let text, let reason) = $0 else { return nil }
            return AddressError(text: String(decoding: text, as: UTF8.self), reason: reason)
        }
    }

    private mutating func read() {
        var scanner = PieceScanner(bytes)
        var start = 0
        var inGroup = false
        while let end = scanner.nextSeparator() {
            let piece = bytes[start..<end]
            switch bytes[end] {
            case UInt8(ascii: ":"):
                // Inside an address a colon separates nothing.
                if inGroup || piece.contains(UInt8(ascii: "@")) { continue }
                parts.append(.group(piece.trimmed(\.isBlank)))
                inGroup = true
            case UInt8(ascii: ";"):
                read(piece)
                if inGroup { parts.append(.groupEnd) }
                inGroup = false
            default:
                read(piece)
                commas.append(end)
            }
            start = end + 1
        }
        read(bytes[start...])
        if inGroup { parts.append(.groupEnd) }
    }

    /// Reads what stands between two separators.
    private mutating func read(_ piece: ArraySlice<UInt8>) {
        let text = piece.trimmed(\.isBlank)
        if text.isEmpty || text.elementsEqual("<>".utf8) { return }
        var parser = AddressParser(Array(piece), origin: origin)
        do throws(AddressParser.Fault) {
            for mailbox in try parser.list() { parts.append(.mailbox(mailbox)) }
            completions += parser.completions.map { piece.startIndex + $0 }
        } catch {
            let found = LenientPiece(text, origin: origin).mailboxes
            if found.isEmpty { parts.append(.unreadable(text, error.reason)) }
            parts += found.map { .mailbox($0) }
        }
    }
}

/// Finds the separators of a field: each byte is looked at a few times at most, whatever is left open.
private struct PieceScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var pairs = Pairs()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Goes behind the next comma, semicolon or colon outside of quotation marks, comments and brackets, and returns
    /// its place; nil if there is none.
    mutating func nextSeparator() -> Int? {
        while position < bytes.count {
            let start = position
            switch bytes[start] {
            case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"):
                position += 1
                return start
            case UInt8(ascii: "\""), UInt8(ascii: "("), UInt8(ascii: "<"): skipPair()
            case UInt8(ascii: "[") where start > 0 && bytes[start - 1] == UInt8(ascii: "@"): skipPair()
            default: position += 1
            }
        }
        return nil
    }

    private mutating func skipPair() { position = (pairs.end(in: bytes, at: position) ?? position) + 1 }
}

/// Finds the ends of quoted strings, comments and brackets. One that is left open is found so once: from there on such
/// brackets are bytes like others.
private struct Pairs {
    private var unpaired: Set<UInt8> = []

    mutating func end(in bytes: [UInt8], at start: Int) -> Int? {
        if unpaired.contains(bytes[start]) { return nil }
        let end = bytes.pairEnd(at: start)
        if end == nil { unpaired.insert(bytes[start]) }
        return end
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// The end of the quoted string, comment, angle or square bracket that begins at `start`; nil if it is left open.
    fileprivate func pairEnd(at start: Int) -> Int? {
        let open = self[start]
        let isComment = open == UInt8(ascii: "(")
        let close: UInt8 =
            switch open {
            case UInt8(ascii: "("): UInt8(ascii: ")")
            case UInt8(ascii: "<"): UInt8(ascii: ">")
            case UInt8(ascii: "["): UInt8(ascii: "]")
            default: open
            }
        var depth = 1
        var isQuoted = false
        var index = start + 1
        while index < endIndex {
            let byte = self[index]
            if byte == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if open == UInt8(ascii: "<"), byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isComment, byte == open { depth += 1 }
            if byte == close, !isQuoted {
                depth -= 1
                if depth == 0 { return index }
            }
            index += 1
        }
        return nil
    }
}

/// A piece of a field that is not an address by RFC 5322.
private struct LenientPiece {
    let mailboxes: [Mailbox]

    init(_ piece: ArraySlice<UInt8>, origin: String?) {
        let text = Array(piece)
        var name: [UInt8] = []
        var inner: [ArraySlice<UInt8>] = []
        var pairs = Pairs()
        var index = 0
        while index < text.count {
            let end = "\"(<".utf8.contains(text[index]) ? pairs.end(in: text, at: index) : nil
            guard let end else {
                if inner.isEmpty { name.append(text[index]) }
                index += 1
                continue
            }
            if text[index] == UInt8(ascii: "<") {
                inner.append(text[(index + 1)..<end])
            } else if text[index] == UInt8(ascii: "\""), inner.isEmpty {
                name += text[index...end]
            }
            index = end + 1
        }
        let isBare = inner.isEmpty
        mailboxes = (isBare ? [name[...]] : inner).compactMap { part in
            guard let address = LenientPiece.address(part, origin: origin) else { return nil }
            let words = isBare ? [] : unquoted(name[...]).trimmed(\.isBlank)
            let shown = String(decoding: words, as: UTF8.self).unicodeScalars.map { $0.isControl ? " " : $0 }
            return Mailbox(checkedName: String(String.UnicodeScalarView(shown)), address: address)
        }
    }

    /// The address in a text without comments; nil if it is none.
    private static func address(_ text: ArraySlice<UInt8>, origin: String?) -> Address? {
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
        var isQuoted = false
        var at: Int?
        for index in rest.indices {
            if rest[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if rest[index] == UInt8(ascii: "@"), !isQuoted { at = index }
        }
        let domain: String
        if let at {
            var name = rest[(at + 1)...].trimmed(\.isBlank)
            if name.last == UInt8(ascii: "."), name.count > 1 { name = name.dropLast().trimmed(\.isBlank) }
            domain = String(decoding: withoutBlanksAtDots(name), as: UTF8.self)
        } else {
            guard let origin else { return nil }
            domain = origin
        }
        let words = withoutBlanksAtDots(rest[..<(at ?? rest.endIndex)].trimmed(\.isBlank))
        // Two words are a name without an address.
        guard words.first == UInt8(ascii: "\"") || !words.contains(where: \.isBlank) else { return nil }
        guard let local = String(utf8: unquoted(words[...]).span), !local.hasControl else { return nil }
        // The reason is what the strict reading says.
        return try? Address(local: local, domain: try Domain.canonical(domain))
    }

    /// White space around dots is obsolete, and means nothing.
    private static func withoutBlanksAtDots(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var isSpaced = false
        for byte in text {
            if byte.isBlank {
                isSpaced = true
                continue
            }
            if isSpaced, byte != UInt8(ascii: "."), out.last != UInt8(ascii: ".") { out.append(0x20) }
            isSpaced = false
            out.append(byte)
        }
        return out
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

extension Mailbox {
    /// Reads a list of addresses as sendmail(1) gets them, in whatever form they are; those that cannot be read are
    /// faults. See ``PostedMessage``.
    ///
    /// - Parameter origin: the domain of local parts that stand alone, as ``Address/domain`` has it.
    package static func posted(_ text: String, origin: String) -> (mailboxes: [Mailbox], faults: [AddressError]) {
        let read = PostedAddresses(text.utf8, origin: origin)
        return (read.mailboxes, read.faults)
    }
}
