internal import Message
internal import Text

/// Where the links of a mail lead: those of its HTML, or of its text where it has no HTML, each once.
struct MailLinks {
    private static let limit = 200

    private(set) var all: [String] = []

    init(_ message: ReadMessage) {
        if let html = message.html { readHTML(html.content) }
        if let text = message.text { readText(text.content) }
    }

    /// The values of `href` in tags.
    private mutating func readHTML(_ bytes: [UInt8]) {
        var index = 0
        var isInTag = false
        while index < bytes.count, all.count < MailLinks.limit {
            switch bytes[index] {
            case UInt8(ascii: "<"): isInTag = true
            case UInt8(ascii: ">"): isInTag = false
            case UInt8(ascii: "h"), UInt8(ascii: "H"):
                guard isInTag, index > 0, bytes[index - 1].isSpace,
                    bytes[index...].prefix(4).isSame(asLowercase: "href")
                else { break }
                var rest = bytes[(index + 4)...].drop(while: \.isSpace)
                guard rest.first == UInt8(ascii: "=") else { break }
                rest = rest.dropFirst().drop(while: \.isSpace)
                let quote =
                    rest.first == UInt8(ascii: "\"") || rest.first == UInt8(ascii: "'") ? rest.removeFirst() : nil
                let value = rest.prefix { quote == nil ? !$0.isSpace && $0 != UInt8(ascii: ">") : $0 != quote }
                add(String(decoding: value, as: UTF8.self).replacing("&amp;", with: "&").replacing("&#38;", with: "&"))
                index = max(index, value.endIndex - 1)
            default: break
            }
            index += 1
        }
    }

    /// Words that begin with `http://` or `https://`, up to white space or an angle.
    private mutating func readText(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "h")), all.count < MailLinks.limit {
            let word = rest[start...].prefix { !$0.isSpace && !"<>\"".utf8.contains($0) }
            guard word.starts(with: "http://".utf8) || word.starts(with: "https://".utf8) else {
                rest = rest[(start + 1)...]
                continue
            }
            var link = word
            // A sentence's end is not the link's.
            while let last = link.last, ".,;:!?)'".utf8.contains(last) { link.removeLast() }
            add(String(decoding: link, as: UTF8.self))
            rest = rest[word.endIndex...]
        }
    }

    private mutating func add(_ link: String) {
        guard link.begins(with: "http://") || link.begins(with: "https://") || link.begins(with: "mailto:"),
            !all.holds(exactly: link)
        else { return }
        all.append(link)
    }
}
