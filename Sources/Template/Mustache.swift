internal import Text

/// A parsed Mustache template: the core specification and its inheritance module.
///
/// Parsed once and rendered often. What the specification leaves open is decided so:
/// - `null`, `false`, `""` and `[]` are false; every number is true, 0 too.
/// - Numbers render as they were written, `null` as nothing, arrays and objects as JSON.
/// - A name has no white space inside, so that the block helpers of other languages are an
///   error and do not pass silently for names that no data has.
/// - Inside an override, blocks are parameters of the template that the override is written in.
/// - Lambdas and dynamic names are not offered.
package struct Mustache: Equatable, Sendable {
    /// Where it was read from, for errors.
    package let file: String
    package let nodes: [Node]
    /// The files that it refers to as `cid:NAME`, in the order of the source.
    let fileReferences: [FileReference]

    package enum Node: Equatable, Sendable {
        case text(Text)
        case variable(Variable)
        case section(Section)
        case partial(Partial)
        case parent(Parent)
        case block(Block)
    }

    /// Bytes that are output as they are. In a partial, the indentation of its tag goes
    /// before the text if it starts a line, and after every newline within it.
    package struct Text: Equatable, Sendable {
        package var bytes: [UInt8]
        package var startsLine: Bool
        /// Whether lines start within the bytes, so that indentation has to be put in there.
        var hasInnerLines: Bool

        init(_ bytes: [UInt8], startsLine: Bool) {
            self.bytes = bytes
            self.startsLine = startsLine
            hasInnerLines = bytes.dropLast().contains(0x0A)
        }
    }

    /// `{{name}}`, `{{{name}}}` or `{{&name}}`.
    package struct Variable: Equatable, Sendable {
        package let name: Name
        /// False for the last two forms.
        package let isEscaped: Bool
        package let position: Position
    }

    /// `{{#name}}…{{/name}}`, or inverted `{{^name}}…{{/name}}`.
    package struct Section: Equatable, Sendable {
        package let name: Name
        package let isInverted: Bool
        package var body: [Node]
        package let position: Position
    }

    /// `{{>name}}`.
    package struct Partial: Equatable, Sendable {
        package let name: String
        /// White space that each of its lines begins with; only a tag that is alone on its line has it.
        package var indent: [UInt8]
        package let position: Position
    }

    /// `{{<name}}…{{/name}}`: another template, some of whose blocks are overridden.
    package struct Parent: Equatable, Sendable {
        package let name: String
        package var indent: [UInt8]
        package let overrides: [Block]
        package let position: Position
    }

    /// `{{$name}}…{{/name}}`: a parameter with its default or, directly inside a parent, what overrides it.
    package struct Block: Equatable, Sendable {
        package let name: String
        package var body: [Node]
        /// The indentation of an override's lines: the white space that the default begins with or, without any, the
        /// white space before the tag.
        var indent: [UInt8]
        /// Whether the opening tag is alone on its line, so that the content is whole lines.
        var isStandalone: Bool
        /// Whether the content ends with the end of a line.
        var endsLine: Bool
        package let position: Position
    }

    /// A dotted name, resolved part by part; `.` has no parts.
    package struct Name: Equatable, Sendable {
        package let text: String
        package let parts: [String]
    }

    /// Where a tag begins. Both from 1; the column counts bytes.
    package struct Position: Equatable, Sendable, CustomStringConvertible {
        package let line: Int
        package let column: Int
        package var description: String { "\(line):\(column)" }
    }
}

extension Mustache {
    /// Parses UTF-8.
    ///
    /// `file` names the source in errors, `start` is where it begins there. On error nothing is
    /// known of the template but its first fault.
    package init(
        parsing source: [UInt8], file: String, at start: Position = Position(line: 1, column: 1)
    ) throws(TemplateFault) {
        if let offset = firstInvalidUTF8(source.span) {
            let before = source[..<offset]
            throw TemplateFault(
                file: file, line: before.count { $0 == 0x0A } + 1,
                column: offset - (before.lastIndex(of: 0x0A) ?? -1), reason: "not valid UTF-8")
        }
        var parser = MustacheParser(source, file: file, at: start)
        self.file = file
        nodes = try parser.parse()
        fileReferences = try Self.fileReferences(in: source, file: file, at: start)
    }

    /// Parses `source`; see ``init(parsing:file:at:)``.
    package init(
        parsing source: String, file: String, at start: Position = Position(line: 1, column: 1)
    ) throws(TemplateFault) {
        try self.init(parsing: Array(source.utf8), file: file, at: start)
    }
}
