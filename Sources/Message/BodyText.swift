/// A text with CRLF line ends, and what decides how it can travel.
struct BodyText {
    private(set) var bytes: [UInt8] = []
    /// Octets of the longest line, without its end.
    private(set) var longestLine = 0
    private(set) var isASCII = true
    /// A NUL may not travel in the clear at all.
    private(set) var hasNUL = false
    /// How long it is in quoted-printable, without soft line breaks.
    private(set) var quotedLength = 0
    private var lineStart = 0

    /// CR, LF and CRLF each end a line; the last line gets its end.
    init(_ text: some Collection<UInt8>) {
        bytes.reserveCapacity(text.count + text.count / 16 + 2)
        if text.withContiguousStorageIfAvailable({ read($0) }) == nil {
            Array(text).withUnsafeBufferPointer { read($0) }
        }
    }

    private mutating func read(_ source: UnsafeBufferPointer<UInt8>) {
        var plain = 0
        var index = 0
        var literals = 0
        while index < source.count {
            let byte = source[index]
            if byte.isPrintable || byte == 0x09 {
                if byte != UInt8(ascii: "=") { literals += 1 }
            } else if byte == 0x0D || byte == 0x0A {
                bytes.append(contentsOf: source[plain..<index])
                endLine()
                if byte == 0x0D, index + 1 < source.count, source[index + 1] == 0x0A { index += 1 }
                plain = index + 1
            } else if byte >= 0x80 {
                isASCII = false
            } else if byte == 0 {
                hasNUL = true
            }
            index += 1
        }
        bytes.append(contentsOf: source[plain...])
        if bytes.count > lineStart { endLine() }
        // Line ends are two octets in any encoding; what is not literal takes three.
        let others = bytes.count - lineCount * 2 - literals
        quotedLength = literals + lineCount * 2 + others * 3
    }

    private var lineCount = 0

    private mutating func endLine() {
        longestLine = max(longestLine, bytes.count - lineStart)
        bytes.append(0x0D)
        bytes.append(0x0A)
        lineStart = bytes.count
        lineCount += 1
    }

    /// 7bit where that is allowed, else the shorter of the two encodings.
    var encoding: TransferEncoding {
        if isASCII, !hasNUL, longestLine <= Wire.lineLimit { return .sevenBit }
        let quoted = quotedLength + quotedLength / 73 * 3
        let base64 = (bytes.count + 2) / 3 * 4
        return quoted <= base64 + base64 / 76 * 2 ? .quotedPrintable : .base64
    }
}

/// How octets are written in a body: RFC 2045, section 6.
enum TransferEncoding: String {
    case sevenBit = "7bit"
    case eightBit = "8bit"
    case quotedPrintable = "quoted-printable"
    case base64 = "base64"
}
