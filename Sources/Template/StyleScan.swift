internal import Text

/// The uses of CSS in a style sheet, or a `style` attribute: each with its kind, as ``ClientTable`` names it, and its place.
struct StyleScan {
    struct Use {
        let kind: String
        let name: String
        let offset: Int
    }

    private(set) var uses: [Use] = []

    private static let limit = 20_000

    /// - Parameter isSheet: whether there are selectors; an attribute has declarations alone.
    init(_ text: ArraySlice<UInt8>, isSheet: Bool) {
        var index = text.startIndex
        // A property's name stands behind one of these, and before a colon.
        var isDeclaration = !isSheet
        var statement = index
        var property = ""
        while index < text.endIndex, uses.count < StyleScan.limit {
            let byte = text[index]
            if text[index...].starts(with: "/*".utf8) {
                index = StyleScan.end(of: "*/", in: text, from: index + 2)
                continue
            }
            if text[index...].starts(with: "{{".utf8) {
                index = StyleScan.end(of: "}}", in: text, from: index + 2)
                continue
            }
            switch byte {
            case UInt8(ascii: "{"):
                isDeclaration = true
                statement = index + 1
                property = ""
            case UInt8(ascii: "}"):
                isDeclaration = false
                statement = index + 1
                property = ""
            case UInt8(ascii: ";"):
                statement = index + 1
                property = ""
            case UInt8(ascii: ":") where isDeclaration && property.isEmpty:
                let name = StyleScan.word(in: text, from: statement)
                // In a rule within `@media` this may be a selector.
                let isSelector = StyleScan.isSelector(text, from: index)
                if isSheet, isSelector {
                    add(selector: text, at: index)
                } else if !name.word.isEmpty {
                    property = name.word
                    uses.append(Use(kind: "property", name: property, offset: name.start))
                    let value = StyleScan.word(in: text, from: index + 1)
                    if !value.word.isEmpty {
                        uses.append(Use(kind: "value", name: "\(property):\(value.word)", offset: name.start))
                    }
                }
            case UInt8(ascii: ":") where !isDeclaration: add(selector: text, at: index)
            case UInt8(ascii: "@"):
                let name = StyleScan.word(in: text, from: index + 1)
                uses.append(Use(kind: "at", name: name.word, offset: index))
                isDeclaration = false
            case UInt8(ascii: "("):
                let name = StyleScan.wordBefore(index, in: text)
                if isDeclaration, !name.isEmpty {
                    uses.append(Use(kind: "function", name: name, offset: index - name.utf8.count))
                } else if !isDeclaration {
                    let feature = StyleScan.word(in: text, from: index + 1)
                    uses.append(Use(kind: "feature", name: feature.word, offset: index))
                }
            case _ where byte.isDigit && isDeclaration && !property.isEmpty:
                var end = index
                while end < text.endIndex, text[end].isDigit || text[end] == UInt8(ascii: ".") { end += 1 }
                let unit = text[end...].prefix(while: \.isLetter)
                let before = index > text.startIndex ? text[index - 1] : 0x20
                // Not the digits of a name or a colour.
                if !unit.isEmpty, !before.isLetterOrDigit, before != UInt8(ascii: "#") {
                    uses.append(Use(kind: "unit", name: String(decoding: unit, as: UTF8.self), offset: index))
                }
                index = max(unit.endIndex, index + 1)
                continue
            default: break
            }
            index += 1
        }
    }

    private mutating func add(selector text: ArraySlice<UInt8>, at colon: Int) {
        let isElement = colon + 1 < text.endIndex && text[colon + 1] == UInt8(ascii: ":")
        if colon > text.startIndex, text[colon - 1] == UInt8(ascii: ":") { return }
        let name = StyleScan.word(in: text, from: colon + (isElement ? 2 : 1)).word
        uses.append(Use(kind: "selector", name: (isElement ? "::" : ":") + name, offset: colon))
    }

    /// Whether a brace comes before the next semicolon: then what is there is no declaration.
    private static func isSelector(_ text: ArraySlice<UInt8>, from start: Int) -> Bool {
        for byte in text[start...].prefix(2000) {
            if byte == UInt8(ascii: "{") { return true }
            if byte == UInt8(ascii: ";") || byte == UInt8(ascii: "}") { return false }
        }
        return false
    }

    /// The word that begins behind white space, in lower case.
    private static func word(in text: ArraySlice<UInt8>, from start: Int) -> (word: String, start: Int) {
        var index = start
        while index < text.endIndex, text[index].isSpace { index += 1 }
        let word = text[min(index, text.endIndex)...].prefix { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
        return (String(decoding: word, as: UTF8.self).lowercasedASCII, index)
    }

    private static func wordBefore(_ end: Int, in text: ArraySlice<UInt8>) -> String {
        var start = end
        while start > text.startIndex, text[start - 1].isLetterOrDigit || text[start - 1] == UInt8(ascii: "-") {
            start -= 1
        }
        return String(decoding: text[start..<end], as: UTF8.self).lowercasedASCII
    }

    private static func end(of word: String, in text: ArraySlice<UInt8>, from start: Int) -> Int {
        let wanted = Array(word.utf8)
        var index = min(start, text.endIndex)
        while index < text.endIndex {
            if text[index] == wanted[0], text[index...].starts(with: wanted) { return index + wanted.count }
            index += 1
        }
        return text.endIndex
    }
}
