internal import Text

/// Reads mailboxes, groups and comments from left to right, each byte once.
///
/// The text is UTF-8; its bytes above 0x7F count as `atext` (RFC 6532). Of control characters ``list()`` takes tabs
/// only, and the others are given a text without any.
struct AddressParser {
    struct Fault: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
        static let comma = Fault(
            #"an unquoted comma; several addresses are written ["a@b", "c@d"], and a name with a comma "in quotes""#)
        static let noAt = Fault("no @")
    }

    private let bytes: [UInt8]
    private var position = 0
    /// The last comment that was skipped.
    private var comment: [UInt8] = []
    /// The domain of local parts that stand alone, as ``Address/domain`` has it; nil: they are no addresses.
    private let origin: String?
    private let domains: DomainRule
    /// Behind which bytes the origin was understood, in rising order.
    private(set) var completions: [Int] = []

    init(_ text: String, domains: DomainRule) { self.init(Array(text.utf8), origin: nil, domains: domains) }

    init(_ bytes: [UInt8], origin: String?, domains: DomainRule) {
        self.bytes = bytes
        self.origin = origin
        self.domains = domains
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func single() throws(Fault) -> Mailbox {
        guard let mailbox = try mailbox(inList: false) else { throw current == nil ? Fault("empty") : unexpected() }
        if current != nil { throw unexpected() }
        return mailbox
    }

    mutating func bare() throws(Fault) -> Address {
        let words = try words()
        guard current == UInt8(ascii: "@") else { throw current == nil ? .noAt : unexpected() }
        let address = try address(after: words)
        if current != nil { throw unexpected() }
        return address
    }

    mutating func list() throws(Fault) -> [Mailbox] {
        if let bad = bytes.firstControl(but: 0x09) {
            throw Fault("a control character, \(String(bad).quoted)")
        }
        var mailboxes: [Mailbox] = []
        var inGroup = false
        while true {
            if let mailbox = try mailbox(inList: true) { mailboxes.append(mailbox) }
            switch current {
            case nil:
                if inGroup { throw Fault("a group without ';'") }
                return mailboxes
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: ":") where !inGroup:
                inGroup = true
                position += 1
            case UInt8(ascii: ";") where inGroup:
                inGroup = false
                position += 1
                _ = try skipBlanks()
                if let next = current, next != UInt8(ascii: ",") { throw unexpected() }
            // What some write for a comma.
            case UInt8(ascii: ";") where origin != nil: position += 1
            default: throw unexpected()
            }
        }
    }

    private func unexpected() -> Fault {
        guard let current else { return Fault("ends too early") }
        if current == UInt8(ascii: ",") { return .comma }
        return Fault("unexpected '\(String(decoding: [current], as: UTF8.self))'")
    }

    /// The words before a `<`, `@` or `:`, of which only those decide what the words are.
    private struct Words {
        var phrase: [UInt8] = []
        var local: [UInt8] = []
        var count = 0
        /// Words and dots take turns, with nothing in between: it can be a local part.
        var isLocal = true
        var endsInDot = false
        /// White space or a comment stands behind the last one, which ends at `end`.
        var endsInBlank = false
        var end = 0
    }

    /// A mailbox with the blanks around it; nil, where it stopped, without words before `,`, `;` or the end, or at a
    /// group's name.
    private mutating func mailbox(inList: Bool) throws(Fault) -> Mailbox? {
        comment = []
        _ = try skipBlanks()
        let words = try words()
        switch current {
        case UInt8(ascii: "@"):
            let address = try address(after: words)
            comment = []
            _ = try skipBlanks()
            return Mailbox(checkedName: String(decoding: comment, as: UTF8.self), address: address)
        case UInt8(ascii: "<"):
            position += 1
            _ = try skipBlanks()
            let inner = try self.words()
            let address: Address
            if current == UInt8(ascii: "@") {
                address = try self.address(after: inner)
            } else {
                guard inner.count == 0 || current == UInt8(ascii: ">") else { throw unexpected() }
                address = try completed(inner)
            }
            _ = try skipBlanks()
            guard current == UInt8(ascii: ">") else { throw current == nil ? Fault("a '<' without '>'") : unexpected() }
            position += 1
            _ = try skipBlanks()
            return Mailbox(checkedName: String(decoding: words.phrase, as: UTF8.self), address: address)
        case UInt8(ascii: ":") where inList && words.count > 0: return nil
        case UInt8(ascii: ",") where !inList: throw .comma
        case nil, UInt8(ascii: ","), UInt8(ascii: ";"):
            if words.count == 0 { return nil }
            let name = comment
            return Mailbox(checkedName: String(decoding: name, as: UTF8.self), address: try completed(words))
        default: throw unexpected()
        }
    }

    private mutating func words() throws(Fault) -> Words {
        var words = Words()
        var spaced = false
        while let byte = current {
            if byte == UInt8(ascii: ".") {
                if spaced || words.count == 0 || words.endsInDot { words.isLocal = false }
                if spaced { words.phrase.append(0x20) }
                words.endsInDot = true
                words.phrase.append(byte)
                words.local.append(byte)
                words.count += 1
                position += 1
            } else if byte.isAtomText || byte == UInt8(ascii: "\"") {
                if spaced || (words.count > 0 && !words.endsInDot) { words.isLocal = false }
                if spaced { words.phrase.append(0x20) }
                words.endsInDot = false
                words.count += 1
                let word = byte == UInt8(ascii: "\"") ? try quotedString() : atom()
                words.phrase += word
                words.local += word
            } else {
                break
            }
            words.end = position
            spaced = try skipBlanks()
        }
        if words.endsInDot || words.count == 0 { words.isLocal = false }
        words.endsInBlank = spaced
        return words
    }

    /// The address of a local part that stands alone, at the origin.
    private mutating func completed(_ words: Words) throws(Fault) -> Address {
        guard let origin, !words.local.isEmpty else { throw .noAt }
        guard words.isLocal else { throw Fault("no @, and no local part that could stand alone") }
        completions.append(words.end)
        return try Address(local: try text(of: words), domain: origin)
    }

    private func text(of words: Words) throws(Fault) -> String {
        guard let text = String(utf8: words.local.span) else {
            throw Fault("bytes before the @ that are not UTF-8")
        }
        return text
    }

    private mutating func atom() -> ArraySlice<UInt8> {
        let start = position
        while let byte = current, byte.isAtomText { position += 1 }
        return bytes[start..<position]
    }

    /// The contents of a quoted string. RFC 5322, section 3.2.4.
    private mutating func quotedString() throws(Fault) -> ArraySlice<UInt8> {
        var content: [UInt8] = []
        position += 1
        while let byte = current {
            position += 1
            if byte == UInt8(ascii: "\"") { return content[...] }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = current else { break }
                content.append(escaped == 0x09 ? 0x20 : escaped)
                position += 1
            } else {
                content.append(byte == 0x09 ? 0x20 : byte)
            }
        }
        throw Fault("a quotation mark without its pair")
    }

    /// Skips white space and comments, which may be nested; whether there were any.
    private mutating func skipBlanks() throws(Fault) -> Bool {
        let start = position
        var depth = 0
        while let byte = current {
            if depth == 0, byte == UInt8(ascii: "(") {
                comment = []
                depth = 1
            } else if depth == 0 {
                if !byte.isBlank { break }
            } else {
                switch byte {
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth -= 1
                case UInt8(ascii: "\\"): if position + 1 < bytes.count { position += 1 }
                default: break
                }
                if depth > 0 { comment.append(bytes[position] == 0x09 ? 0x20 : bytes[position]) }
            }
            position += 1
        }
        if depth > 0 { throw Fault("a '(' without ')'") }
        return position > start
    }

    /// The address whose local part is `words` and whose @ is the current byte.
    private mutating func address(after words: Words) throws(Fault) -> Address {
        if words.count == 0 { throw Fault("nothing before the @") }
        guard words.isLocal, !words.endsInBlank else {
            throw Fault("a misplaced dot or space before the @; unusual local parts must be quoted")
        }
        position += 1
        let start = position
        if current == UInt8(ascii: "[") {
            while let byte = current, byte != UInt8(ascii: "]"), !byte.isBlank { position += 1 }
            if current == UInt8(ascii: "]") { position += 1 }
        } else {
            while let byte = current, byte.isAtomText || byte == UInt8(ascii: ".") { position += 1 }
        }
        let domain = try Domain.canonical(String(decoding: bytes[start..<position], as: UTF8.self), by: domains)
        return try Address(local: try text(of: words), domain: domain)
    }
}
