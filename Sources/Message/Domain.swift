internal import Text

/// The part after the @: names in the form that DNS knows, or an IP address in brackets.
enum Domain {
    /// Checks a domain and brings it to lower case and A-labels, by the rule where it is not ASCII. The `xn--` labels of
    /// a domain in ASCII are not decoded.
    ///
    /// - Throws: the reason, also where no such domain can exist (RFC 5891, section 5.4).
    static func canonical(_ domain: String, by rule: DomainRule) throws(AddressParser.Fault) -> String {
        if domain.isEmpty { throw .init("nothing after the @") }
        // Before anything costs time: no name this long can become one of 255.
        if domain.utf8.count > 1020 { throw tooLong }
        if domain.utf8.first == UInt8(ascii: "[") { return try literal(domain) }
        let name = domain.isASCII ? domain.utf8.map(\.lowercased) : try aLabels(of: domain, by: rule)
        if name.count > 255 { throw tooLong }
        for label in name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) { try check(label) }
        return String(decoding: name, as: UTF8.self)
    }

    private static let tooLong = AddressParser.Fault(DomainError.tooLong.reason)

    private static func isNameByte(_ byte: UInt8) -> Bool { byte.isLetterOrDigit || byte == UInt8(ascii: "-") }

    private static func aLabels(of domain: String, by rule: DomainRule) throws(AddressParser.Fault) -> [UInt8] {
        do throws(DomainError) {
            // A NUL would end the text for a library in C.
            guard domain.utf8.allSatisfy({ $0 >= 0x80 || isNameByte($0) || $0 == UInt8(ascii: ".") }) else {
                throw .notANameByte
            }
            return try rule.aLabels(domain)
        } catch { throw .init(error.reason) }
    }

    /// RFC 5321, section 4.1.2: letters, digits and hyphens; RFC 1035, section 2.3.4: at most 63. Hosts with an
    /// underscore in their names get mail all the same.
    private static func check(_ label: ArraySlice<UInt8>) throws(AddressParser.Fault) {
        guard let first = label.first, let last = label.last else { throw .init("an empty label in the domain") }
        if label.count > 63 { throw .init(DomainError.tooLongLabel.reason) }
        guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-"),
            label.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: "_") })
        else {
            throw .init(DomainError.notANameByte.reason)
        }
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
