internal import CProducers
internal import Text

/// The languages of the generated types.
package enum Language: String, CaseIterable, Sendable {
    case swift, typescript, python, php, go, ruby, java, csharp

    /// The source files for these templates, by name; the same input gives the same bytes.
    ///
    /// - Parameter templates: sorted by name.
    /// - Throws: if two templates would have one name, since no number that is put behind one of
    ///   them would stay when a third comes.
    package func files(for templates: [TemplateTypes]) throws(NameClash) -> [SourceFile] {
        var names: [String: String] = [:]
        for template in templates {
            let name = pascal(template.name)
            let key = name.lowercased()  // exact: templates have names of ASCII
            if let other = names.updateValue(template.name, forKey: key) {
                throw NameClash(templates: [other, template.name], name: name)
            }
        }
        switch self {
        case .swift: return swiftFiles(templates)
        case .typescript: return typeScriptFiles(templates)
        case .python: return pythonFiles(templates)
        case .php: return phpFiles(templates)
        case .go: return goFiles(templates)
        case .ruby: return rubyFiles(templates)
        case .java: return javaFiles(templates)
        case .csharp: return csharpFiles(templates)
        }
    }
}

package struct SourceFile: Equatable, Sendable {
    /// A single component.
    package let name: String
    package let text: String

    init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// An embedded file as it is.
    init(name: String, bytes: [UInt8]) { self.init(name: name, text: String(decoding: bytes, as: UTF8.self)) }
}

/// Two templates whose types would have the same name.
package struct NameClash: Error, Equatable, CustomStringConvertible {
    package let templates: [String]
    package let name: String

    package var description: String {
        "the templates \(templates.joined(separator: " and ")) would both be \(name): rename one, or name those wanted"
    }
}

/// The first line of every file, behind what begins a comment there.
let origin = "Made from the templates by outspool types. Change the schemas, not this file."

/// The bytes of an embedded file.
func bytes(_ file: producer_file) -> [UInt8] { [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.size)) }

/// Files of the producer as they are.
func producerFiles(_ files: [(name: String, bytes: [UInt8])]) -> [SourceFile] { files.map(SourceFile.init) }

/// A file of the producer that is the same whatever the templates are.
/// - Parameter comment: what begins a comment to the end of the line.
func producerFile(_ name: String, _ bytes: [UInt8], comment: String) -> SourceFile {
    let note = "\(comment) Made by outspool types. It is the same for all templates.\n"
    return SourceFile(name: name, text: note + String(decoding: bytes, as: UTF8.self))
}

/// A string literal in double quotes: nothing in the text ends it or is evaluated.
///
/// - Parameters:
///   - extra: a character that begins something in this language, as `$` does in PHP.
///   - escape: how a character that is not printable is written; that of Swift, JavaScript, PHP and Ruby by default.
func literal(
    _ text: String, escaping extra: Unicode.Scalar? = nil,
    as escape: (Unicode.Scalar) -> String = { "\\u{\(String($0.value, radix: 16))}" }
) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" || scalar == extra {
            literal += "\\\(scalar)"
        } else if !scalar.isPrintable {
            literal += escape(scalar)
        } else {
            literal.unicodeScalars.append(scalar)
        }
    }
    return literal + "\""
}

/// A string literal of Go and C#.
func literalInUTF32(_ text: String) -> String { literal(text) { "\\U" + digits($0.value, radix: 16, count: 8) } }

/// A number with zeros before it.
func digits(_ number: some BinaryInteger, radix: Int, count: Int) -> String {
    let digits = String(number, radix: radix)
    return String(repeating: "0", count: count - digits.utf8.count) + digits
}

/// A line that does not end the comment `/* */` that it stands in.
func comment(_ line: String) -> String {
    var shown = ""
    for letter in line.unicodeScalars {
        if letter == "/", shown.utf8.last == UInt8(ascii: "*") { shown += " " }
        shown.unicodeScalars.append(letter)
    }
    return shown
}

/// Lines, each at its depth.
struct Source {
    private(set) var text = ""
    private var depth = 0
    private let indentation: String

    init(indentation: Int, of character: String = " ") {
        self.indentation = String(repeating: character, count: indentation)
    }

    mutating func line(_ line: String = "") {
        if !line.isEmpty { text += String(repeating: indentation, count: depth) + line }
        text += "\n"
    }

    /// An opening line, what `body` writes one step deeper, and a closing line.
    mutating func block(_ opening: String, _ closing: String? = "}", _ body: (inout Source) -> Void) {
        line(opening)
        depth += 1
        body(&self)
        depth -= 1
        if let closing { line(closing) }
    }

    /// Whole lines in UTF-8, as they are: a file of the folder Producers, which the build embeds.
    mutating func copy(_ lines: some Collection<UInt8>) { text += String(decoding: lines, as: UTF8.self) }

    /// How many columns a comment has.
    var width: Int { 96 - depth * indentation.count }
}
