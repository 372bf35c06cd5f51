internal import CIDN2
internal import Glibc
package import Message

extension DomainRule {
    /// IDNA 2008 with the mapping of UTS 46, non-transitional, by libidn2: RFC 5891, section 5.
    package static let idna = DomainRule { domain throws(DomainError) in try LibIDN2.aLabels(of: domain) }
}

private enum LibIDN2 {
    /// The A-labels of a domain that is not ASCII, and has no NUL.
    ///
    /// The library maps with UTS 46 first. Its second call takes the result by IDNA 2008 alone: the mapping lets pass
    /// three characters that decompose to ASCII, such as U+2260, and full-width signs. See idn2_lookup_u8(3).
    static func aLabels(of domain: String) throws(DomainError) -> [UInt8] {
        // Its tables are older than Unicode 15.1, which maps the capital sharp s to the small one and not to `ss`.
        let scalars = domain.unicodeScalars.map { $0 == "\u{1E9E}" ? "\u{DF}" : $0 }
        let mapped = try lookup(Array(String(String.UnicodeScalarView(scalars)).utf8), IDN2_NONTRANSITIONAL)
        guard try lookup(mapped, IDN2_NO_TR46) == mapped else { throw notInDomains }
        if mapped.contains(UInt8(ascii: "_")) { throw .notANameByte }
        return mapped
    }

    private static func lookup(_ name: [UInt8], _ flags: idn2_flags) throws(DomainError) -> [UInt8] {
        var result: UnsafeMutablePointer<UInt8>?
        let code = idn2_lookup_u8(name + [0], &result, Int32(IDN2_NFC_INPUT.rawValue | flags.rawValue))
        switch idn2_rc(code) {
        case IDN2_OK: break
        case IDN2_TOO_BIG_DOMAIN: throw .tooLong
        case IDN2_TOO_BIG_LABEL, IDN2_PUNYCODE_BIG_OUTPUT: throw .tooLongLabel
        case IDN2_HYPHEN_STARTEND: throw .notANameByte
        case IDN2_LEADING_COMBINING: throw DomainError("a label in the domain that begins with a combining mark")
        case IDN2_BIDI: throw DomainError("a label in the domain that mixes directions of writing")
        case IDN2_2HYPHEN, IDN2_INVALID_ALABEL, IDN2_PUNYCODE_BAD_INPUT:
            throw DomainError("a label in the domain with two hyphens in third place that does not decode as xn--…")
        default: throw notInDomains
        }
        guard let result else { throw notInDomains }
        defer { idn2_free(result) }
        return Array(UnsafeBufferPointer(start: result, count: strlen(UnsafeRawPointer(result))))
    }

    private static let notInDomains = DomainError("a character that domains do not have")
}
