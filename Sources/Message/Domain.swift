internal import Text

/// The part after the @: names in the form that DNS knows, or an IP address in brackets.
enum Domain {
    /// Checks a domain and brings it to lower case and A-labels.
    ///
    /// Internationalised names are mapped with what the standard library offers: lower case,
    /// the ideographic full stops, and canonical composition of Latin, Greek and Cyrillic
    /// letters. Compatibility forms (full width and the like) are not folded, and the
    /// contextual and bidirectional rules of IDNA 2008 are not checked: whoever needs those
    /// writes the A-label, `xn--…`.
    static func canonical(_ domain: String) throws(AddressParser.Fault) -> String {
        if domain.isEmpty { throw .init("nothing after the @") }
        // Before anything costs time: no name this long can become one of 255.
        if domain.utf8.count > 1020 { throw tooLong }
        if domain.utf8.first == UInt8(ascii: "[") { return try literal(domain) }
        var name: [UInt8] = []
        name.reserveCapacity(domain.utf8.count)
        if domain.isASCII {
            for byte in domain.utf8 { name.append(byte.lowercased) }
        } else {
            for (index, label) in mapped(domain).split(separator: ".", omittingEmptySubsequences: false).enumerated() {
                if index > 0 { name.append(UInt8(ascii: ".")) }
                name += try aLabel(label)
            }
        }
        if name.count > 255 { throw tooLong }
        for label in name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) { try check(label) }
        return String(decoding: name, as: UTF8.self)
    }

    private static let tooLong = AddressParser.Fault("more than 255 octets after the @")

    /// RFC 5321, section 4.1.2: letters, digits and hyphens; RFC 1035, section 2.3.4: at most 63.
    private static func check(_ label: ArraySlice<UInt8>) throws(AddressParser.Fault) {
        guard let first = label.first, let last = label.last else { throw .init("an empty label in the domain") }
        if label.count > 63 { throw .init("a label of more than 63 octets in the domain") }
        guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-"),
            label.allSatisfy({ $0.isLetterOrDigit || $0 == UInt8(ascii: "-") })
        else { throw .init("a label in the domain that is not letters, digits and inner hyphens") }
    }

    private static func mapped(_ domain: String) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        for character in domain.lowercased() {
            if let composed = composed(character) {
                scalars.append(composed)
                continue
            }
            for scalar in character.unicodeScalars {
                let isStop = scalar == "\u{3002}" || scalar == "\u{FF0E}" || scalar == "\u{FF61}"
                scalars.append(isStop ? "." : scalar)
            }
        }
        return scalars
    }

    /// The one letter that a letter with combining marks is canonically equivalent to.
    private static func composed(_ character: Character) -> Unicode.Scalar? {
        character.unicodeScalars.count > 1 ? compositions[character] : nil
    }

    /// Characters are equal when they are canonically equivalent, so each letter stands for all its spellings.
    private static let compositions: [Character: Unicode.Scalar] = {
        var letters: [Character: Unicode.Scalar] = [:]
        for block in [0xC0...0x24F, 0x386...0x4F9, 0x1E00...0x1FFF] as [ClosedRange<UInt32>] {
            for scalar in block.lazy.compactMap(Unicode.Scalar.init) where letters[Character(scalar)] == nil {
                letters[Character(scalar)] = scalar
            }
        }
        return letters
    }()

    private static func aLabel(_ label: ArraySlice<Unicode.Scalar>) throws(AddressParser.Fault) -> [UInt8] {
        if label.allSatisfy(\.isASCII) { return label.map { UInt8(ascii: $0) } }
        for (index, scalar) in label.enumerated() where !scalar.isASCII {
            switch scalar.properties.generalCategory {
            case .lowercaseLetter, .otherLetter, .modifierLetter, .decimalNumber: break
            case .nonspacingMark, .spacingMark:
                if index == 0 { throw .init("a label in the domain that begins with a combining mark") }
            default:
                // Contextual characters of RFC 5892, appendix A.
                if !["\u{B7}", "\u{375}", "\u{5F3}", "\u{5F4}", "\u{30FB}"].contains(scalar) {
                    throw .init("a character that domains do not have")
                }
            }
        }
        guard label.count <= 59, let punycode = Punycode.encode(label) else {
            throw .init("a label of more than 63 octets in the domain")
        }
        return Array("xn--".utf8) + punycode
    }

    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]`: RFC 5321, section 4.1.3.
    private static func literal(_ domain: String) throws(AddressParser.Fault) -> String {
        let fault = AddressParser.Fault("a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]")
        guard domain.utf8.last == UInt8(ascii: "]"), domain.utf8.count > 2 else { throw fault }
        let inner = Array(domain.utf8.dropFirst().dropLast())
        if inner.prefix(5).isSame(asLowercase: "ipv6:") {
            guard isIPv6(inner[5...]) else { throw fault }
            return "[IPv6:\(String(decoding: inner[5...].map(\.lowercased), as: UTF8.self))]"
        }
        guard isIPv4(inner[...]) else { throw fault }
        return domain
    }

    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(\.isDigit)
                    && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    private static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count <= 45 else { return false }
        var groups = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var count = 0
        if let last = groups.last, last.contains(UInt8(ascii: ".")) {
            guard isIPv4(last) else { return false }
            groups.removeLast()
            count = 2
        } else if groups.count > 2, groups[groups.count - 1].isEmpty, groups[groups.count - 2].isEmpty {
            groups.removeLast()
        } else if groups.last?.isEmpty != false {
            return false
        }
        if groups.count > 1, groups[0].isEmpty {
            guard groups[1].isEmpty else { return false }
            groups.removeFirst()
        }
        var gaps = 0
        for group in groups {
            guard group.count <= 4, group.allSatisfy({ $0.hexValue != nil }) else { return false }
            if group.isEmpty { gaps += 1 } else { count += 1 }
        }
        return gaps == 0 ? count == 8 : gaps == 1 && count <= 7
    }
}
