internal import Text

/// The text that the encoded-words in a field's value stand for: RFC 2047, section 6.
///
/// A word in another character set than UTF-8 or a part of it, or one that is malformed, stays as it is.
func decodedWords(_ value: some Collection<UInt8>) -> String {
    let bytes = Array(value)
    var out: [UInt8] = []
    var index = 0
    /// Where `out` ended when the last encoded-word did: white space between two of them is not shown.
    var wordEnd: Int?
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "="), let word = encodedWord(in: bytes, at: index) {
            if let wordEnd, out[wordEnd...].allSatisfy(\.isBlank) { out.removeSubrange(wordEnd...) }
            out += word.content
            index = word.end
            wordEnd = out.count
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// `=?charset?encoding?text?=`, at most 75 octets.
private func encodedWord(in bytes: [UInt8], at start: Int) -> (content: [UInt8], end: Int)? {
    let words = bytes[start...].prefix(75)
        .split(separator: UInt8(ascii: "?"), maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count == 5, words[0].elementsEqual("=".utf8), words[4].first == UInt8(ascii: "="),
        words[1].isSame(asLowercase: "utf-8") || words[1].isSame(asLowercase: "us-ascii")
    else { return nil }
    if words[2].isSame(asLowercase: "q") {
        let text = words[3].map { $0 == UInt8(ascii: "_") ? 0x20 : $0 }
        return (quotedPrintableDecoded(text[...]), words[4].startIndex + 1)
    }
    guard words[2].isSame(asLowercase: "b"), let content = Base64.decode(words[3], .lenient) else { return nil }
    return (content, words[4].startIndex + 1)
}

/// RFC 2045, section 6.7. What is not of the encoding stays as it is.
func quotedPrintableDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "=") else {
            out.append(byte)
            continue
        }
        if let high = rest.first?.hexValue, let low = rest.dropFirst().first?.hexValue {
            out.append(high << 4 | low)
            rest = rest.dropFirst(2)
        } else if rest.first == 0x0A {
            rest = rest.dropFirst()
        } else if rest.first == 0x0D {
            rest = rest.dropFirst(rest.dropFirst().first == 0x0A ? 2 : 1)
        } else {
            out.append(byte)
        }
    }
    return out
}
