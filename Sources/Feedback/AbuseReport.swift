internal import Message
internal import Text
internal import Time

/// The machine's part of a complaint: RFC 5965.
struct AbuseReport {
    /// In lower case: abuse, fraud, virus, opt-out, not-spam, auth-failure, …
    private(set) var type: String?
    /// Those that are not redacted.
    private(set) var recipients: [String] = []
    private(set) var envelopeID: String?
    private(set) var arrival: Timestamp?
    private(set) var messageIDs: [String] = []

    /// Whether it tells of something else than a reader who does not want the mail: RFC 6430, RFC 6591.
    var isNoComplaint: Bool {
        ["not-spam", "auth-failure", "dmarc", "dkim", "miscategorized"].contains { type?.isExactly($0) == true }
    }

    init(_ content: ArraySlice<UInt8>) {
        var removals: [String] = []
        for (name, value) in FoundHeader(content).fields {
            switch name {
            case "feedback-type": type = type ?? value.lowercasedASCII.utf8.prefix { !$0.isSpace && $0 != 0x3B }.text
            case "original-rcpt-to":
                if let address = fieldAddress(value), !isRedacted(address), recipients.count < 500 {
                    recipients.append(address)
                }
            case "removal-recipient":
                if let address = fieldAddress(value), !isRedacted(address), removals.count < 500 {
                    removals.append(address)
                }
            case "arrival-date", "received-date": arrival = arrival ?? Timestamp(rfc5322: value)
            case "original-envelope-id": envelopeID = xtextDecoded(value)
            case "original-message-id": messageIDs += bareMessageIDs(value)
            default: break
            }
        }
        if recipients.isEmpty { recipients = removals }
    }
}

/// Whether a feedback loop wrote something of its own where the recipient's address was.
func isRedacted(_ address: String) -> Bool {
    let local = address.utf8.prefix { $0 != UInt8(ascii: "@") }.map(\.lowercased).text
    return ["redacted", "undisclosed", "hidden", "anonym", "xxxx@"].contains { local.begins(with: $0) }
        || address.lowercasedASCII.holds("redacted")
}

extension Sequence<UInt8> {
    var text: String { String(decoding: Array(self), as: UTF8.self) }
}
