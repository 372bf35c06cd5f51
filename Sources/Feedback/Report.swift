package import Time

/// A report of what came after a relay's 250: what it says, and what may lead to the job that it is about.
package struct Report: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The mail came back (RFC 3464, or a bounce in a form of its own).
        case bounced
        /// A reader called it spam (RFC 5965, or a relay's webhook).
        case complained
        /// The receiving server took it.
        case delivered
        /// The receiving server has not taken it yet, and goes on trying.
        case delayed
        /// A program answered: an absence notice, a ticket number. It changes nothing.
        case autoReply = "auto-reply"
    }

    /// Why, in a few classes.
    package enum Class: String, CaseIterable, Sendable {
        /// The address does not exist, or takes no mail.
        case badAddress = "bad-address"
        /// The mailbox or its disk is full.
        case full
        /// The sender, its address or its reputation is refused.
        case policy
        /// This mail's content or size is refused.
        case content
        /// SPF, DKIM, DMARC, TLS or a login.
        case auth
        /// The receiving server, its DNS or its network failed.
        case temporary
        case complaint
        case autoReply = "auto-reply"
        case delivered
        case unknown
    }

    /// One recipient that the report tells of.
    package struct Recipient: Equatable, Sendable {
        /// The address as the report has it, without angle brackets; the original one where it names both. Empty where a
        /// complaint hides it: one of the mail's recipients complained.
        package var address: String
        package var kind: Kind
        package var `class`: Class
        /// Whether trying again is of no use: a permanent failure, as far as the report says.
        package var isPermanent: Bool
        /// The reply code (RFC 5321), where the report has one.
        package var code: Int?
        /// The enhanced status code (RFC 3463), where the report has one.
        package var dsn: String?
        /// The receiving server's words, in one line, at most 500 bytes.
        package var reply: String?

        package init(_ address: String, _ kind: Kind, _ class: Class, isPermanent: Bool) {
            self.address = address
            self.kind = kind
            self.class = `class`
            self.isPermanent = isPermanent
        }
    }

    /// The clues to the job, in the order in which they are tried.
    package struct Clues: Equatable, Sendable {
        /// The addresses that the report itself was sent to, in which a token may be.
        package var sentTo: [String] = []
        /// Original-Envelope-Id (RFC 3464), decoded.
        package var envelopeID: String?
        /// Ids of jobs: an echoed `X-Outspool-Id`, or a relay's metadata.
        package var jobIDs: [String] = []
        /// Message-IDs of the original, without angle brackets.
        package var messageIDs: [String] = []
        /// The relay's own ids of the mail: what it said in its 250, or names in its webhooks.
        package var relayIDs: [String] = []

        package init() {}
    }

    /// Every recipient that it tells of; empty where it names none.
    package var recipients: [Recipient] = []
    package var clues = Clues()
    /// When it happened, as the report says.
    package var at: Timestamp?
    /// Where it comes from: `mail`, or the relay whose webhook it is.
    package var source: String
    /// Whether the relay's signature was checked and is right. Always false for a mail.
    package var isVerified = false
    /// Equal for the same report however often it comes: the event's own id, or a digest of the bytes.
    package var id: String

    package init(source: String, id: String) {
        self.source = source
        self.id = id
    }
}
