internal import Text

/// Cuts HTML into text and tags. It never fails: what is not markup is text.
struct HTMLScanner {
    struct Tag {
        let name: HTMLName
        let element: HTMLElement
        let isEnd: Bool
        /// Ends in `/>`.
        fileprivate(set) var isClosed = false
        /// The first value of each known attribute, with its character references; empty without any.
        fileprivate(set) var attributes: [(attribute: HTMLAttribute, value: ArraySlice<UInt8>)] = []

        subscript(attribute: HTMLAttribute) -> ArraySlice<UInt8>? {
            attributes.first { $0.attribute == attribute }?.value
        }
    }

    enum Token {
        case text(ArraySlice<UInt8>)
        case tag(Tag)
    }

    private let bytes: [UInt8]
    private var position = 0
    private let notesReferences: Bool
    /// Where the names are by which parts of the message were referred to so far, if they are noted.
    private(set) var references: [Range<Int>] = []

    init(_ html: [UInt8], notesReferences: Bool = false) {
        bytes = html
        self.notesReferences = notesReferences
    }

    init(_ html: String, notesReferences: Bool = false) {
        self.init(Array(html.utf8), notesReferences: notesReferences)
    }

    /// The next piece, comments and the content of invisible elements left out; nil at the end.
    mutating func next() -> Token? {
        while position < bytes.count {
            let start = position
            if bytes[position] != UInt8(ascii: "<") || !beginsMarkup(at: position + 1) {
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
                return .text(bytes[start..<position])
            }
            let second = bytes[position + 1]
            if second == UInt8(ascii: "!") || second == UInt8(ascii: "?") {
                skipDeclaration()
                continue
            }
            guard let tag = tag() else { return nil }
            if !tag.isEnd, tag.element.isInvisible {
                skipContent(of: tag.element)
                continue
            }
            return .tag(tag)
        }
        return nil
    }

    private func beginsMarkup(at index: Int) -> Bool {
        guard index < bytes.count else { return false }
        let byte = bytes[index]
        if byte == UInt8(ascii: "/") { return index + 1 < bytes.count && bytes[index + 1].isLetter }
        return byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") || byte.isLetter
    }

    /// A comment up to `-->`, anything else up to `>`; without an end it is all the rest.
    private mutating func skipDeclaration() {
        let start = position
        defer { note(start..<position) }
        let isComment = bytes[position...].starts(with: "<!--".utf8)
        // The dashes of `<!-->` begin the comment and end it.
        position += 2
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: ">"), !isComment || endsComment(from: start) { return }
        }
    }

    /// Tells whether `-->` or `--!>` stands before the position, behind the `<!` at `start`.
    private func endsComment(from start: Int) -> Bool {
        var end = position - 1
        if end - start > 6, bytes[end - 1] == UInt8(ascii: "!") { end -= 1 }
        return end - start >= 4 && bytes[end - 1] == UInt8(ascii: "-") && bytes[end - 2] == UInt8(ascii: "-")
    }

    /// Moves behind the end tag, or to the end.
    private mutating func skipContent(of element: HTMLElement) {
        let start = position
        defer { if element == .style { note(start..<position) } }
        let end = "</" + element.rawValue
        let length = end.utf8.count
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "<"), bytes[position...].prefix(length).isSame(asLowercase: end),
                position + length >= bytes.count || !bytes[position + length].isLetterOrDigit
            {
                skip { $0 != UInt8(ascii: ">") }
                if position < bytes.count { position += 1 }
                return
            }
            position += 1
        }
    }

    /// The tag at the current `<`; nil, at the end of the text, if it has no end.
    private mutating func tag() -> Tag? {
        position += 1
        let isEnd = bytes[position] == UInt8(ascii: "/")
        if isEnd { position += 1 }
        let start = position
        skip { !$0.isSpace && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
        let name = HTMLName(bytes[start..<position])
        var tag = Tag(name: name, element: HTMLElement.names[name] ?? .other, isEnd: isEnd)
        while true {
            skip { $0.isSpace || $0 == UInt8(ascii: "/") }
            guard position < bytes.count else { return nil }
            if bytes[position] == UInt8(ascii: ">") {
                tag.isClosed = bytes[position - 1] == UInt8(ascii: "/")
                position += 1
                return tag
            }
            attribute(of: &tag)
        }
    }

    private mutating func attribute(of tag: inout Tag) {
        let start = position
        // A '=' in front is part of the name, so that each attribute takes at least one byte.
        position += 1
        skip { !$0.isSpace && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "=") }
        let attribute = HTMLAttribute.names[HTMLName(bytes[start..<position])]
        let value = attributeValue()
        guard let attribute, tag[attribute] == nil else { return }
        tag.attributes.append((attribute, value))
        if notesReferences, attribute.namesResource { note(value.indices) }
    }

    /// The value behind the name of an attribute; empty if it has none.
    private mutating func attributeValue() -> ArraySlice<UInt8> {
        let end = position
        skip(\.isSpace)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else { return bytes[end..<end] }
        position += 1
        skip(\.isSpace)
        guard position < bytes.count else { return bytes[position...] }
        let quote = bytes[position]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = position
            skip { !$0.isSpace && $0 != UInt8(ascii: ">") }
            return bytes[start..<position]
        }
        position += 1
        let start = position
        skip { $0 != quote }
        defer { if position < bytes.count { position += 1 } }
        return bytes[start..<position]
    }

    private mutating func note(_ range: Range<Int>) {
        if notesReferences { references += ContentReferences.find(in: bytes[range]) }
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while position < bytes.count, isSkipped(bytes[position]) { position += 1 }
    }
}
