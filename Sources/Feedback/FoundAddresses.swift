internal import Text

/// Where an address stands in a text.
struct FoundAddress {
    /// As it is written, without angle brackets.
    let text: String
    let range: Range<Int>
}

/// The addresses in a piece of text, as far as they can be told from what stands around them.
///
/// The time is linear: a word that is too long for an address is skipped.
func foundAddresses(in text: ArraySlice<UInt8>) -> [FoundAddress] {
    var found: [FoundAddress] = []
    var start = text.startIndex
    while let at = text[start...].firstIndex(of: UInt8(ascii: "@")) {
        defer { start = max(start, at + 1) }
        var left = at
        if left > start, text[left - 1] == UInt8(ascii: "\""),
            let open = text[max(start, left - 66)..<(left - 1)].lastIndex(of: UInt8(ascii: "\""))
        {
            left = open
        } else {
            while left > start, at - left < 128, isLocalPart(text[left - 1]) { left -= 1 }
            // Quotation marks and slashes that stand around it.
            while left < at, "'/.=".utf8.contains(text[left]), !text[left...].starts(with: "=?".utf8) { left += 1 }
        }
        var right = at + 1
        if right < text.endIndex, text[right] == UInt8(ascii: "[") {
            right = text[right...].prefix(60).firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? right
        } else {
            while right < text.endIndex, right - at < 255, isDomain(text[right]) { right += 1 }
            while right > at + 1, ".-".utf8.contains(text[right - 1]) { right -= 1 }
        }
        guard left < at, right > at + 1 else { continue }
        found.append(FoundAddress(text: String(decoding: text[left..<right], as: UTF8.self), range: left..<right))
        start = right
    }
    return found
}

private func isLocalPart(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || byte >= 0x80 || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte)
}

private func isDomain(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || byte >= 0x80 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: "_")
}

/// The one address that a field's value is about, such as `rfc822; <kijitora@example.jp>`; nil where there is none.
func fieldAddress(_ value: some StringProtocol) -> String? {
    let bytes = Array(value.utf8)
    // Its type ends with a semicolon: RFC 3464, section 2.1.2.
    let behind = bytes.firstIndex(of: UInt8(ascii: ";")).map { $0 + 1 } ?? 0
    let text = bytes[behind...].trimmed(\.isSpace)
    // A local part may be any quoted text: take the whole value where it is an address in angles.
    if text.first == UInt8(ascii: "<"), text.last == UInt8(ascii: ">"), text.count <= 320 {
        let inner = text.dropFirst().dropLast()
        if inner.contains(UInt8(ascii: "@")), !inner.contains(where: { $0.isSpace || $0 == UInt8(ascii: "<") }) {
            return String(decoding: inner, as: UTF8.self)
        }
    }
    return foundAddresses(in: text).first?.text
}

extension String {
    /// The domain in lower case: two addresses that differ in it alone are one.
    var comparable: ExactText {
        guard let at = utf8.lastIndex(of: UInt8(ascii: "@")) else { return ExactText(self) }
        return ExactText(String(self[..<at]) + String(self[at...]).lowercasedASCII)
    }
}
