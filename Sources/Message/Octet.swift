internal import Text

extension UInt8 {
    /// The octets of an unquoted word: `atext` of RFC 5322, section 3.2.3, with the UTF-8 of RFC 6532.
    var isAtomText: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
        case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "^"),
            UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{")...UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The octets of a MIME type, subtype or parameter name: `token` of RFC 2045, section 5.1.
    var isToken: Bool {
        switch self {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
            UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="):
            false
        default: self > 0x20 && self < 0x7F
        }
    }

    /// Whether a field may have it in its name: `ftext` of RFC 5322, section 3.6.8.
    var isFieldName: Bool { self > 0x20 && self < 0x7F && self != UInt8(ascii: ":") }

    var isPrintable: Bool { self >= 0x20 && self < 0x7F }
    /// The second to last bytes of a character in UTF-8.
    var isContinuation: Bool { self & 0xC0 == 0x80 }
}

extension Sequence<UInt8> {
    /// The first control character of C0 or C1 or DEL in UTF-8 that is not `allowed`.
    func firstControl(but allowed: UInt8?) -> Unicode.Scalar? {
        var previous: UInt8 = 0
        for byte in self {
            if byte.isControl, byte != allowed { return Unicode.Scalar(byte) }
            // In UTF-8, C1 is C2 80 to C2 9F.
            if previous == 0xC2, byte.isContinuation, byte < 0xA0 { return Unicode.Scalar(byte) }
            previous = byte
        }
        return nil
    }
}

extension [UInt8] {
    /// Whether nothing of this text in UTF-8 can be seen: white space and characters without a shape of their own.
    var isBlank: Bool { String(decoding: self, as: UTF8.self).unicodeScalars.allSatisfy { !$0.isVisible } }
}

extension Unicode.Scalar {
    /// Whether it leaves ink on paper, as white space, controls and format characters do not.
    var isVisible: Bool {
        if isASCII { return value > 0x20 && value < 0x7F }
        if properties.isWhitespace { return false }
        switch properties.generalCategory {
        case .control, .format: return false
        // The combining grapheme joiner, and the other mark that mails fill a preview with.
        default: return value != 0x34F && value != 0x2800
        }
    }

    /// Of C0 or C1, or DEL.
    var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
    /// Whether it holds a control character, of C0 or C1 or DEL.
    var hasControl: Bool { firstControl(but: nil) != nil }

    /// The first control character of C0 or C1 or DEL that is not `allowed`.
    func firstControl(but allowed: UInt8?) -> Unicode.Scalar? { utf8.firstControl(but: allowed) }
}
