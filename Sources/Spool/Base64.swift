/// Decodes base64 (RFC 4648, section 4). Line ends are skipped, the padding may be
/// missing; anything else that is not of the alphabet gives nil.
package func base64Decoded(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for byte in text.utf8 {
        let digit: UInt32
        switch byte {
        case 0x41...0x5A: digit = UInt32(byte - 0x41)
        case 0x61...0x7A: digit = UInt32(byte - 0x61 + 26)
        case 0x30...0x39: digit = UInt32(byte - 0x30 + 52)
        case UInt8(ascii: "+"): digit = 62
        case UInt8(ascii: "/"): digit = 63
        case 0x0A, 0x0D: continue
        case UInt8(ascii: "="):
            padding += 1
            continue
        default: return nil
        }
        if padding > 0 { return nil }
        bits = bits << 6 | digit
        count += 1
        if count == 4 {
            bytes += [
                UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8),
                UInt8(truncatingIfNeeded: bits),
            ]
            (bits, count) = (0, 0)
        }
    }
    switch count {
    case 0: return padding == 0 ? bytes : nil
    case 2 where padding == 0 || padding == 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3 where padding <= 1:
        bytes += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
    default: return nil
    }
    return bytes
}
