internal import Text

/// The name of an address below `suppressed/`: the address itself, with what a file's name cannot hold as `%` and two
/// digits of hexadecimal.
///
/// Escaped are `/`, `%`, controls, and a dot at the beginning, since names that begin with a dot are ignored. A name
/// that would be longer than 255 bytes is its first ``kept`` bytes, `%~`, and the SHA-256 of the address.
package struct SuppressionName: Equatable, Sendable {
    /// The name of the file.
    package let text: String

    private static let limit = 255
    private static let kept = 180

    /// The name of an address as an envelope has it.
    package init(_ address: String) {
        let bytes = address.utf8
        // Nearly all of them: nothing is copied.
        if bytes.first != UInt8(ascii: "."), bytes.count <= Self.limit, !bytes.contains(where: Self.isEscaped) {
            text = address
            return
        }
        var name: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            if Self.isEscaped(byte) || place == 0 && byte == UInt8(ascii: ".") {
                name += [UInt8(ascii: "%"), .hexDigit(byte >> 4), .hexDigit(byte & 15)]
            } else {
                name.append(byte)
            }
        }
        if name.count > Self.limit {
            var end = Self.kept
            // Not within a character of UTF-8.
            while end > 0, name[end] & 0xC0 == 0x80 { end -= 1 }
            name = Array(name[..<end]) + "%~".utf8
            for byte in SHA256.digest(Array(bytes)) { name += [.hexDigit(byte >> 4), .hexDigit(byte & 15)] }
        }
        text = String(decoding: name, as: UTF8.self)
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") || byte.isControl
    }

    /// The address that has this name; nil where the name does not say: it was too long, or is the name of no address.
    package static func address(of name: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        guard let address = String(validating: bytes, as: UTF8.self), address.utf8.contains(UInt8(ascii: "@")) else {
            return nil
        }
        // One address has one name.
        return SuppressionName(address).text.isExactly(name) ? address : nil
    }
}
