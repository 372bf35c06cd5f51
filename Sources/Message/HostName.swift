internal import Text

/// The name that a machine gives itself, in EHLO and behind the @ of Message-IDs: RFC 5321, section 4.1.1.1.
package struct HostName: Equatable, Sendable {
    /// In lower case and A-labels; or an address literal in brackets.
    package let text: String

    /// Checks a name, and brings it into the form that DNS knows. A dot at its end goes.
    /// - Parameter allowsLiteral: an address such as `[192.0.2.1]` is as good as a name.
    package init(_ name: String, allowsLiteral: Bool = false, domains: DomainRule) throws(HostNameError) {
        let isLiteral = name.utf8.first == UInt8(ascii: "[")
        if isLiteral, !allowsLiteral { throw HostNameError(reason: "an address, not a name") }
        let isRooted = name.utf8.count > 1 && name.utf8.last == UInt8(ascii: ".")
        do throws(AddressParser.Fault) {
            if name.isEmpty { throw .init("no name") }
            // The mapping of IDNA would drop them.
            if !name.unicodeScalars.allSatisfy(\.isVisible) {
                throw .init("white space, or a character that is not seen")
            }
            if name.utf8.contains(UInt8(ascii: "_")) { throw .init("an underscore, which servers refuse in EHLO") }
            text = try Domain.canonical(isRooted ? String(name.unicodeScalars.dropLast()) : name, by: domains)
        } catch { throw HostNameError(reason: error.reason) }
        let last = text.utf8.split(separator: UInt8(ascii: ".")).last ?? text.utf8[...]
        if !isLiteral, last.allSatisfy(\.isDigit) {
            throw HostNameError(reason: "an address without brackets: its last label is a number")
        }
    }

    /// The name that gethostname(2) has for this machine, if it is one; else `localhost`.
    package init(ofMachine name: String, domains: DomainRule) {
        // A machine may be called what no domain is; its mail still has to go.
        let own = try? HostName(name, domains: domains)
        text = own?.text ?? "localhost"
    }

    /// Why servers may refuse it, and what to do; nil if it is a full name.
    package var finding: String? {
        if text.utf8.contains(UInt8(ascii: ".")) || text.utf8.first == UInt8(ascii: "[") { return nil }
        return "'\(text)' is a name without a dot, which many servers refuse in EHLO: set 'hostname' to a full name"
    }
}

/// Why a text is not a host name.
package struct HostNameError: Error, Equatable, CustomStringConvertible {
    package let reason: String

    package var description: String { reason }
}
