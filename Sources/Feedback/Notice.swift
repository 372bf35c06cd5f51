internal import Message
internal import Text

/// The text of a bounce for people, and the original that it quotes behind that.
struct Notice {
    /// The lines before the original.
    let lines: [ArraySlice<UInt8>]
    /// The original as it is quoted or embedded, header first; empty where it is missing.
    let original: ArraySlice<UInt8>

    private static let textLimit = 64 << 10

    init(_ message: FoundMessage) {
        var text: [UInt8] = []
        var original: ArraySlice<UInt8> = []
        var html: [UInt8]?
        for part in message.parts {
            if part.isOriginal {
                if original.isEmpty { original = part.content.prefix(Self.textLimit) }
            } else if part.type.isExactly("text/plain") || part.type.isExactly("text") || part.type.isEmpty {
                // What follows the original is its own.
                if !original.isEmpty, !text.isEmpty { continue }
                if text.count < Self.textLimit { text += part.content.prefix(Self.textLimit) + [0x0A] }
            } else if part.type.isExactly("text/html"), html == nil {
                html = part.content
            }
        }
        if text.allSatisfy(\.isSpace), let html { text = withoutTags(html.prefix(Self.textLimit)) }
        text = withoutShifts(text)
        var lines: [ArraySlice<UInt8>] = []
        var quoted: ArraySlice<UInt8> = []
        for line in Feedback.lines(of: text[...]) {
            let isFirst = lines.allSatisfy { $0.allSatisfy(\.isSpace) }
            if !isFirst, isOriginalMarker(line) || isTraceField(line) {
                quoted = text[line.startIndex...]
                break
            }
            lines.append(line)
        }
        self.lines = lines
        self.original = original.isEmpty ? quoted : original
    }

    /// All of the text, for phrases that stand anywhere.
    var text: [UInt8] { Array(lines.joined(separator: [0x0A])) }
}

extension FoundMessage.Part {
    /// The message that the report is about, or its header.
    var isOriginal: Bool {
        type.begins(with: "message/rfc822") || type.begins(with: "text/rfc822") || type.isExactly("message/global")
            || type.isExactly("message/global-headers") || type.isExactly("message/partial")
    }
}

/// Whether a line says that the original follows.
private func isOriginalMarker(_ line: ArraySlice<UInt8>) -> Bool {
    let text = line.prefix(200).trimmed(\.isSpace)
    guard let first = text.first, let last = text.last else { return false }
    let begins = "-=*_#+|".utf8.contains(first)
    let ends = last == UInt8(ascii: ":") || "-=*_".utf8.contains(last)
    let isFollowed = Phrases.following.contains { text.suffix($0.utf8.count).isSame(asLowercase: $0) }
    return (begins || ends || isFollowed) && PhraseSet.original.isIn(text)
}

/// Whether a line is a field that only the header of a message begins with.
private func isTraceField(_ line: ArraySlice<UInt8>) -> Bool {
    for name in ["received: ", "return-path: ", "dkim-signature: ", "x-received: ", "arc-seal: "]
    where line.prefix(name.utf8.count).isSame(asLowercase: name) { return true }
    return false
}

/// A page as plain text, as far as it takes to find words in it: tags end words, entities of markup are decoded.
func withoutTags(_ html: some Sequence<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var tag: [UInt8]?
    for byte in html {
        if tag != nil {
            if byte == UInt8(ascii: ">") {
                let isBreak = ["br", "p", "/p", "div", "/div", "tr", "/tr", "li", "td"].contains { name in
                    tag?.starts(with: name.utf8) == true
                }
                out.append(isBreak ? 0x0A : 0x20)
                tag = nil
            } else if tag?.count ?? 0 < 8 {
                tag?.append(byte.lowercased)
            }
        } else if byte == UInt8(ascii: "<") {
            tag = []
        } else {
            out.append(byte)
        }
    }
    var text: [UInt8] = []
    var rest = out[...]
    while let byte = rest.popFirst() {
        let entity = [("lt;", "<"), ("gt;", ">"), ("amp;", "&"), ("quot;", "\""), ("nbsp;", " "), ("#64;", "@")]
            .first { byte == UInt8(ascii: "&") && rest.starts(with: $0.0.utf8) }
        if let entity {
            text += entity.1.utf8
            rest = rest.dropFirst(entity.0.utf8.count)
        } else {
            text.append(byte)
        }
    }
    return text
}

/// ISO-2022-JP (RFC 1468) with its characters told from ASCII by their highest bits: nothing in them is taken for an
/// address or a word.
func withoutShifts(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(0x1B) else { return text }
    var out: [UInt8] = []
    var isShifted = false
    var index = 0
    while index < text.count {
        if text[index] == 0x1B, index + 2 < text.count {
            if text[index + 1] == UInt8(ascii: "$") { isShifted = true }
            if text[index + 1] == UInt8(ascii: "(") { isShifted = false }
            if "$(".utf8.contains(text[index + 1]) {
                index += 3
                continue
            }
        }
        // A line begins with ASCII.
        if text[index] == 0x0A { isShifted = false }
        out.append(isShifted && text[index] > 0x20 ? text[index] | 0x80 : text[index])
        index += 1
    }
    return out
}
