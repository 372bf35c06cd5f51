internal import Text

/// How a domain that is not ASCII becomes one that DNS knows.
///
/// Programs that send mail have libidn2's rule, see `DomainRule.idna`; a program without that library can tell
/// addresses by their form.
package struct DomainRule: Sendable {
    /// Takes a domain of letters, digits, hyphens, dots and whatever is not ASCII. Gives it in A-labels, in lower case.
    let aLabels: @Sendable (String) throws(DomainError) -> [UInt8]

    /// Makes a rule of a function that turns a domain which is not ASCII into A-labels, in lower case.
    package init(aLabels: @escaping @Sendable (String) throws(DomainError) -> [UInt8]) { self.aLabels = aLabels }

    /// Takes any character that is not ASCII, and gives a stand-in for its label.
    ///
    /// A text that passes may still be a domain that cannot exist. Do not use it for an address that is written.
    package static let form = DomainRule { domain throws(DomainError) in
        var name: [UInt8] = []
        for label in domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            if !name.isEmpty { name.append(UInt8(ascii: ".")) }
            name += label.allSatisfy { $0 < 0x80 } ? label.map(\.lowercased) : Array("xn--a".utf8)
        }
        return name
    }
}

/// Why a text is not a domain.
package struct DomainError: Error, Equatable {
    /// One line, without the domain.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    /// A name of DNS has 255 octets: RFC 1035, section 2.3.4.
    package static let tooLong = DomainError("more than 255 octets after the @")
    /// A label of DNS has 63 octets: RFC 1035, section 2.3.4.
    package static let tooLongLabel = DomainError("a label of more than 63 octets in the domain")
    /// RFC 5321, section 4.1.2.
    package static let notANameByte = DomainError(
        "a label in the domain that is not letters, digits and inner hyphens")
}
