internal import Text

extension Wire {
    /// Appends quoted-printable with lines of at most 76 octets: RFC 2045, section 6.7.
    ///
    /// `text` has CRLF line ends. White space at the end of a line is encoded, and so is the
    /// F of a line that begins with `From `, which mailbox files would change.
    mutating func appendQuotedPrintable(_ text: [UInt8]) {
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0D) ?? text.count
            appendQuotedPrintable(text, line: start..<end)
            endLine()
            start = end + 2
        }
    }

    private mutating func appendQuotedPrintable(_ text: [UInt8], line: Range<Int>) {
        let endsBlank = !line.isEmpty && text[line.upperBound - 1].isBlank
        let literalEnd = endsBlank ? line.upperBound - 1 : line.upperBound
        var index = line.lowerBound
        var column = 0
        while index < line.upperBound {
            let isFrom = column == 0 && text[index] == UInt8(ascii: "F") && text[index...].starts(with: "From ".utf8)
            if !isFrom {
                let start = index
                let stop = min(literalEnd, index + 75 - column)
                while index < stop, Wire.isLiteralInBody(text[index]) { index += 1 }
                append(text[start..<index])
                column += index - start
                if index == line.upperBound { return }
            }
            let byte = text[index]
            let isLast = index + 1 == line.upperBound
            let isLiteral = !isFrom && index < literalEnd && Wire.isLiteralInBody(byte)
            let width = isLiteral ? 1 : 3
            // 75 and the soft break; the last one of a line may take the break's place.
            if column + width > (isLast ? 76 : 75) {
                append(UInt8(ascii: "="))
                endLine()
                column = 0
                continue
            }
            if isLiteral {
                append(byte)
            } else {
                append(UInt8(ascii: "="))
                append(UInt8.hexDigit(byte >> 4))
                append(UInt8.hexDigit(byte))
            }
            column += width
            index += 1
        }
    }

    private static func isLiteralInBody(_ byte: UInt8) -> Bool {
        byte > 0x1F ? byte < 0x7F && byte != UInt8(ascii: "=") : byte == 0x09
    }

    /// Appends base64 in lines of 76 octets, the last one not ended: RFC 2045, section 6.8.
    mutating func appendBase64Lines(_ content: [UInt8]) {
        var start = 0
        while start < content.count {
            if start > 0 { endLine() }
            let end = min(start + 57, content.count)
            appendBase64(content[start..<end])
            start = end
        }
    }

    /// Appends base64 without line ends.
    mutating func appendBase64(_ content: ArraySlice<UInt8>) { append(Base64.encode(content)) }
}
