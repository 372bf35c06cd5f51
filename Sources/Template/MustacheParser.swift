internal import Text

/// Makes the tree of a source.
///
/// A tag whose kind allows it and that has its line to itself takes the line with it: the
/// specification calls that standalone. For parents and blocks the opening and the
/// closing tag need not be on lines of their own.
struct MustacheParser {
    /// How deep sections and blocks may be nested: functions on the tree recurse.
    static let depthLimit = 100

    private let source: [UInt8]
    private let file: String
    private var scanner: MustacheScanner
    private var position = 0
    private var frames: [Frame] = []
    /// The nodes of the innermost frame.
    private var nodes: [Mustache.Node] = []

    /// A tag that waits to be closed.
    private struct Frame {
        enum Kind {
            case section(Mustache.Name, isInverted: Bool)
            /// White space before it, if it may still turn out to be standalone.
            case parent(leading: [UInt8]?)
            case parameter(indent: [UInt8], isStandalone: Bool)
            /// The indentation of its lines; nil if it begins within a line.
            case override(prefix: [UInt8]?)
        }
        let kind: Kind
        let name: String
        let position: Mustache.Position
        /// The nodes of the frame around it.
        let outer: [Mustache.Node]
    }

    init(_ source: [UInt8], file: String, at start: Mustache.Position) {
        self.source = source
        self.file = file
        scanner = MustacheScanner(source, file: file, at: start)
    }

    mutating func parse() throws(TemplateFault) -> [Mustache.Node] {
        while let tag = try scanner.tag(from: position) {
            switch tag.kind {
            case .variable(let isEscaped):
                addText(upTo: tag.start, beforeTag: true)
                let name = try name(tag)
                nodes.append(.variable(.init(name: name, isEscaped: isEscaped, position: tag.position)))
                position = tag.end
            case .comment, .delimiters: finishLine(tag)
            case .partial:
                let indent = Array(source[finishLine(tag)])
                nodes.append(.partial(.init(name: tag.name, indent: indent, position: tag.position)))
            case .section, .inverted:
                finishLine(tag)
                try push(.section(try name(tag), isInverted: tag.kind == .inverted), tag)
            case .parent:
                let before = blankStart(before: tag)
                addText(upTo: before ?? tag.start)
                position = tag.end
                try push(.parent(leading: before.map { Array(source[$0..<tag.start]) }), tag)
            case .block: try openBlock(tag)
            case .close: try closeFrame(tag)
            }
        }
        if let frame = frames.last {
            throw TemplateFault(file: file, frame.position, "'\(frame.name)' is not closed")
        }
        addText(upTo: source.count)
        return nodes
    }

    private func name(_ tag: MustacheTag) throws(TemplateFault) -> Mustache.Name {
        if tag.name == "." { return Mustache.Name(text: ".", parts: []) }
        let parts = tag.name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.contains(where: \.isEmpty) {
            throw TemplateFault(file: file, tag.position, "'\(tag.name.prefix(60))' is not a name: a part is empty")
        }
        return Mustache.Name(text: tag.name, parts: parts.map { String(Substring($0)) })
    }

    private mutating func push(_ kind: Frame.Kind, _ tag: MustacheTag) throws(TemplateFault) {
        if frames.count == Self.depthLimit {
            throw TemplateFault(file: file, tag.position, "nested deeper than \(Self.depthLimit)")
        }
        frames.append(Frame(kind: kind, name: tag.name, position: tag.position, outer: nodes))
        nodes = []
    }

    private mutating func openBlock(_ tag: MustacheTag) throws(TemplateFault) {
        let next = lineEnd(after: tag)
        if case .parent = frames.last?.kind {
            // What stands around overrides is ignored, so only what follows counts.
            position = next ?? tag.end
            return try push(.override(prefix: next.map { indentation(from: $0) ?? [] }), tag)
        }
        let before = blankStart(before: tag)
        var indent = before.map { Array(source[$0..<tag.start]) } ?? []
        if let before, let next {
            addText(upTo: before)
            position = next
            indent = indentation(from: next) ?? indent
            return try push(.parameter(indent: indent, isStandalone: true), tag)
        }
        addText(upTo: tag.start, beforeTag: true)
        position = tag.end
        try push(.parameter(indent: indent, isStandalone: false), tag)
    }

    private mutating func closeFrame(_ tag: MustacheTag) throws(TemplateFault) {
        guard let frame = frames.last else {
            throw TemplateFault(file: file, tag.position, "'\(tag.name.prefix(60))' is closed but was not opened")
        }
        guard frame.name.isExactly(tag.name) else {
            throw TemplateFault(
                file: file, tag.position,
                "'\(tag.name.prefix(60))' is closed where '\(frame.name.prefix(60))' of \(frame.position) is open")
        }
        let before = blankStart(before: tag)
        let node: Mustache.Node
        switch frame.kind {
        case .section(let name, let isInverted):
            finishLine(tag)
            node = .section(.init(name: name, isInverted: isInverted, body: nodes, position: frame.position))
            nodes = frame.outer
        case .parameter(let indent, let isStandalone):
            finishLine(tag)
            node = .block(
                .init(
                    name: frame.name, body: nodes, indent: indent, isStandalone: isStandalone,
                    endsLine: before != nil, position: frame.position))
            nodes = frame.outer
        case .override(let prefix):
            addText(upTo: before ?? tag.start)
            position = tag.end
            node = .block(
                .init(
                    name: frame.name, body: prefix.map { nodes.unindented(by: $0) } ?? nodes, indent: [],
                    isStandalone: prefix != nil, endsLine: before != nil, position: frame.position))
            nodes = frame.outer
        case .parent(let leading):
            let overrides = nodes.compactMap { if case .block(let block) = $0 { block } else { nil } }
            let next = lineEnd(after: tag, orEnd: true)
            nodes = frame.outer
            position = tag.end
            var indent: [UInt8] = []
            if let leading, let next {
                indent = leading
                position = next
            } else if let leading {
                nodes.append(.text(.init(leading, startsLine: true)))
            }
            node = .parent(.init(name: frame.name, indent: indent, overrides: overrides, position: frame.position))
        }
        frames.removeLast()
        nodes.append(node)
    }
}

extension MustacheParser {
    /// Adds the text before a tag that may be standalone, and goes on after the tag or,
    /// if it is, after its line.
    /// - Returns: where the white space before the tag is, if it is standalone; else nothing. A place and not its
    /// bytes: for an array that is not used the optimizer of Swift 6.3 writes to memory that it has freed.
    @discardableResult
    private mutating func finishLine(_ tag: MustacheTag) -> Range<Int> {
        if let before = blankStart(before: tag), let next = lineEnd(after: tag, orEnd: true) {
            addText(upTo: before)
            position = next
            return before..<tag.start
        }
        addText(upTo: tag.start, beforeTag: true)
        position = tag.end
        return tag.start..<tag.start
    }

    /// Adds what stands between the current position and `end`. A tag that stays at the
    /// start of a line has an empty text put before it, which says that a line starts there.
    private mutating func addText(upTo end: Int, beforeTag: Bool = false) {
        if position < end {
            nodes.append(.text(.init(Array(source[position..<end]), startsLine: isLineStart(position))))
            position = end
        }
        if beforeTag, isLineStart(end) { nodes.append(.text(.init([], startsLine: true))) }
    }

    private func isLineStart(_ offset: Int) -> Bool { offset == 0 || source[offset - 1] == 0x0A }

    /// Where the white space before the tag begins, if nothing else stands before it on its line.
    private func blankStart(before tag: MustacheTag) -> Int? {
        var index = tag.start
        while index > position, source[index - 1].isBlank { index -= 1 }
        return isLineStart(index) ? index : nil
    }

    /// Where the next line begins, if nothing but white space follows the tag on its line.
    private func lineEnd(after tag: MustacheTag, orEnd: Bool = false) -> Int? {
        var index = tag.end
        while index < source.count, source[index].isBlank { index += 1 }
        if index == source.count { return orEnd ? index : nil }
        if source[index] == 0x0D, index + 1 < source.count { index += 1 }
        return source[index] == 0x0A ? index + 1 : nil
    }

    /// The white space that the first line with content begins with; nil if a closing tag comes first, so that the
    /// content is empty.
    private func indentation(from offset: Int) -> [UInt8]? {
        var start = offset
        var index = offset
        while index < source.count, source[index].isSpace {
            if source[index] == 0x0A { start = index + 1 }
            index += 1
        }
        return scanner.isClosing(at: index) ? nil : Array(source[start..<index])
    }
}
