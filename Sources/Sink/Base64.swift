/// Base 64 as SASL uses it (RFC 4648, section 4): padded, without line breaks.
enum Base64 {
    /// Nil for anything that is not exactly the encoding of some bytes.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var place = 0
        var padding = 0
        for byte in text {
            bits <<= 6
            if byte == UInt8(ascii: "="), place >= 2 {
                padding += 1
            } else {
                guard padding == 0, let value = value(of: byte) else { return nil }
                bits |= value
            }
            place += 1
            if place < 4 { continue }
            let group = [UInt8(bits >> 16 & 0xFF), UInt8(bits >> 8 & 0xFF), UInt8(bits & 0xFF)]
            guard group[(3 - padding)...].allSatisfy({ $0 == 0 }) else { return nil }
            out += group[..<(3 - padding)]
            (bits, place) = (0, 0)
            // Padding is for the last group: what follows it finds `padding` set and fails.
        }
        return out
    }

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | (place < group.count ? UInt32(group[place]) : 0) }
            for place in 0..<4 {
                let index = Int(bits >> UInt32(18 - 6 * place) & 63)
                out.append(place <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return out
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
