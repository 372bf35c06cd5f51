internal import Text

/// One tag as it stands in the source.
struct MustacheTag {
    enum Kind: Equatable {
        case variable(isEscaped: Bool)
        case section, inverted, close, partial, parent, block, comment
        case delimiters(open: [UInt8], close: [UInt8])
    }

    let kind: Kind
    /// Without the white space around it; empty for comments and delimiters.
    let name: String
    /// Of the first byte, and of the first byte after it.
    let start: Int
    let end: Int
    let position: Mustache.Position
}

/// Finds the tags of a source, and knows the delimiters that are in force.
struct MustacheScanner {
    let source: [UInt8]
    private let file: String
    private var open = Array("{{".utf8)
    private var close = Array("}}".utf8)
    private var line: Int
    private var lineStart: Int
    private var counted = 0

    /// - Parameter start: where the source begins in its file.
    init(_ source: [UInt8], file: String, at start: Mustache.Position) {
        self.source = source
        self.file = file
        line = start.line
        lineStart = 1 - start.column
    }

    /// The next tag that begins at `offset` or later, or nil. Tags that set delimiters take effect at once. Offsets
    /// never go back from call to call.
    mutating func tag(from offset: Int) throws(TemplateFault) -> MustacheTag? {
        guard let start = find(open, from: offset) else { return nil }
        let position = position(of: start)
        let opening = String(decoding: open, as: UTF8.self)
        var inner = start + open.count
        while inner < source.count, source[inner].isSpace { inner += 1 }
        let (kind, suffix) = kind(at: inner)
        if kind != .variable(isEscaped: true) { inner += 1 }
        guard let end = find(suffix + close, from: inner) else {
            throw TemplateFault(file: file, position, "'\(opening)' is not closed")
        }
        let after = end + suffix.count + close.count
        let content = source[inner..<end].trimmed(\.isSpace)
        switch kind {
        case .comment:
            return MustacheTag(kind: kind, name: "", start: start, end: after, position: position)
        case .delimiters:
            let words = content.split(whereSeparator: \.isSpace)
            guard words.count == 2, !content.contains(UInt8(ascii: "=")) else {
                throw TemplateFault(file: file, position, "bad delimiters; new ones are set like {{=<% %>=}}")
            }
            (open, close) = (Array(words[0]), Array(words[1]))
            return MustacheTag(
                kind: .delimiters(open: open, close: close), name: "", start: start, end: after, position: position)
        default:
            let name = String(decoding: content, as: UTF8.self)
            if name.isEmpty { throw TemplateFault(file: file, position, "a tag without a name") }
            if content.contains(where: \.isSpace) {
                throw TemplateFault(file: file, position, "'\(name.prefix(60))' is not a name: white space inside")
            }
            return MustacheTag(kind: kind, name: name, start: start, end: after, position: position)
        }
    }

    /// The kind of the tag whose content begins at `offset`, and the text before its closing delimiter.
    private func kind(at offset: Int) -> (MustacheTag.Kind, suffix: [UInt8]) {
        guard offset < source.count else { return (.variable(isEscaped: true), []) }
        switch source[offset] {
        case UInt8(ascii: "#"): return (.section, [])
        case UInt8(ascii: "^"): return (.inverted, [])
        case UInt8(ascii: "/"): return (.close, [])
        case UInt8(ascii: ">"): return (.partial, [])
        case UInt8(ascii: "<"): return (.parent, [])
        case UInt8(ascii: "$"): return (.block, [])
        case UInt8(ascii: "!"): return (.comment, [])
        case UInt8(ascii: "&"): return (.variable(isEscaped: false), [])
        case UInt8(ascii: "{"): return (.variable(isEscaped: false), [UInt8(ascii: "}")])
        case UInt8(ascii: "="): return (.delimiters(open: [], close: []), [UInt8(ascii: "=")])
        default: return (.variable(isEscaped: true), [])
        }
    }

    /// Whether a tag that closes begins at `offset`.
    func isClosing(at offset: Int) -> Bool {
        let wanted = open + [UInt8(ascii: "/")]
        return source.dropFirst(offset).starts(with: wanted)
    }

    /// The place of a byte; offsets never go back from call to call.
    mutating func position(of offset: Int) -> Mustache.Position {
        while counted < offset {
            if source[counted] == 0x0A {
                line += 1
                lineStart = counted + 1
            }
            counted += 1
        }
        return Mustache.Position(line: line, column: offset - lineStart + 1)
    }

    private func find(_ pattern: [UInt8], from offset: Int) -> Int? {
        var index = offset
        while index + pattern.count <= source.count {
            if source[index] == pattern[0], source[index..<(index + pattern.count)].elementsEqual(pattern) {
                return index
            }
            index += 1
        }
        return nil
    }
}
