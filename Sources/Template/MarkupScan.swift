internal import Text

/// The tags of an HTML source, and its style sheets, with their places. Mustache's tags in it are passed over: what they
/// stand for is not known. Linear, and any bytes have a result.
struct MarkupScan {
    struct Attribute {
        /// In lower case.
        let name: String
        let value: String
        let offset: Int
        /// Where the value begins.
        let valueOffset: Int
    }

    struct Tag {
        /// In lower case, without the slash.
        let name: String
        let isEnd: Bool
        /// It ends in `/>`.
        let isEmpty: Bool
        let attributes: [Attribute]
        let offset: Int

        func value(of name: String) -> String? { attributes.first { $0.name == name }?.value }
    }

    private(set) var tags: [Tag] = []
    /// The contents of `<style>`, with where they begin.
    private(set) var sheets: [(text: ArraySlice<UInt8>, offset: Int)] = []

    private static let limit = 50_000

    init(_ bytes: [UInt8]) {
        var index = 0
        while index < bytes.count, tags.count < MarkupScan.limit {
            guard bytes[index] == UInt8(ascii: "<") else {
                index += 1
                continue
            }
            if bytes[index...].starts(with: "<!--".utf8) {
                index = MarkupScan.end(of: "-->", in: bytes, from: index + 4)
                continue
            }
            guard let (found, end) = MarkupScan.tag(in: bytes, at: index) else {
                index += 1
                continue
            }
            index = end
            guard let tag = found else { continue }
            tags.append(tag)
            if !tag.isEnd, tag.name == "style" {
                let close = MarkupScan.start(of: "</style", in: bytes, from: index)
                sheets.append((bytes[index..<close], index))
                index = close
            }
        }
    }

    /// Behind the next place of `word`, or the end.
    private static func end(of word: String, in bytes: [UInt8], from start: Int) -> Int {
        let place = self.start(of: word, in: bytes, from: start)
        return min(place + word.utf8.count, bytes.count)
    }

    private static func start(of word: String, in bytes: [UInt8], from start: Int) -> Int {
        let wanted = Array(word.utf8)
        var index = min(start, bytes.count)
        while index < bytes.count {
            if bytes[index] == wanted[0], bytes[index...].prefix(wanted.count).isSame(asLowercase: word) {
                return index
            }
            index += 1
        }
        return bytes.count
    }

    /// The tag that begins there, and the place after it; a tag that does not end takes the rest of the text, as in a
    /// browser. Nil where no tag begins.
    private static func tag(in bytes: [UInt8], at start: Int) -> (Tag?, Int)? {
        var index = start + 1
        let isEnd = index < bytes.count && bytes[index] == UInt8(ascii: "/")
        if isEnd { index += 1 }
        let nameStart = index
        while index < bytes.count, bytes[index].isLetterOrDigit || bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard index > nameStart, bytes[nameStart].isLetter else { return nil }
        let name = String(decoding: bytes[nameStart..<index], as: UTF8.self).lowercasedASCII
        var attributes: [Attribute] = []
        var isEmpty = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ">") {
                return (
                    Tag(name: name, isEnd: isEnd, isEmpty: isEmpty, attributes: attributes, offset: start), index + 1
                )
            }
            isEmpty = byte == UInt8(ascii: "/")
            if byte.isSpace || isEmpty {
                index += 1
            } else if bytes[index...].starts(with: "{{".utf8) {
                index = end(of: "}}", in: bytes, from: index + 2)
            } else {
                let (attribute, next) = self.attribute(in: bytes, at: index)
                attributes.append(attribute)
                index = max(next, index + 1)
            }
        }
        return (nil, bytes.count)
    }

    private static func attribute(in bytes: [UInt8], at start: Int) -> (Attribute, Int) {
        var index = start
        while index < bytes.count, !bytes[index].isSpace, !"=/>".utf8.contains(bytes[index]) { index += 1 }
        let name = String(decoding: bytes[start..<index], as: UTF8.self).lowercasedASCII
        while index < bytes.count, bytes[index].isSpace { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
            return (Attribute(name: name, value: "", offset: start, valueOffset: index), index)
        }
        index += 1
        while index < bytes.count, bytes[index].isSpace { index += 1 }
        let quote: UInt8? =
            index < bytes.count && (bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'"))
            ? bytes[index] : nil
        if quote != nil { index += 1 }
        let valueStart = index
        while index < bytes.count {
            if bytes[index...].starts(with: "{{".utf8) {
                index = end(of: "}}", in: bytes, from: index + 2)
                continue
            }
            if let quote, bytes[index] == quote { break }
            if quote == nil, bytes[index].isSpace || bytes[index] == UInt8(ascii: ">") { break }
            index += 1
        }
        let value = String(decoding: bytes[valueStart..<min(index, bytes.count)], as: UTF8.self)
        return (
            Attribute(name: name, value: value, offset: start, valueOffset: valueStart),
            quote == nil ? index : index + 1
        )
    }
}
