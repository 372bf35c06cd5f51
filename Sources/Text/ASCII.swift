// Inlinable: they are asked for each byte of a text.

extension UInt8 {
    @inlinable package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    @inlinable package var isLetter: Bool { self | 0x20 >= 0x61 && self | 0x20 <= 0x7A }
    @inlinable package var isLetterOrDigit: Bool { isDigit || isLetter }
    /// Space or tab.
    @inlinable package var isBlank: Bool { self == 0x20 || self == 0x09 }
    /// Space, tab, or an end of line: LF, VT, FF, CR.
    @inlinable package var isSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    /// Below the space, or DEL.
    @inlinable package var isControl: Bool { self < 0x20 || self == 0x7F }
    /// The small letter of a capital one; any other byte is itself.
    @inlinable package var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }

    /// The capital letter of a small one; any other byte is itself.
    @inlinable package var uppercased: UInt8 { self >= 0x61 && self <= 0x7A ? self & 0xDF : self }

    /// The number that a hexadecimal digit of either case stands for; nil for any other byte.
    @inlinable package var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }

    /// The hexadecimal digit, with capitals, for the low four bits of `value`.
    @inlinable package static func hexDigit(_ value: UInt8) -> UInt8 {
        let digit = value & 0xF
        return digit < 10 ? 0x30 + digit : 0x41 - 10 + digit
    }
}

extension Sequence<UInt8> {
    /// Whether these are the letters of `other`, which is ASCII in lower case, in either case.
    @inlinable package func isSame(asLowercase other: String) -> Bool {
        lazy.map(\.lowercased).elementsEqual(other.utf8)
    }
}

extension ArraySlice<UInt8> {
    /// The bytes without those at either end for which `isEdge` holds.
    @inlinable package func trimmed(_ isEdge: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = drop(while: isEdge)
        guard let last = start.lastIndex(where: { !isEdge($0) }) else { return start }
        return start[...last]
    }
}

extension String {
    @inlinable package var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
