/// A mail as it goes to a relay: the envelope of RFC 5321 and the message of RFC 5322.
package struct OutgoingMail: Equatable, Sendable {
    /// The reverse-path; empty is the null sender.
    package var sender: String
    /// Each once, in the order of the job.
    package var recipients: [String]
    /// Lines end in CRLF; dots are not doubled.
    package var bytes: [UInt8]
    package var needs8Bit: Bool
    package var needsSMTPUTF8: Bool
}

/// What the configuration fills in where neither job nor template says it.
package struct MailDefaults: Equatable, Sendable {
    /// The author, and the envelope's sender.
    package var from: String?
    package var replyTo: String?
    /// The right side of Message-IDs.
    package var domain: String
    /// Where the attachments that jobs name lie; nil: no job may name one.
    package var attachmentsDirectory: String?

    package init(from: String? = nil, replyTo: String? = nil, domain: String, attachmentsDirectory: String? = nil) {
        self.from = from
        self.replyTo = replyTo
        self.domain = domain
        self.attachmentsDirectory = attachmentsDirectory
    }
}
