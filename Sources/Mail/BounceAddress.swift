internal import Configuration
internal import IDNA
internal import Message
package import Spool
package import Text
package import Time

/// The address that mail comes back to, with a token in it that says whose it was: `bounces+{token}@example.com`
/// (variable envelope return paths).
///
/// A token is 20 characters of `0`-`9` and `a`-`v`: four for a day, and 80 bits of HMAC-SHA256 over the job's id. Who
/// did not get the mail cannot make one.
package struct BounceAddress: Equatable, Sendable {
    /// The text before and after the token.
    private let before: String
    private let after: String
    /// The file that has the key; nil: the spool's own.
    package var keyFile: String?
    /// Without it no address is made, and no token is known.
    package var key: KeyedHash?

    /// RFC 5321, section 4.5.3.1.1.
    private static let localLimit = 64

    /// Takes `bounces+{token}@example.com`; nil for another text, or where the local part is too long.
    package init?(_ text: String) {
        guard let (head, rest) = text.halves(at: "{"), let (word, tail) = rest.halves(at: "}"), word.isExactly("token"),
            tail.utf8.contains(UInt8(ascii: "@")), !tail.utf8.contains(UInt8(ascii: "{"))
        else { return nil }
        let sample = String(repeating: "0", count: BounceToken.length)
        let address: Address
        do throws(AddressError) { address = try Address(parsing: "\(head)\(sample)\(tail)") } catch { return nil }
        guard address.local.utf8.count <= BounceAddress.localLimit, !address.needsSMTPUTF8,
            address.text.begins(with: head)
        else { return nil }
        before = String(head)
        after = String(
            decoding: address.text.utf8.dropFirst(head.utf8.count + BounceToken.length), as: UTF8.self)
    }

    /// The address for the mail of a job: the same at each attempt. Nil without a key.
    /// - Parameter date: the mail's.
    package func address(for id: JobID, date: Timestamp) -> String? {
        key.map { before + BounceToken(id, date: date, key: $0).text + after }
    }

    /// The token in an address that a report was sent to; nil where it has none. Letters may have changed their case.
    package func token(in address: String) -> BounceToken? {
        let address = address.lowercasedASCII
        let (before, after) = (before.lowercasedASCII, after.lowercasedASCII)
        guard address.begins(with: before), address.ends(with: after),
            address.utf8.count == before.utf8.count + BounceToken.length + after.utf8.count
        else { return nil }
        return BounceToken(
            String(decoding: address.utf8.dropFirst(before.utf8.count).prefix(BounceToken.length), as: UTF8.self))
    }
}

/// The part of a bounce address that leads to a job.
package struct BounceToken: Hashable, Sendable {
    package static let length = 20
    private static let dayLength = 4

    /// Its characters.
    package let text: String

    /// Takes what stands in an address; nil unless it has the form.
    package init?(_ text: String) {
        guard text.utf8.count == BounceToken.length, text.utf8.allSatisfy({ BounceToken.value($0) != nil }) else {
            return nil
        }
        self.text = text
    }

    /// That of a job.
    package init(_ id: JobID, date: Timestamp, key: KeyedHash) {
        let day = max(date.seconds / 86400, 0)
        var digits = (0..<BounceToken.dayLength).reversed().map { BounceToken.digit(UInt8(day >> ($0 * 5) & 31)) }
        digits += BounceToken.code(id, key: key)
        text = String(decoding: digits, as: UTF8.self)
    }

    /// The first day, `2026-11-23`, on which the job can have ended.
    package var day: String {
        let days = text.utf8.prefix(BounceToken.dayLength).reduce(Int64(0)) {
            $0 << 5 | Int64(BounceToken.value($1) ?? 0)
        }
        return Timestamp(seconds: days * 86400).day
    }

    /// Whether it is a job's, whatever the day.
    package func isOf(_ id: JobID, key: KeyedHash) -> Bool { isOf(Array(id.text.utf8), key: key) }

    /// Whether it is that of a job with a name of these bytes.
    package func isOf(_ name: [UInt8], key: KeyedHash) -> Bool {
        code.elementsEqual(BounceToken.code(name, key: key))
    }

    /// The characters that only the key gives.
    package var code: String.UTF8View.SubSequence { text.utf8.dropFirst(BounceToken.dayLength) }

    /// The characters that a job's name has under the key.
    package static func code(_ name: [UInt8], key: KeyedHash) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(length - dayLength)
        var (bits, count) = (0, 0)
        for byte in key.code(of: name).prefix(10) {
            bits = (bits << 8 | Int(byte)) & 0xFFF
            count += 8
            while count >= 5 {
                count -= 5
                digits.append(digit(UInt8(bits >> count & 31)))
            }
        }
        return digits
    }

    private static func code(_ id: JobID, key: KeyedHash) -> [UInt8] { code(Array(id.text.utf8), key: key) }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x76: digit - 0x61 + 10
        default: nil
        }
    }
}

extension BounceAddress {
    /// Reads `bounce_address` and `bounce_key`.
    init?(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        let file = main.path("bounce_key")
        guard let text = main.string("bounce_address") else { return nil }
        guard let address = BounceAddress(text) else {
            throw main.fault(
                "'bounce_address' is an address like bounces+{token}@example.com, with room for 20 characters before "
                    + "the 64th, not '\(text)'", at: "bounce_address")
        }
        self = address
        keyFile = file
    }
}
