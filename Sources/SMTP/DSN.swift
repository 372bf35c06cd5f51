internal import Text

/// The delivery status notifications that are asked of a server which offers DSN. RFC 3461 section 4.
package struct DSN: Equatable, Sendable {
    package enum Occasion: String, Sendable {
        case never = "NEVER"
        case success = "SUCCESS"
        case failure = "FAILURE"
        case delay = "DELAY"
    }

    /// How much of the message comes back with a notification.
    package enum Extent: String, Sendable {
        case full = "FULL"
        case headers = "HDRS"
    }

    /// When a notification is wanted; empty leaves it to the server. `never` stands alone.
    package var notify: [Occasion]
    package var returned: Extent?
    /// Printable ASCII; not sent where it is longer than ``envelopeIDLimit`` as xtext.
    package var envelopeID: String?

    /// The longest ENVID, in characters of xtext. RFC 3461 section 4.4.
    package static let envelopeIDLimit = 100
    /// The longest ORCPT. RFC 3461 section 4.2.
    private static let originalRecipientLimit = 500

    package init(notify: [Occasion] = [], returned: Extent? = nil, envelopeID: String? = nil) {
        self.notify = notify
        self.returned = returned
        self.envelopeID = envelopeID
    }

    /// The parameters added to MAIL; empty or with a space before each parameter.
    var mailParameters: String {
        var text = returned.map { " RET=\($0.rawValue)" } ?? ""
        if let id = envelopeID.map({ xtext($0.utf8) }), 1...Self.envelopeIDLimit ~= id.utf8.count {
            text += " ENVID=\(id)"
        }
        return text
    }

    /// The parameters added to RCPT for the address. It is its own original recipient: it was not changed before us.
    ///
    /// ORCPT is left out where the line would become longer than servers take.
    func recipientParameters(for address: String) -> String {
        let words = notify.map(\.rawValue).joined(separator: ",")
        let original = Self.originalRecipient(address)
        let isShort =
            original.utf8.count <= Self.originalRecipientLimit
            && address.utf8.count + original.utf8.count <= Envelope.addressLimit
        return (words.isEmpty ? "" : " NOTIFY=\(words)") + (isShort ? " ORCPT=\(original)" : "")
    }

    /// The address with its type. One that is not ASCII is in the form of 7 bits, which every server takes:
    /// `utf-8-addr-xtext` of RFC 6533 section 3.
    private static func originalRecipient(_ address: String) -> String {
        if address.utf8.allSatisfy({ $0 < 0x80 }) { return "rfc822;" + xtext(address.utf8) }
        var text = "utf-8;"
        for scalar in address.unicodeScalars {
            if 0x21...0x7E ~= scalar.value, !["+", "=", "\\"].contains(scalar) {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += "\\x{\(digits.utf8.count < 2 ? "0" : "")\(digits)}"
            }
        }
        return text
    }
}
