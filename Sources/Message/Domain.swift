internal import CIDN2
internal import Glibc
internal import Text

/// The part after the @: names in the form that DNS knows, or an IP address in brackets.
enum Domain {
    /// Checks a domain and brings it to lower case and A-labels: IDNA 2008 with the mapping of UTS 46,
    /// non-transitional, by libidn2. A domain in ASCII does not enter the library, and its `xn--` labels are not decoded.
    ///
    /// - Throws: the reason, also where no such domain can exist (RFC 5891, section 5.4).
    static func canonical(_ domain: String) throws(AddressParser.Fault) -> String {
        if domain.isEmpty { throw .init("nothing after the @") }
        // Before anything costs time: no name this long can become one of 255.
        if domain.utf8.count > 1020 { throw tooLong }
        if domain.utf8.first == UInt8(ascii: "[") { return try literal(domain) }
        let name = domain.isASCII ? domain.utf8.map(\.lowercased) : try aLabels(of: domain)
        if name.count > 255 { throw tooLong }
        for label in name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) { try check(label) }
        return String(decoding: name, as: UTF8.self)
    }

    private static let tooLong = AddressParser.Fault("more than 255 octets after the @")
    private static let tooLongLabel = AddressParser.Fault("a label of more than 63 octets in the domain")
    private static let notANameByte = AddressParser.Fault(
        "a label in the domain that is not letters, digits and inner hyphens")
    private static let notInDomains = AddressParser.Fault("a character that domains do not have")

    private static func isNameByte(_ byte: UInt8) -> Bool { byte.isLetterOrDigit || byte == UInt8(ascii: "-") }

    /// RFC 5321, section 4.1.2: letters, digits and hyphens; RFC 1035, section 2.3.4: at most 63. Hosts with an
    /// underscore in their names get mail all the same.
    private static func check(_ label: ArraySlice<UInt8>) throws(AddressParser.Fault) {
        guard let first = label.first, let last = label.last else { throw .init("an empty label in the domain") }
        if label.count > 63 { throw tooLongLabel }
        guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-"),
            label.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: "_") })
        else {
            throw notANameByte
        }
    }

    /// The A-labels of a domain that is not ASCII.
    ///
    /// The library maps with UTS 46 first. Its second call takes the result by IDNA 2008 alone: the mapping lets pass
    /// three characters that decompose to ASCII, such as U+2260, and full-width signs. See idn2_lookup_u8(3).
    private static func aLabels(of domain: String) throws(AddressParser.Fault) -> [UInt8] {
        // A NUL would end the text for the library.
        guard domain.utf8.allSatisfy({ $0 >= 0x80 || isNameByte($0) || $0 == UInt8(ascii: ".") }) else {
            throw notANameByte
        }
        // Its tables are older than Unicode 15.1, which maps the capital sharp s to the small one and not to `ss`.
        let scalars = domain.unicodeScalars.map { $0 == "\u{1E9E}" ? "\u{DF}" : $0 }
        let mapped = try lookup(Array(String(String.UnicodeScalarView(scalars)).utf8), IDN2_NONTRANSITIONAL)
        guard try lookup(mapped, IDN2_NO_TR46) == mapped else { throw notInDomains }
        if mapped.contains(UInt8(ascii: "_")) { throw notANameByte }
        return mapped
    }

    private static func lookup(_ name: [UInt8], _ flags: idn2_flags) throws(AddressParser.Fault) -> [UInt8] {
        var result: UnsafeMutablePointer<UInt8>?
        let code = idn2_lookup_u8(name + [0], &result, Int32(IDN2_NFC_INPUT.rawValue | flags.rawValue))
        switch idn2_rc(code) {
        case IDN2_OK: break
        case IDN2_TOO_BIG_DOMAIN: throw tooLong
        case IDN2_TOO_BIG_LABEL, IDN2_PUNYCODE_BIG_OUTPUT: throw tooLongLabel
        case IDN2_HYPHEN_STARTEND: throw notANameByte
        case IDN2_LEADING_COMBINING: throw .init("a label in the domain that begins with a combining mark")
        case IDN2_BIDI: throw .init("a label in the domain that mixes directions of writing")
        case IDN2_2HYPHEN, IDN2_INVALID_ALABEL, IDN2_PUNYCODE_BAD_INPUT:
            throw .init("a label in the domain with two hyphens in third place that does not decode as xn--…")
        default: throw notInDomains
        }
        guard let result else { throw notInDomains }
        defer { idn2_free(result) }
        return Array(UnsafeBufferPointer(start: result, count: strlen(UnsafeRawPointer(result))))
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
            // A single colon in front.
            if groups.elementsEqual([[]]) { return false }
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
