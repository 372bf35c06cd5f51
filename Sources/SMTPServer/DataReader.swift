internal import Glibc

/// Reads a message up to its final dot, takes out the dots that were stuffed (RFC 5321, section
/// 4.5.2), and notices what a strict server must not let pass.
///
/// Only CR LF . CR LF ends a message. A CR or LF alone is kept, is not the end of a line, and is
/// noted: servers that disagree about it can be made to see two messages in one.
package struct DataReader {
    /// Octets of the message so far, CRLFs included, stuffed dots not.
    package private(set) var size = 0
    /// Lines of more than 998 octets (RFC 5322, section 2.1.1).
    package private(set) var longLines = 0
    /// A CR without LF or an LF without CR was seen.
    package private(set) var hasBareNewline = false
    /// Bytes above 127 were seen.
    package private(set) var isEightBit = false
    /// They were seen behind the empty line that ends the header.
    package private(set) var hasEightBitBody = false
    private var isInBody = false

    package init() {}

    private var state = State.lineStart
    private var lineLength = 0

    private enum State { case lineStart, dot, dotCR, inLine, cr }

    package static let lineLimit = 998

    /// Reads from `input`; appends the message's octets to `body` if they are kept.
    ///
    /// Returns how many octets were used: all of them, or those up to the end of the message,
    /// and whether it has ended.
    package mutating func read(
        _ input: UnsafeRawBufferPointer, keep: Bool, into body: inout [UInt8]
    ) -> (used: Int, isComplete: Bool) {
        var index = 0
        // Looked for once and again when passed: a chunk full of CRs would be searched for each.
        var nextLF = -1
        while index < input.count {
            let byte = input[index]
            switch state {
            case .lineStart:
                state = byte == 0x2E ? .dot : .inLine
                if byte == 0x2E { index += 1 }
            case .dot:
                state = byte == 0x0D ? .dotCR : .inLine
                if byte == 0x0D { index += 1 }
            case .dotCR:
                if byte == 0x0A { return (index + 1, true) }
                // The dot was stuffed, and the CR stands alone.
                append(Self.crlf, count: 1, keep, &body)
                hasBareNewline = true
                state = byte == 0x0D ? .cr : .inLine
                if byte == 0x0D { index += 1 }
            case .cr:
                if byte == 0x0A {
                    append(Self.crlf, count: 2, keep, &body)
                    if lineLength - 2 > Self.lineLimit { longLines += 1 }
                    if lineLength == 2 { isInBody = true }
                    lineLength = 0
                    state = .lineStart
                    index += 1
                } else {
                    append(Self.crlf, count: 1, keep, &body)
                    hasBareNewline = true
                    state = .inLine
                }
            case .inLine:
                if nextLF < index { nextLF = Self.find(0x0A, in: input, from: index) }
                let cr = Self.find(0x0D, in: input, from: index, to: nextLF)
                if cr < nextLF {
                    append(UnsafeRawBufferPointer(rebasing: input[index..<cr]), keep, &body)
                    state = .cr
                    index = cr + 1
                } else {
                    let end = min(nextLF + 1, input.count)
                    append(UnsafeRawBufferPointer(rebasing: input[index..<end]), keep, &body)
                    if nextLF < input.count { hasBareNewline = true }
                    index = end
                }
            }
        }
        return (index, false)
    }

    private static let crlf: [UInt8] = [0x0D, 0x0A]

    /// The index of `byte`, or the end of the range.
    private static func find(_ byte: Int32, in input: UnsafeRawBufferPointer, from: Int, to: Int? = nil) -> Int {
        let end = to ?? input.count
        guard from < end, let base = input.baseAddress, let found = memchr(base + from, byte, end - from) else {
            return end
        }
        return UnsafeRawPointer(found) - base
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, _ keep: Bool, _ body: inout [UInt8]) {
        size += bytes.count
        lineLength += bytes.count
        var union: UInt8 = 0
        for byte in bytes { union |= byte }
        if union >= 0x80 {
            isEightBit = true
            if isInBody { hasEightBitBody = true }
        }
        if keep { body.append(contentsOf: bytes) }
    }

    private mutating func append(_ bytes: [UInt8], count: Int, _ keep: Bool, _ body: inout [UInt8]) {
        size += count
        lineLength += count
        if keep { body.append(contentsOf: bytes[..<count]) }
    }
}
