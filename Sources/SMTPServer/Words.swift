internal import Text

/// How ASCII words are compared on the way of a command: as bytes, in either case.
extension Collection<UInt8> {
    /// Up to eight letters, digits or hyphens packed into a number, letters in upper case; 0 when
    /// there are more, or none.
    package var packedWord: UInt64 {
        guard !isEmpty, count <= 8 else { return 0 }
        var packed: UInt64 = 0
        for byte in self { packed = packed << 8 | UInt64(byte.uppercased) }
        return packed
    }

    /// Whether these are the bytes of `word`, which is in upper case, in either case.
    package func matches(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in zip(self, letters).allSatisfy { $0.uppercased == $1 } }
    }

    /// The bytes as text, ASCII in upper case; what is not UTF-8 becomes U+FFFD.
    package var uppercasedText: String { String(decoding: map(\.uppercased), as: UTF8.self) }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    package var text: String { String(decoding: self, as: UTF8.self) }
}

/// The number that ``Swift/Collection/packedWord`` makes of a literal.
package func packed(_ word: StaticString) -> UInt64 {
    word.withUTF8Buffer { letters in letters.reduce(0) { $0 << 8 | UInt64($1) } }
}
