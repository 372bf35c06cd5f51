internal import Text

/// RFC 1123, section 2.1: labels of letters, digits and inner hyphens, each at most 63 long,
/// 253 together. With `isInternational`, of any characters beyond ASCII as well (RFC 6531, 3.3).
func isHostname(_ text: ArraySlice<UInt8>, isInternational: Bool) -> Bool {
    guard !text.isEmpty, text.count <= 253 else { return false }
    let hyphen = UInt8(ascii: "-")
    return text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
        (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { $0.isLetterOrDigit || $0 == hyphen || (isInternational && $0 >= 0x80) }
    }
}

/// RFC 5321, section 4.1.2: a mailbox as it goes over the wire, at most 254 long.
func isMailbox(_ text: ArraySlice<UInt8>, isInternational: Bool) -> Bool {
    guard text.count <= 254, let at = text.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let (local, domain) = (text[..<at], text[(at + 1)...])
    guard (1...64).contains(local.count) else { return false }
    let isLocal =
        local.first == UInt8(ascii: "\"")
        ? isQuoted(local, isInternational: isInternational)
        : local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { isAtomText($0) || (isInternational && $0 >= 0x80) }
        }
    guard isLocal else { return false }
    guard domain.first == UInt8(ascii: "[") else { return isHostname(domain, isInternational: isInternational) }
    guard domain.last == UInt8(ascii: "]"), domain.count > 2 else { return false }
    let address = domain.dropFirst().dropLast()
    let tag = Array("IPv6:".utf8)
    return address.starts(with: tag) ? isIPv6(address.dropFirst(tag.count)) : isIPv4(address)
}

private func isAtomText(_ byte: UInt8) -> Bool {
    byte.isLetterOrDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
}

private func isQuoted(_ text: ArraySlice<UInt8>, isInternational: Bool) -> Bool {
    guard text.count >= 2, text.last == UInt8(ascii: "\"") else { return false }
    var rest = text.dropFirst().dropLast()
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "\""): return false
        case UInt8(ascii: "\\"):
            guard let next = rest.popFirst(), (0x20...0x7E).contains(next) else { return false }
        case 0x20...0x7E: continue
        default: if byte < 0x80 || !isInternational { return false }
        }
    }
    return true
}

/// RFC 3986, section 3.2.2: four numbers without leading zeros.
func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
        && parts.allSatisfy { part in
            (1...3).contains(part.count) && part.allSatisfy(\.isDigit) && (part.count == 1 || part.first != 0x30)
                && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
        }
}

/// RFC 4291, section 2.2: eight groups, at most one `::`, perhaps an IPv4 address at the end.
func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
    // No longer text is one, and the search below need not look at it.
    guard text.count <= 45 else { return false }
    let colon = UInt8(ascii: ":")
    let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
    guard let gap else { return groups(text, mayEndInIPv4: true) == 8 }
    guard let before = groups(text[..<gap], mayEndInIPv4: false),
        let after = groups(text[(gap + 2)...], mayEndInIPv4: true)
    else { return false }
    return before + after <= 7
}

/// How many groups of 16 bits `text` has; nil if one of them is malformed.
private func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> Int? {
    if text.isEmpty { return 0 }
    var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var count = 0
    if mayEndInIPv4, let last = parts.last, isIPv4(last) {
        parts.removeLast()
        count = 2
    }
    let fits = parts.allSatisfy { (1...4).contains($0.count) && $0.allSatisfy { $0.hexValue != nil } }
    return fits ? count + parts.count : nil
}
