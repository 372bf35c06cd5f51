internal import JSON
internal import Schema
internal import Text

/// A schema's words for people, and its rules that no type can express: the text of a comment.
package struct Remarks: Equatable, Sendable {
    /// Each a paragraph, free of control characters, line breaks and what reorders text.
    package let paragraphs: [String]

    package static let none = Remarks(paragraphs: [])

    private init(paragraphs: [String]) { self.paragraphs = paragraphs }

    init(_ text: String) { self.init(paragraphs: visibleLines(of: text)) }

    private static let facts = [
        "format", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
        "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
    ]

    /// Title and description, then bounds and the like in the words of the schema.
    ///
    /// - Parameter name: what it is called anyway; a title that says no more is left out.
    init(_ schema: Subschema, name: String) {
        var paragraphs: [String] = []
        if let title = schema["title"]?.string, title != name { paragraphs += visibleLines(of: title) }
        if let text = schema["description"]?.string { paragraphs += visibleLines(of: text) }
        let facts = Remarks.facts.compactMap { keyword in
            schema[keyword].map { "\(keyword) \(brief($0))" }
        }
        if !facts.isEmpty { paragraphs.append(facts.joined(separator: ", ")) }
        if let value = schema["default"] { paragraphs.append("If left out: \(brief(value))") }
        if schema.isSecret { paragraphs.append("A secret: masked by every command, and in what is kept of sent mail.") }
        if schema["deprecated"] == true { paragraphs.append("Deprecated.") }
        self.init(paragraphs: paragraphs)
    }

    /// The remarks, and which values there are, for a language without a type for them.
    func listing(_ values: [JSON]) -> Remarks {
        Remarks(paragraphs: paragraphs + ["One of \(values.map(brief).joined(separator: ", "))"])
    }

    /// The paragraphs in lines of at most `width` characters, if their words allow.
    func lines(width: Int) -> [String] {
        paragraphs.flatMap { paragraph -> [String] in
            var lines: [String] = []
            for word in paragraph.pieces(at: " ") where !word.isEmpty {
                if let last = lines.last, last.count + word.count < width {
                    lines[lines.count - 1] = "\(last) \(word)"
                } else {
                    lines.append(String(word))
                }
            }
            return lines
        }
    }
}

private func brief(_ value: JSON) -> String {
    let text = visibleLines(of: value.text).joined(separator: " ")
    return text.count > 200 ? "\(text.prefix(200))…" : text
}

/// The lines of a text that have anything visible in them; what could end a line of source, or make
/// it look other than it is, stands as U+FFFD.
private func visibleLines(of text: String) -> [String] {
    text.unicodeScalars.split(whereSeparator: isLineBreak).compactMap { line in
        var shown = String.UnicodeScalarView()
        for scalar in line { shown.append(scalar == "\t" ? " " : scalar.isPrintable ? scalar : "\u{FFFD}") }
        return shown.allSatisfy { $0 == " " } ? nil : String(shown)
    }
}

private func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
}
