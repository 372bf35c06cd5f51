internal import Text

/// Where mail goes: a local part at a domain. RFC 5321, section 4.1.2; RFC 6531.
package struct Address: Hashable, Sendable, CustomStringConvertible {
    /// The local part as it is meant: without quotation marks and escapes.
    package let local: String
    /// In lower case and A-labels, or a literal in brackets. Always ASCII.
    package let domain: String
    /// Exactly what stands between `<` and `>` in the envelope and in header fields: the
    /// local part is quoted if it must be.
    package let text: String
    /// Whether the local part is not ASCII, so that only a relay with SMTPUTF8 can take it.
    package let needsSMTPUTF8: Bool

    package var description: String { text }

    package static func == (left: Address, right: Address) -> Bool { left.text.isExactly(right.text) }
    package func hash(into hasher: inout Hasher) { hasher.combine(ExactText(text)) }

    /// Parses a bare address, `a@b`: no name, no angle brackets, no comments.
    package init(parsing text: String, domains: DomainRule) throws(AddressError) {
        if text.hasControl { throw AddressError(text: text, reason: "a control character") }
        var parser = AddressParser(text, domains: domains)
        do throws(AddressParser.Fault) {
            self = try parser.bare()
        } catch {
            throw AddressError(text: text, reason: error.reason)
        }
    }

    /// The address of a user, whose name is taken as it is, at a domain.
    package init(user: String, at domain: String, domains: DomainRule) throws(AddressError) {
        if user.hasControl { throw AddressError(text: user, reason: "a control character") }
        if user.isEmpty { throw AddressError(text: user, reason: "nothing before the @") }
        do throws(AddressParser.Fault) {
            self = try Address(local: user, domain: try Domain.canonical(domain, by: domains))
        } catch {
            throw AddressError(text: "\(user)@\(domain)", reason: error.reason)
        }
    }

    /// An address of parts that were parsed.
    ///
    /// The sizes of RFC 5321, section 4.5.3.1, are what each server has to take, and no limits: a local part of more
    /// than 64 octets is for the server to judge. No longer address fits into a command.
    /// - Throws: the reason.
    init(local: String, domain: String) throws(AddressParser.Fault) {
        var quoted = local
        if !Address.isDotAtom(local.utf8) {
            quoted = "\""
            for scalar in local.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { quoted += "\\" }
                quoted.unicodeScalars.append(scalar)
            }
            quoted += "\""
        }
        if let hidden = local.unicodeScalars.first(where: { !Address.isWritable($0) }) {
            throw .init("an invisible character before the @, \(String(hidden).quoted)")
        }
        if quoted.utf8.count + 1 + domain.utf8.count > Address.limit {
            throw .init("longer than \(Address.limit) octets")
        }
        self.local = local
        self.domain = domain
        text = "\(quoted)@\(domain)"
        needsSMTPUTF8 = !local.isASCII
    }

    /// A command has 512 octets, and RCPT TO:<> and its parameters some of them: RFC 5321, section 4.5.3.1.4.
    private static let limit = 480

    /// Tells whether a person who reads an address sees the character, or the plain space that stands between quotation
    /// marks.
    private static func isWritable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return !scalar.isControl }
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .format, .control, .privateUse, .unassigned,
            .surrogate:
            return false
        default: return true
        }
    }

    /// Tells whether the local part names hosts on the way to a user, `host!user`.
    var isPath: Bool { local.utf8.dropFirst().contains(UInt8(ascii: "!")) }

    /// Whether these are words of `atext` with single dots between them: RFC 5322, section 3.2.3.
    static func isDotAtom(_ bytes: some Sequence<UInt8>) -> Bool {
        var previous = UInt8(ascii: ".")
        for byte in bytes {
            if byte == UInt8(ascii: ".") ? previous == byte : !byte.isAtomText { return false }
            previous = byte
        }
        return previous != UInt8(ascii: ".")
    }
}

/// An address and the name of its reader. RFC 5322, section 3.4.
package struct Mailbox: Equatable, Sendable {
    /// Never empty and without control characters, but otherwise untrusted.
    package let name: String?
    package let address: Address

    /// - Throws: if the name holds a control character.
    package init(name: String?, address: Address) throws(AddressError) {
        if let name, name.hasControl { throw AddressError(text: name, reason: "a control character in the name") }
        self.init(checkedName: name, address: address)
    }

    init(checkedName name: String?, address: Address) {
        var rest = (name ?? "")[...]
        while rest.utf8.first == 0x20 { rest.removeFirst() }
        while rest.utf8.last == 0x20 { rest.removeLast() }
        self.name = rest.isEmpty ? nil : String(rest)
        self.address = address
    }

    /// Parses one mailbox: `a@b`, `Name <a@b>`, `"Name, quoted" <a@b>` or `a@b (Name)`.
    ///
    /// Stricter than RFC 5322: no control characters, no white space around the dots and the
    /// @, no source routes. The name is taken as it stands; encoded-words are not decoded.
    package init(parsing text: String, domains: DomainRule) throws(AddressError) {
        if text.hasControl { throw AddressError(text: text, reason: "a control character") }
        var parser = AddressParser(text, domains: domains)
        do throws(AddressParser.Fault) {
            self = try parser.single()
        } catch {
            throw AddressError(text: text, reason: error.reason)
        }
    }

    /// Parses the value of a field such as `To`: any number of mailboxes and groups, of
    /// which the members are taken. RFC 5322, section 3.4.
    ///
    /// - Parameter origin: the domain of local parts that stand alone, as ``Address/domain`` has it; nil: they are
    ///   errors.
    package static func list(
        parsing text: String, origin: String? = nil, domains: DomainRule
    ) throws(AddressError) -> [Mailbox] {
        var parser = AddressParser(Array(text.utf8), origin: origin, domains: domains)
        do throws(AddressParser.Fault) {
            return try parser.list()
        } catch {
            throw AddressError(text: text, reason: error.reason)
        }
    }
}

/// Why a text is not an address.
package struct AddressError: Error, Equatable, CustomStringConvertible {
    /// The address as it was given; untrusted.
    package let text: String
    /// The fault, without the address.
    package let reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    /// One line that quotes the address safely: `"zoe.example.com": no @`.
    package var description: String { "\(text.quoted): \(reason)" }
}
