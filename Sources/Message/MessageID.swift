internal import Text

/// The unique name of a message: `<left@right>`. RFC 5322, section 3.6.4.
package struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// With its angle brackets.
    package let text: String

    package var description: String { text }

    /// The id of a job's message: the same for each attempt, different for each job.
    ///
    /// The job's id is kept where it is a dot-atom; other octets become `%` and two
    /// hexadecimal digits, so that no two ids meet.
    /// - Parameter domain: as ``Address/domain`` has it.
    package init(job id: String, at domain: String) {
        let bytes = Array(id.utf8)
        var left: [UInt8] = []
        left.reserveCapacity(bytes.count + 8)
        for (index, byte) in bytes.enumerated() {
            let isInnerDot =
                byte == UInt8(ascii: ".") && index > 0 && index + 1 < bytes.count
                && bytes[index + 1] != UInt8(ascii: ".")
            if isInnerDot || (byte.isAtomText && byte < 0x80 && byte != UInt8(ascii: "%")) {
                left.append(byte)
            } else {
                left += [UInt8(ascii: "%"), UInt8.hexDigit(byte >> 4), UInt8.hexDigit(byte)]
            }
        }
        text = "<\(String(decoding: left, as: UTF8.self))@\(domain)>"
    }

    /// Takes an id that is written out; nil unless it is `<left@right>` of printable ASCII
    /// without spaces, of at most 900 octets.
    package init?(_ text: String) {
        let inner = text.utf8.dropFirst().dropLast()
        let angles = UInt8(ascii: "<")...UInt8(ascii: ">")
        guard text.utf8.first == angles.lowerBound, text.utf8.last == angles.upperBound, inner.count <= 898,
            inner.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != angles.lowerBound && $0 != angles.upperBound }),
            let at = inner.lastIndex(of: UInt8(ascii: "@")), at > inner.startIndex,
            inner.index(after: at) < inner.endIndex
        else { return nil }
        self.text = text
    }

    /// A number that differs from message to message, and from `name` to `name`: FNV-1a. The mark can be guessed; it
    /// protects nothing.
    func mark(_ name: String = "") -> UInt64 {
        fnv1a(name.utf8, after: fnv1a(text.utf8))
    }

    /// Its 16 hexadecimal digits.
    static func digits(_ mark: UInt64) -> String {
        let digits = String(mark, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
