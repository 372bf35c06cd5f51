internal import Text

/// Finds values in attributes of HTML that have no quotation marks: a space in such a value ends it, and what follows
/// is more attributes.
///
/// It reads what would be rendered with every section shown once; of a section and its inverted twin the second begins
/// where the first did.
struct AttributeCheck {
    private let partials: [String: Mustache]
    private var position = HTMLPosition()
    /// The inclusions that have not ended.
    private var open: Set<ExactText> = []
    private(set) var findings: [Finding] = []
    private var stepsLeft = 100_000
    private var bytesLeft = 4 << 20

    private struct View {
        var file: String
        /// The replacements of blocks by the parents around, outermost first.
        var overrides: [[(block: Mustache.Block, file: String)]] = []
    }

    init(_ part: Template.Part) {
        partials = part.partials
        walk(part.mustache.nodes, View(file: part.mustache.file))
    }

    private mutating func walk(_ nodes: [Mustache.Node], _ view: View) {
        var twin: (section: Mustache.Section, position: HTMLPosition)?
        for node in nodes {
            stepsLeft -= 1
            if stepsLeft < 0 || bytesLeft < 0 { return }
            switch node {
            case .text(let text):
                bytesLeft -= text.bytes.count
                for byte in text.bytes { position.read(byte) }
                if !text.bytes.allSatisfy(\.isSpace) { twin = nil }
                continue
            case .variable(let variable):
                if position.isInBareValue {
                    let message =
                        "'\(variable.name.text)' stands in an attribute without quotation marks: "
                        + "a space in it begins another attribute"
                    findings.append(Finding(.warning, view.file, variable.position, message))
                }
                position.readValue()
            case .section(let section):
                if let twin, twin.section.name == section.name, twin.section.isInverted != section.isInverted {
                    position = twin.position
                }
                twin = (section, position)
                walk(section.body, view)
                continue
            case .partial(let partial): include(partial.name, view)
            case .parent(let parent):
                var inner = view
                inner.overrides.append(parent.overrides.map { ($0, view.file) })
                include(parent.name, inner)
            case .block(let block): walk(block, view)
            }
            twin = nil
        }
    }

    private mutating func include(_ name: String, _ view: View) {
        guard let partial = partials[name], open.insert(ExactText(name)).inserted else { return }
        defer { open.remove(ExactText(name)) }
        walk(partial.nodes, View(file: partial.file, overrides: view.overrides))
    }

    /// The outermost override wins, as in rendering.
    private mutating func walk(_ block: Mustache.Block, _ view: View) {
        for (level, candidates) in view.overrides.enumerated() {
            guard let override = candidates.first(where: { $0.block.name.isExactly(block.name) }) else { continue }
            let inner = View(file: override.file, overrides: Array(view.overrides[..<level]))
            return walk(override.block.body, inner)
        }
        walk(block.body, view)
    }
}

/// Where in the syntax of HTML a text has come to: HTML, section 13.2.5, as far as values of attributes need it.
struct HTMLPosition {
    private enum State {
        case text, open, endOpen, tagName, beforeName, name, afterName, beforeValue, bareValue
        case quoted(UInt8)
        case markup, declaration
        /// With so many dashes at its end.
        case comment(Int)
        /// In an element without markup, of whose end tag so many bytes have been read.
        case raw(Int)
    }

    private var state = State.text
    private var tagName: [UInt8] = []
    private var isEnd = false
    private var declaration = 0

    private static let rawElements = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"]

    /// Tells whether what comes next is in a value that no quotation mark has begun.
    var isInBareValue: Bool {
        switch state {
        case .beforeValue, .bareValue: true
        default: false
        }
    }

    /// Reads a value that is not known.
    mutating func readValue() {
        switch state {
        case .open, .endOpen: state = .tagName
        case .beforeName, .afterName: state = .name
        case .beforeValue: state = .bareValue
        case .comment: state = .comment(0)
        case .raw: state = .raw(0)
        default: break
        }
    }

    mutating func read(_ byte: UInt8) {
        switch state {
        case .text: if byte == UInt8(ascii: "<") { state = .open }
        case .open: readOpen(byte)
        case .endOpen:
            byte.isLetter ? begin(byte, isEnd: true) : (state = byte == UInt8(ascii: ">") ? .text : .declaration)
        case .tagName:
            if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte.isSpace {
                readBetween(byte)
            } else {
                tagName.append(byte.lowercased)
            }
        case .beforeName: readBetween(byte)
        case .name:
            if byte == UInt8(ascii: "=") {
                state = .beforeValue
            } else if byte.isSpace {
                state = .afterName
            } else if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") {
                readBetween(byte)
            }
        case .afterName:
            if byte == UInt8(ascii: "=") { state = .beforeValue } else if !byte.isSpace { readBetween(byte) }
        case .beforeValue:
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                state = .quoted(byte)
            } else if byte == UInt8(ascii: ">") {
                endTag()
            } else if !byte.isSpace {
                state = .bareValue
            }
        case .bareValue: if byte == UInt8(ascii: ">") { endTag() } else if byte.isSpace { state = .beforeName }
        case .quoted(let quote): if byte == quote { state = .beforeName }
        case .markup:
            declaration += 1
            if byte != UInt8(ascii: "-") {
                state = byte == UInt8(ascii: ">") ? .text : .declaration
            } else if declaration == 2 {
                state = .comment(2)
            }
        case .declaration: if byte == UInt8(ascii: ">") { state = .text }
        case .comment(let dashes):
            if byte == UInt8(ascii: ">"), dashes >= 2 {
                state = .text
            } else {
                state = .comment(byte == UInt8(ascii: "-") ? dashes + 1 : 0)
            }
        case .raw(let count): readRaw(byte, behind: count)
        }
    }

    private mutating func readOpen(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "/"): state = .endOpen
        case UInt8(ascii: "!"): (state, declaration) = (.markup, 0)
        case UInt8(ascii: "?"): state = .declaration
        case UInt8(ascii: "<"): break
        default: byte.isLetter ? begin(byte, isEnd: false) : (state = .text)
        }
    }

    private mutating func begin(_ byte: UInt8, isEnd: Bool) {
        (state, tagName, self.isEnd) = (.tagName, [byte.lowercased], isEnd)
    }

    private mutating func readBetween(_ byte: UInt8) {
        if byte == UInt8(ascii: ">") { return endTag() }
        state = byte.isSpace || byte == UInt8(ascii: "/") ? .beforeName : .name
    }

    private mutating func endTag() {
        let isRaw = !isEnd && HTMLPosition.rawElements.contains { $0.utf8.elementsEqual(tagName) }
        state = isRaw ? .raw(0) : .text
    }

    private mutating func readRaw(_ byte: UInt8, behind count: Int) {
        let wanted = Array("</".utf8) + tagName
        if count == wanted.count {
            // `</title` ends it, `</titles` does not.
            if byte.isSpace || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">") {
                isEnd = true
                return readBetween(byte)
            }
        } else if byte.lowercased == wanted[count] {
            state = .raw(count + 1)
            return
        }
        state = .raw(byte == UInt8(ascii: "<") ? 1 : 0)
    }
}
