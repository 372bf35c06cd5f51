package import JSON
internal import Text

extension Mailbox {
    /// Reads what a job says: `"Name <a@b>"` or `{"name":…,"email":…}`.
    package init(json: JSON, domains: DomainRule) throws(AddressError) {
        switch json {
        case .string(let text): try self.init(parsing: text, domains: domains)
        case .object(let object):
            for name in object.names where name != "name" && name != "email" {
                throw AddressError(text: json.text, reason: "unknown member \(name.quoted)")
            }
            guard case .string(let email)? = object["email"] else {
                throw AddressError(text: json.text, reason: "\"email\" must be a string")
            }
            let name: String?
            switch object["name"] {
            case .string(let text)?: name = text
            case nil, .null?: name = nil
            default: throw AddressError(text: json.text, reason: "\"name\" must be a string")
            }
            // As around an address that is a string.
            let bare = email.utf8.drop { $0 == 0x20 }
            let end = bare.lastIndex { $0 != 0x20 }.map { bare.index(after: $0) } ?? bare.startIndex
            let address = try Address(parsing: String(email[bare.startIndex..<end]), domains: domains)
            try self.init(name: name, address: address)
        default: throw AddressError(text: json.text, reason: "neither a string nor {\"name\":…,\"email\":…}")
        }
    }

    /// Reads one mailbox or an array of them.
    package static func list(json: JSON, domains: DomainRule) throws(AddressError) -> [Mailbox] {
        guard case .array(let elements) = json else { return [try Mailbox(json: json, domains: domains)] }
        var mailboxes: [Mailbox] = []
        mailboxes.reserveCapacity(elements.count)
        for element in elements { mailboxes.append(try Mailbox(json: element, domains: domains)) }
        return mailboxes
    }
}
