/// Base64 (RFC 4648, section 4).
package enum Base64 {
    /// How much of what is not exactly the encoding of some bytes is taken nevertheless.
    package enum Strictness: Sendable {
        /// Nothing.
        case exact
        /// Line ends, padding that is missing, and bits in the last digit that mean nothing.
        case lenient
    }

    /// The bytes that `text` encodes; nil if it is not of the alphabet, or not whole.
    package static func decode(_ text: some Collection<UInt8>, _ strictness: Strictness) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for byte in text {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            if strictness == .lenient, byte == 0x0A || byte == 0x0D { continue }
            guard padding == 0, let digit = digit(byte) else { return nil }
            bits = bits << 6 | digit
            count += 1
            if count == 4 {
                bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
                bytes.append(UInt8(truncatingIfNeeded: bits))
                (bits, count) = (0, 0)
            }
        }
        let missing = count == 0 ? 0 : 4 - count
        guard padding == missing || (padding == 0 && strictness == .lenient) else { return nil }
        switch count {
        case 0: break
        case 2:
            if strictness == .exact, bits & 0xF != 0 { return nil }
            bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
        case 3:
            if strictness == .exact, bits & 0x3 != 0 { return nil }
            bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
        default: return nil
        }
        return bytes
    }

    /// `bytes` encoded, padded, without line ends.
    package static func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let left = bytes.endIndex - index
            let first = bytes[index]
            let second = left > 1 ? bytes[index + 1] : 0
            let third = left > 2 ? bytes[index + 2] : 0
            text.append(letter(first >> 2))
            text.append(letter((first & 3) << 4 | second >> 4))
            text.append(left > 1 ? letter((second & 15) << 2 | third >> 6) : UInt8(ascii: "="))
            text.append(left > 2 ? letter(third & 63) : UInt8(ascii: "="))
            index += 3
        }
        return text
    }

    /// `bytes` encoded, padded, without line ends.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes[...]) }

    private static func digit(_ letter: UInt8) -> UInt32? {
        switch letter {
        case 0x41...0x5A: UInt32(letter) - 0x41
        case 0x61...0x7A: UInt32(letter) - 0x61 + 26
        case 0x30...0x39: UInt32(letter) - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func letter(_ digit: UInt8) -> UInt8 {
        switch digit {
        case 0..<26: 0x41 + digit
        case 26..<52: 0x61 + digit - 26
        case 52..<62: 0x30 + digit - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
