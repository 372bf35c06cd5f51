internal import Text

extension Wire {
    /// `=?utf-8?q?` and `?=`.
    private static let frame = 12
    private static let longestWord = 75

    /// Appends a space and `text` as encoded-words with a folded line between them. RFC 2047.
    ///
    /// No word splits a character or is longer than 75 octets, no line longer than 76; the
    /// encoding is the shorter one for the whole. In base64 only the last word has padding:
    /// readers that decode neighbours as one, as GMime does, end there. The form is that for
    /// phrases, section 5 (3), which is valid everywhere. `text` must be UTF-8.
    mutating func encodedWords(_ text: ArraySlice<UInt8>) {
        var quotedLength = 0
        for byte in text { quotedLength += Wire.isLiteralInWord(byte) ? 1 : 3 }
        let isQuoted = quotedLength <= (text.count + 2) / 3 * 4
        var rest = text
        repeat {
            var room = min(Wire.longestWord, Wire.fold - column - 1) - Wire.frame
            // A fragment is not worth its frame; and the longest character takes 12 octets.
            if room < 24 && column > 1 {
                endLine()
                room = Wire.longestWord - Wire.frame
            }
            append(0x20)
            let chunk: ArraySlice<UInt8>
            if !isQuoted, let unpadded = Wire.unpadded(rest, upTo: room / 4 * 3) {
                chunk = unpadded
                append("=?utf-8?b?")
                appendBase64(chunk)
            } else {
                chunk = Wire.quotable(rest, in: room)
                append("=?utf-8?q?")
                for byte in chunk { appendQuoted(byte) }
            }
            append("?=")
            rest = rest[chunk.endIndex...]
        } while !rest.isEmpty
    }

    private static func isLiteralInWord(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || byte == 0x20 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/")
            || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "+")
    }

    private mutating func appendQuoted(_ byte: UInt8) {
        if byte == 0x20 {
            append(UInt8(ascii: "_"))
        } else if Wire.isLiteralInWord(byte) {
            append(byte)
        } else {
            append(UInt8(ascii: "="))
            append(UInt8.hexDigit(byte >> 4))
            append(UInt8.hexDigit(byte))
        }
    }

    /// The longest prefix of whole characters that takes `room` octets in the encoding Q.
    private static func quotable(_ text: ArraySlice<UInt8>, in room: Int) -> ArraySlice<UInt8> {
        var cost = 0
        var boundary = text.startIndex
        for index in text.indices {
            if !text[index].isContinuation { boundary = index }
            cost += isLiteralInWord(text[index]) ? 1 : 3
            if cost > room { return text[..<boundary] }
        }
        return text
    }

    /// All of the text, or the longest prefix of whole characters that base64 does not pad; nil if
    /// no such prefix has at most `limit` octets, a multiple of three.
    private static func unpadded(_ text: ArraySlice<UInt8>, upTo limit: Int) -> ArraySlice<UInt8>? {
        if text.count <= limit { return text }
        let ends = stride(from: text.startIndex + limit, to: text.startIndex, by: -3)
        return ends.first { !text[$0].isContinuation }.map { text[..<$0] }
    }
}
