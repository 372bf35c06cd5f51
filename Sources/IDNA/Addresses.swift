package import JSON
package import Message

extension Address {
    /// Parses a bare address, `a@b`, its domain by IDNA.
    package init(parsing text: String) throws(AddressError) { try self.init(parsing: text, domains: .idna) }

    /// The address of a user, whose name is taken as it is, at a domain, which is read by IDNA.
    package init(user: String, at domain: String) throws(AddressError) {
        try self.init(user: user, at: domain, domains: .idna)
    }
}

extension Mailbox {
    /// Parses one mailbox, its domain by IDNA.
    package init(parsing text: String) throws(AddressError) { try self.init(parsing: text, domains: .idna) }

    /// Reads an address of a job, its domain by IDNA.
    package init(json: JSON) throws(AddressError) { try self.init(json: json, domains: .idna) }

    /// Reads an address of a job or an array of them, their domains by IDNA.
    package static func list(json: JSON) throws(AddressError) -> [Mailbox] { try list(json: json, domains: .idna) }

    /// Parses the value of a field such as `To`, its domains by IDNA.
    /// - Parameter origin: the domain of local parts that stand alone; nil: they are errors.
    package static func list(parsing text: String, origin: String? = nil) throws(AddressError) -> [Mailbox] {
        try list(parsing: text, origin: origin, domains: .idna)
    }

    /// Reads a list of addresses as sendmail(1) gets them, their domains by IDNA.
    /// - Parameter origin: the domain of local parts that stand alone.
    package static func posted(_ text: String, origin: String) -> (mailboxes: [Mailbox], faults: [AddressError]) {
        posted(text, origin: origin, domains: .idna)
    }
}

extension HostName {
    /// Checks a name, and brings it into the form that DNS knows, by IDNA.
    /// - Parameter allowsLiteral: an address such as `[192.0.2.1]` is as good as a name.
    package init(_ name: String, allowsLiteral: Bool = false) throws(HostNameError) {
        try self.init(name, allowsLiteral: allowsLiteral, domains: .idna)
    }

    /// The name that gethostname(2) has for this machine, if it is one; else `localhost`.
    package init(ofMachine name: String) { self.init(ofMachine: name, domains: .idna) }
}

extension WholeMessage {
    /// Reads the header of a message, the domains in it by IDNA.
    package init(parsing source: [UInt8]) throws(WholeMessageError) { try self.init(parsing: source, domains: .idna) }
}

extension PostedMessage {
    /// Reads a message as sendmail(1) gets it, the domains in it by IDNA.
    /// - Parameter origin: what completes addresses without a domain.
    package init(_ source: [UInt8], origin: String) throws(WholeMessageError) {
        try self.init(source, origin: origin, domains: .idna)
    }
}

/// The message for a relay that does not offer 8BITMIME, the domains in it by IDNA.
package func sevenBit(_ message: [UInt8]) -> [UInt8] { sevenBit(message, domains: .idna) }
