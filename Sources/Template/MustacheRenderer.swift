package import JSON
internal import Text

/// The limits of one rendering, since parameters are not trusted.
package struct RenderLimits: Sendable {
    /// Bytes of output.
    package var output = 16 << 20
    /// How deep sections, partials and blocks may be nested in each other: the stack.
    package var depth = 400
    /// Tags rendered and names compared: the time, less than a tenth of a second.
    package var steps = 2_000_000

    package init() {}
}

/// The escaping of the value of `{{name}}`.
package enum Escape: Sendable {
    /// Nothing: for plain text.
    case none
    /// `& < > " ' = `` ` `` become character references, so that a value cannot end its attribute, and cannot begin
    /// another with a value where the attribute has no quotation marks.
    case html
}

extension Mustache {
    /// Renders the template with `view` as its outermost context.
    ///
    /// A name that is not there renders as nothing, and so does a partial that `partials` lacks.
    package func rendered(
        _ view: JSON, partials: [String: Mustache] = [:], escape: Escape, limits: RenderLimits = RenderLimits()
    ) throws(RenderLimit) -> [UInt8] {
        var renderer = MustacheRenderer(view, partials: partials, escape: escape, limits: limits)
        try renderer.render(nodes, indent: [], overrides: [])
        return renderer.out
    }
}

private struct MustacheRenderer {
    private(set) var out: [UInt8] = []
    private let partials: [String: Mustache]
    private let escape: Escape
    private let limits: RenderLimits
    /// The context stack; the last one is looked into first.
    private var contexts: [JSON]
    private var depth = 0
    private var stepsLeft: Int
    private var lineStart = LineStart.usual

    /// The meaning of a line start, or of output without one, at this point.
    private enum LineStart {
        /// Indentation comes with line starts only.
        case usual
        /// The line is indented already: the next line start adds nothing.
        case done
        /// A line begins here, whether or not the next node says so.
        case due
    }

    init(_ view: JSON, partials: [String: Mustache], escape: Escape, limits: RenderLimits) {
        self.partials = partials
        self.escape = escape
        self.limits = limits
        contexts = [view]
        stepsLeft = limits.steps
        out.reserveCapacity(2048)
    }

    /// - Parameter overrides: those of the parents around, outermost first.
    mutating func render(_ nodes: [Mustache.Node], indent: [UInt8], overrides: [[Mustache.Block]]) throws(RenderLimit) {
        if depth == limits.depth { throw .depth(limits.depth) }
        depth += 1
        for node in nodes {
            try step(1)
            switch node {
            case .text(let text): try write(text, indent: indent)
            case .variable(let variable):
                guard let value = try lookUp(variable.name) else { continue }
                try write(value, escaped: variable.isEscaped, indent: indent)
            case .section(let section): try render(section, indent: indent, overrides: overrides)
            case .partial(let partial):
                guard let template = partials[partial.name] else { continue }
                try render(template.nodes, indent: indent + partial.indent, overrides: overrides)
            case .parent(let parent):
                guard let template = partials[parent.name] else { continue }
                try render(
                    template.nodes, indent: indent + parent.indent,
                    overrides: parent.overrides.isEmpty ? overrides : overrides + [parent.overrides])
            case .block(let block): try render(block, indent: indent, overrides: overrides)
            }
        }
        depth -= 1
    }

    private mutating func render(
        _ section: Mustache.Section, indent: [UInt8], overrides: [[Mustache.Block]]
    ) throws(RenderLimit) {
        let value = try lookUp(section.name) ?? .null
        if section.isInverted {
            if !value.isTrue { try render(section.body, indent: indent, overrides: overrides) }
            return
        }
        guard value.isTrue else { return }
        if case .array(let elements) = value {
            for element in elements {
                try step(1)
                contexts.append(element)
                try render(section.body, indent: indent, overrides: overrides)
                contexts.removeLast()
            }
        } else {
            contexts.append(value)
            try render(section.body, indent: indent, overrides: overrides)
            contexts.removeLast()
        }
    }

    private mutating func render(
        _ block: Mustache.Block, indent: [UInt8], overrides: [[Mustache.Block]]
    ) throws(RenderLimit) {
        for (level, candidates) in overrides.enumerated() {
            try step(candidates.count)
            guard let override = candidates.first(where: { $0.name.isExactly(block.name) }) else { continue }
            let start = out.count
            lineStart = block.isStandalone ? .due : .done
            // Only the parents outside the one that overrides can override what is in it.
            try render(override.body, indent: indent + block.indent, overrides: Array(overrides[..<level]))
            lineStart = .usual
            if block.isStandalone, !override.endsLine, out.count > start { try write([0x0A]) }
            return
        }
        try render(block.body, indent: indent, overrides: overrides)
    }

    /// The value of the innermost context that has the name's first part; its other parts are looked
    /// up in that value and nowhere else.
    private mutating func lookUp(_ name: Mustache.Name) throws(RenderLimit) -> JSON? {
        guard let first = name.parts.first else { return contexts.last }
        for index in contexts.indices.reversed() {
            guard case .object(let object) = contexts[index] else { continue }
            try step(object.count)
            guard var value = object[first] else { continue }
            for part in name.parts.dropFirst() {
                guard case .object(let inner) = value else { return nil }
                try step(inner.count)
                guard let next = inner[part] else { return nil }
                value = next
            }
            return value
        }
        return nil
    }

    private mutating func step(_ count: Int) throws(RenderLimit) {
        stepsLeft -= count
        if stepsLeft < 0 { throw .steps(limits.steps) }
    }
}

extension MustacheRenderer {
    private mutating func write(_ text: Mustache.Text, indent: [UInt8]) throws(RenderLimit) {
        if text.startsLine {
            if lineStart != .done { try write(indent) }
            lineStart = .usual
        } else if !text.bytes.isEmpty {
            try beginOutput(indent: indent)
        }
        if indent.isEmpty || !text.hasInnerLines { return try write(text.bytes) }
        var rest = text.bytes[...]
        while let newline = rest.firstIndex(of: 0x0A), newline + 1 < rest.endIndex {
            try write(rest[...newline])
            try write(indent)
            rest = rest[(newline + 1)...]
        }
        try write(rest)
    }

    private mutating func write(_ value: JSON, escaped: Bool, indent: [UInt8]) throws(RenderLimit) {
        switch value {
        case .null: return
        case .string(let string):
            if string.isEmpty { return }
            try beginOutput(indent: indent)
            try room(for: string.utf8.count)
            if escaped, escape == .html { try writeHTML(string) } else { out.append(contentsOf: string.utf8) }
        case .number(let number):
            try beginOutput(indent: indent)
            try room(for: number.text.utf8.count)
            out.append(contentsOf: number.text.utf8)
        case .bool(let value):
            try beginOutput(indent: indent)
            try write(value ? "true".utf8 : "false".utf8)
        case .array, .object: try write(.string(value.text), escaped: escaped, indent: indent)
        }
    }

    private mutating func beginOutput(indent: [UInt8]) throws(RenderLimit) {
        if lineStart == .due { try write(indent) }
        lineStart = .usual
    }

    private mutating func writeHTML(_ string: String) throws(RenderLimit) {
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "&"): out.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): out.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): out.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): out.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): out.append(contentsOf: "&#39;".utf8)
            case UInt8(ascii: "="): out.append(contentsOf: "&#61;".utf8)
            case UInt8(ascii: "`"): out.append(contentsOf: "&#96;".utf8)
            default:
                out.append(byte)
                continue
            }
            try room(for: 0)
        }
    }

    private mutating func write(_ bytes: some Collection<UInt8>) throws(RenderLimit) {
        try room(for: bytes.count)
        out.append(contentsOf: bytes)
    }

    private func room(for count: Int) throws(RenderLimit) {
        if count > limits.output - out.count { throw .output(limits.output) }
    }
}

extension JSON {
    /// Whether a section of this value is rendered.
    fileprivate var isTrue: Bool {
        switch self {
        case .null, .bool(false): false
        case .string(let string): !string.isEmpty
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }
}
