internal import Text

/// Cuts HTML into text and tags. It never fails: what is not markup is text.
struct HTMLScanner {
    struct Tag {
        /// In lower case.
        var name: String
        var isEnd: Bool
        var href: ArraySlice<UInt8>?
        var alt: ArraySlice<UInt8>?
        /// It says that it is not shown, as the preview text of an inbox does.
        var isHidden = false
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

    init(_ html: String, notesReferences: Bool = false) {
        bytes = Array(html.utf8)
        self.notesReferences = notesReferences
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
            if !tag.isEnd, HTMLScanner.invisible.contains(tag.name) {
                skipContent(of: tag.name)
                continue
            }
            return .tag(tag)
        }
        return nil
    }

    /// Their content is not text, or not meant for the page.
    private static let invisible: Set = [
        "script", "style", "title", "template", "noembed", "noframes", "textarea", "svg",
    ]

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
        position += isComment ? 4 : 2
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: ">"), !isComment || bytes[..<position].suffix(3) == dashes { return }
        }
    }

    private let dashes = Array("-->".utf8)[...]

    /// Moves behind the end tag, or to the end if there is none.
    private mutating func skipContent(of name: String) {
        let start = position
        defer { if name == "style" || name == "svg" { note(start..<position) } }
        let end = Array("</\(name)".utf8)
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "<"),
                bytes[position...].prefix(end.count).isSame(asLowercase: "</\(name)"),
                position + end.count >= bytes.count || !bytes[position + end.count].isLetterOrDigit
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
        // No element that matters has a longer name.
        let length = min(position - start, 20)
        let name = String(unsafeUninitializedCapacity: length) { buffer in
            for index in 0..<length { buffer[index] = bytes[start + index].lowercased }
            return length
        }
        var tag = Tag(name: name, isEnd: isEnd)
        while true {
            skip { $0.isSpace || $0 == UInt8(ascii: "/") }
            guard position < bytes.count else { return nil }
            if bytes[position] == UInt8(ascii: ">") {
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
        skip { !$0.isSpace && !"/>=".utf8.contains($0) }
        let name = bytes[start..<position]
        if name.isSame(asLowercase: "hidden") { tag.isHidden = true }
        skip(\.isSpace)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else { return }
        position += 1
        skip(\.isSpace)
        guard position < bytes.count else { return }
        let quote = bytes[position]
        let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        if isQuoted { position += 1 }
        let valueStart = position
        skip { isQuoted ? $0 != quote : !$0.isSpace && $0 != UInt8(ascii: ">") }
        let value = bytes[valueStart..<position]
        if isQuoted, position < bytes.count { position += 1 }
        if name.isSame(asLowercase: "href"), tag.href == nil { tag.href = value }
        if name.isSame(asLowercase: "alt"), tag.alt == nil { tag.alt = value }
        if !notesReferences, name.isSame(asLowercase: "style"), HTMLScanner.hides(value) { tag.isHidden = true }
        if notesReferences, HTMLScanner.naming.contains(where: name.isSame(asLowercase:)) { note(value.indices) }
    }

    /// Whether a style is that of an element that is not shown.
    private static func hides(_ style: ArraySlice<UInt8>) -> Bool {
        let text = style.filter { !$0.isSpace }.map(\.lowercased)
        return text.split(separator: UInt8(ascii: ";")).contains { $0.starts(with: "display:none".utf8) }
    }

    /// The attributes that name resources.
    private static let naming = ["src", "background", "href", "style", "srcset", "poster", "data"]

    private mutating func note(_ range: Range<Int>) {
        if notesReferences { references += ContentReferences.find(in: bytes[range]) }
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while position < bytes.count, isSkipped(bytes[position]) { position += 1 }
    }
}
