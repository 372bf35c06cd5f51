/// References in a text to parts of its own message, as in `src="cid:logo.png"`: RFC 2392.
package enum ContentReferences {
    /// Where the names are, each behind its `cid:`, in their order; as they are written, so
    /// that one may be percent-encoded.
    ///
    /// `bytes` are what an attribute or a style sheet says. A reference begins there, or behind
    /// a quotation mark, a parenthesis, an equals sign, a comma or white space.
    package static func find(in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = bytes.startIndex
        while let colon = bytes[index...].firstIndex(of: UInt8(ascii: ":")) {
            index = colon + 1
            let start = colon - 3
            guard start >= bytes.startIndex, bytes[start..<colon].isSame(asLowercase: "cid"),
                start == bytes.startIndex || opens(bytes[start - 1])
            else { continue }
            let end = bytes[index...].firstIndex(where: ends) ?? bytes.endIndex
            if end > index { found.append(index..<end) }
            index = end
        }
        return found
    }

    /// The name without percent-encoding; nil if that is malformed.
    package static func decoded(_ name: ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = name
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return String(utf8: bytes.span)
    }

    /// The `;` is that of a character reference, `url(&quot;cid:…`.
    private static func opens(_ byte: UInt8) -> Bool { byte <= 0x20 || "\"'(=,;".utf8.contains(byte) }
    private static func ends(_ byte: UInt8) -> Bool { byte <= 0x20 || "\"'()<>,;&#?".utf8.contains(byte) }
}
