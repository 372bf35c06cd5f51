internal import Text

/// A header field that a job or template adds.
package struct ExtraHeader: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Checks that the field can be added to a composed message.
    /// - Throws: if the name is not one (RFC 5322, section 3.6.8), belongs to a field of the
    ///   job or to the structure of the message, or if the value has control characters.
    func check() throws(CompositionError) {
        var quoted: String { name.quoted }
        guard !name.isEmpty, name.utf8.count <= Wire.longestPlain, name.utf8.allSatisfy(\.isFieldName) else {
            throw .init("headers", "\(quoted): a name is up to \(Wire.longestPlain) printable characters without ':'")
        }
        let lowercase = name.lowercasedASCII
        if let field = ExtraHeader.fields[lowercase] {
            throw .init("headers", "\(quoted): has a field of its own, \(field)")
        }
        if ExtraHeader.refused.contains(lowercase)
            || ExtraHeader.refusedPrefixes.contains(where: { lowercase.begins(with: $0) })
        {
            throw .init("headers", "\(quoted): cannot be set, it describes how the message is built or travels")
        }
        if let bad = value.firstControl(but: 0x09) {
            throw .init("headers", "\(quoted): a control character, \(String(bad).quoted), in the value")
        }
        if ExtraHeader.hasIdentifiers(lowercase) {
            // The name of a list may be encoded; ids and addresses may not, and URIs say %C3%BC themselves.
            let encoded = lowercase == "list-id" ? value.utf8.drop { $0 != UInt8(ascii: "<") } : value.utf8[...]
            if !encoded.allSatisfy({ $0 < 0x80 }) {
                throw .init("headers", "\(quoted): a character that is not ASCII, which ids and URIs have to encode")
            }
        }
        // A line can be folded at spaces only; a word of ASCII is not encoded because it
        // may be a message id, an URL or a token, which then would not be one any more.
        for word in value.utf8.split(whereSeparator: \.isBlank) where word.count > ExtraHeader.longestWord {
            if word.allSatisfy({ $0 < 0x80 }) {
                throw .init("headers", "\(quoted): more than \(ExtraHeader.longestWord) characters without a space")
            }
        }
    }

    /// With the longest name it is within the limit of a line.
    static let longestWord = 930

    /// Of which a message has one: RFC 5322, section 3.6; RFC 2369; RFC 3834.
    static func isUnique(_ lowercase: String) -> Bool {
        ["in-reply-to", "references", "auto-submitted"].contains(lowercase) || lowercase.begins(with: "list-")
    }

    /// Whether its value consists of ids, addresses or URIs, which an encoded-word must not replace: RFC 5322, section
    /// 3.6.4; RFC 2369; RFC 2047, section 5.
    private static func hasIdentifiers(_ lowercase: String) -> Bool {
        lowercase.begins(with: "list-") || identifying.contains(lowercase)
    }

    private static let identifying: Set = [
        "in-reply-to", "references", "archived-at", "original-message-id", "x-original-message-id", "errors-to",
        "supersedes", "feedback-id",
    ]

    private static let fields = [
        "from": "from", "sender": "sender", "reply-to": "replyTo", "to": "to", "cc": "cc", "bcc": "bcc",
        "subject": "subject", "date": "set when the mail is sent", "message-id": "made from the id of the job",
    ]
    private static let refused: Set = [
        "return-path", "received", "mime-version", "content-length", "delivered-to", "authentication-results",
    ]
    private static let refusedPrefixes = ["content-", "mime-", "dkim-", "domainkey-", "arc-", "resent-", "received-"]
}

/// A field of unstructured text, folded and encoded as that needs, with its line end.
///
/// Precondition: neither name nor value has control characters, and no word is longer than a line.
package func headerField(_ name: String, _ value: String) -> [UInt8] {
    var wire = Wire(reserving: name.utf8.count + value.utf8.count * 2)
    wire.begin(name)
    wire.unstructured(value, limit: ExtraHeader.longestWord)
    wire.endLine()
    return wire.bytes
}
