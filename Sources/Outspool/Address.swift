internal import JSON

/// A mailbox: `"zoe@example.com"`, `"Zoë <zoe@example.com>"`, or a name and an address apart.
///
/// Judged when its job is submitted, see ``SubmitError/invalid(field:reason:)``. Of a domain that is not ASCII only the
/// form is: a character that no domain has is for the daemon to find, which buries the job.
public struct Address: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The display name, or nil where the address was given as one text.
    public let name: String?
    /// The address, or the whole text.
    public let email: String

    /// One address as it stands in a header field (RFC 5322, section 3.4).
    public init(_ text: String) {
        name = nil
        email = text
    }

    /// One address, and a name that needs no quoting: it may contain commas and quotation marks.
    public init(name: String, email: String) {
        self.name = name
        self.email = email
    }

    public init(stringLiteral text: String) { self.init(text) }

    func json(_ field: String) throws(SubmitError) -> JSON {
        let email = try singleLine(email, field)
        guard let name else { return .string(email) }
        return ["name": .string(try singleLine(name, field)), "email": .string(email)]
    }
}

/// The text, unless it could break out of a header field.
func singleLine(_ text: String, _ field: String) throws(SubmitError) -> String {
    if text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
        throw .invalid(field: "/" + field, reason: "contains a line break or NUL")
    }
    return text
}
