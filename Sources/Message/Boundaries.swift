internal import Text

/// The lines between the parts of one message: RFC 2046, section 5.1.1.
///
/// They are the same whenever the same message is composed, and occur nowhere in it: they
/// begin with `=_`, which neither quoted-printable nor base64 can contain, and the number
/// that follows is one that no part in the clear has after such a mark.
struct Boundaries {
    private let number: UInt64

    init(for part: Part, id: MessageID) {
        var taken: Set<UInt64> = []
        // A message of one part has no boundaries: nothing is searched.
        if case .multipart = part {
            part.forEachLeaf { leaf in
                if case .text(let text, .sevenBit) = leaf.body { Boundaries.collect(text.bytes, into: &taken) }
                if case .text(let text, .eightBit) = leaf.body { Boundaries.collect(text.bytes, into: &taken) }
            }
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
        text.withUnsafeBufferPointer { text in
            var index = 1
            search: while index + 16 < text.count {
                defer { index += 1 }
                guard text[index] == UInt8(ascii: "_"), text[index - 1] == UInt8(ascii: "=") else { continue }
                var number: UInt64 = 0
                for digit in text[(index + 1)...(index + 16)] {
                    guard let value = digit.hexValue else { continue search }
                    number = number << 4 | UInt64(value)
                }
                taken.insert(number)
            }
        }
    }
}
