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
        var number = id.mark()
        while taken.contains(number) { number &+= 1 }
        self.number = number
    }

    /// The boundary of the multipart at this depth. All have the same length, so none begins
    /// with another.
    func boundary(_ depth: Int) -> String {
        "=_\(MessageID.digits(number))_\(depth)"
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
