/// A text that equals another where all their code points are the same: the key of what came from outside.
///
/// `String` compares by canonical equivalence: `é` equals `e` with an accent behind it, and the Kelvin sign equals `K`.
/// Addresses (RFC 5321, section 2.3.11), names in JSON (RFC 8259, section 8.3), ids and files have no such rule.
package struct ExactText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    package let text: String

    @inlinable package init(_ text: String) { self.text = text }
    @inlinable package init(stringLiteral text: String) { self.text = text }

    @inlinable package static func == (left: ExactText, right: ExactText) -> Bool { left.text.isExactly(right.text) }

    /// By bytes, which is the order of code points.
    @inlinable package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    @inlinable package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // So that no two texts in a row look like two others.
        hasher.combine(0xFF as UInt8)
    }
}

// A combining mark makes one `Character` of itself and what stands before it, so that `split`, `first` and `hasPrefix`
// of a `String` do not see a delimiter with a mark behind it. These see code points.
extension StringProtocol {
    /// Whether both have the same code points.
    @inlinable package func isExactly(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    @inlinable package func begins(with prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    @inlinable package func ends(with suffix: some StringProtocol) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Whether `other` occurs in it. The time is that of both lengths multiplied.
    @inlinable package func holds(_ other: some StringProtocol) -> Bool {
        let (own, wanted) = (Array(utf8), Array(other.utf8))
        guard let first = wanted.first else { return true }
        guard own.count >= wanted.count else { return false }
        for start in 0...(own.count - wanted.count) where own[start] == first {
            if own[start..<(start + wanted.count)].elementsEqual(wanted) { return true }
        }
        return false
    }

    /// The text with the capital letters of ASCII made small, and nothing else changed.
    package var lowercasedASCII: String { String(self).lowercasedASCII }

    /// The pieces between the separators, which are ASCII; empty pieces too.
    package func pieces(at separator: Unicode.Scalar, most: Int = .max) -> [SubSequence] {
        utf8.split(separator: UInt8(ascii: separator), maxSplits: most - 1, omittingEmptySubsequences: false)
            .map { self[$0.startIndex..<$0.endIndex] }
    }

    /// The text before and after the first `separator`, which is ASCII; or nil.
    package func halves(at separator: Unicode.Scalar) -> (SubSequence, SubSequence)? {
        guard let place = utf8.firstIndex(of: UInt8(ascii: separator)) else { return nil }
        return (self[..<place], self[utf8.index(after: place)...])
    }
}

extension String {
    /// The text in lower case. Not generic, and the text itself if it has no capital letters.
    package var lowercasedASCII: String {
        var text = self
        return text.withUTF8 { bytes in
            for byte in bytes where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") {
                return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
            }
            return nil
        } ?? text
    }

    /// The comparison of two whole texts, the common case. Nearly all unequal ones differ in length, or in the string's
    /// own comparison, which reads several bytes at a time.
    @inlinable package func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && self == other && utf8.elementsEqual(other.utf8)
    }
}

extension Sequence where Element: StringProtocol {
    /// Whether one of the texts has the code points of `text`.
    @inlinable package func holds(exactly text: some StringProtocol) -> Bool { contains { $0.isExactly(text) } }
}
