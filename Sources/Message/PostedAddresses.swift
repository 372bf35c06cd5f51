internal import Text

/// The addresses of a header field as people and careless programs write them: for messages that are posted, not for
/// jobs, whose addresses ``AddressParser`` reads.
///
/// The field is cut at its commas, semicolons and group names, and each piece is read by itself. A piece that is not an
/// address by RFC 5322 is read by ``LenientPiece``, as Postfix reads it.
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
    private let domains: DomainRule
    private(set) var parts: [Part] = []
    /// Behind which bytes the origin was understood, in rising order.
    private(set) var completions: [Int] = []
    /// Where the commas between addresses are, in rising order.
    private(set) var commas: [Int] = []

    /// Reads a field's value, unfolded.
    /// - Parameter origin: the domain of local parts that stand alone, as ``Address/domain`` has it; nil: they are
    ///   unreadable.
    init(_ value: some Sequence<UInt8>, origin: String?, domains: DomainRule) {
        bytes = Array(value)
        self.origin = origin
        self.domains = domains
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
        var parser = AddressParser(Array(piece), origin: origin, domains: domains)
        do throws(AddressParser.Fault) {
            let found = try parser.list()
            // Quotation marks around a whole address, or a path of hosts: no name of a user here.
            let isElsewhere =
                !parser.completions.isEmpty && found.contains { $0.address.local.holds("@") || $0.address.isPath }
            if isElsewhere { throw .init("no local part that could stand alone") }
            parts += found.map { .mailbox($0) }
            completions += parser.completions.map { piece.startIndex + $0 }
        } catch {
            let found = LenientPiece(text, origin: origin, domains: domains).mailboxes
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

    /// Goes past the next comma, semicolon or colon outside of quotation marks, comments and brackets, and returns its
    /// place, or nil.
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
struct Pairs {
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

extension Mailbox {
    /// Reads a list of addresses as sendmail(1) gets them, in whatever form they are; those that cannot be read are
    /// faults. See ``PostedMessage``.
    ///
    /// - Parameter origin: the domain of local parts that stand alone, as ``Address/domain`` has it.
    package static func posted(
        _ text: String, origin: String, domains: DomainRule
    ) -> (mailboxes: [Mailbox], faults: [AddressError]) {
        let read = PostedAddresses(text.utf8, origin: origin, domains: domains)
        return (read.mailboxes, read.faults)
    }
}
