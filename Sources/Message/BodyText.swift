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
            let run = Self.plainRun(source, from: index)
            (index, literals) = (index + run, literals + run)
            if index == source.count { break }
            let byte = source[index]
            if byte == 0x09 {
                literals += 1
            } else if byte == 0x0D || byte == 0x0A {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: source[plain..<index]))
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
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: source[plain...]))
        if bytes.count > lineStart { endLine() }
        // Line ends are two octets in any encoding; what is not literal takes three.
        let others = bytes.count - lineCount * 2 - literals
        quotedLength = literals + lineCount * 2 + others * 3
    }

    /// How many octets from `start` on are printable ASCII and no equals sign.
    private static func plainRun(_ source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        let raw = UnsafeRawBufferPointer(source)
        while source.count - index >= 8 {
            if Self.hasOthers(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { break }
            index += 8
        }
        while index < source.count, source[index].isPrintable, source[index] != UInt8(ascii: "=") { index += 1 }
        return index - start
    }

    /// Whether one of eight octets is a control character, above ASCII, or an equals sign. Each test sets the highest bit
    /// of such an octet; a carry makes another one's false only where one is set already.
    private static func hasOthers(_ octets: UInt64) -> Bool {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let equals = octets ^ (0x3D &* ones)
        let below = (octets &- 0x20 &* ones) & ~octets
        return (octets | octets &+ ones | below | (equals &- ones) & ~equals) & highs != 0
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
