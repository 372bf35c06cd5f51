/// The lines between the parts of one message: RFC 2046, section 5.1.1.
///
/// They are the same whenever the same message is composed, and occur nowhere in it: they
/// begin with `=_`, which neither quoted-printable nor base64 can contain, and the number
/// that follows is one that no part in the clear has after such a mark.
struct Boundaries {
    private let number: UInt64

    init(for part: Part, id: MessageID) {
        var taken: Set<UInt64> = []
        part.forEachLeaf { leaf in
            if case .text(let text, .sevenBit) = leaf.body { Boundaries.collect(text.bytes, into: &taken) }
            if case .text(let text, .eightBit) = leaf.body { Boundaries.collect(text.bytes, into: &taken) }
        }
        // FNV-1a. It need not resist anybody: what is taken is known.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        while taken.contains(hash) { hash &+= 1 }
        number = hash
    }

    /// The boundary of the multipart at this depth. All have the same length, so none begins
    /// with another.
    func boundary(_ depth: Int) -> String {
        let digits = String(number, radix: 16)
        return "=_\(String(repeating: "0", count: 16 - digits.count))\(digits)_\(depth)"
    }

    /// Collects the numbers of 16 digits that follow a `=_`.
    private static func collect(_ text: [UInt8], into taken: inout Set<UInt64>) {
        var previous: UInt8 = 0
        for index in text.indices {
            let byte = text[index]
            if byte == UInt8(ascii: "_"), previous == UInt8(ascii: "="), index + 16 < text.count {
                var number: UInt64 = 0
                var isNumber = true
                for digit in text[(index + 1)...(index + 16)] {
                    guard let value = digit.hexValue else {
                        isNumber = false
                        break
                    }
                    number = number << 4 | UInt64(value)
                }
                if isNumber { taken.insert(number) }
            }
            previous = byte
        }
    }
}
