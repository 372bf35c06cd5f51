/// The sender and recipients of one transaction, with their parameters.
package struct Envelope: Equatable, Sendable {
    package var sender: Sender
    package var recipients: [Recipient] = []

    package init(sender: Sender, recipients: [Recipient] = []) {
        self.sender = sender
        self.recipients = recipients
    }

    /// The contents of MAIL.
    package struct Sender: Equatable, Sendable {
        /// Without the angle brackets; empty for the null reverse-path.
        package var address: [UInt8] = []
        /// RFC 1870, in octets.
        package var size: Int?
        /// RFC 6152; in upper case.
        package var body: String?
        /// RFC 6531.
        package var smtpUTF8 = false
        /// RFC 3461: `FULL` or `HDRS`.
        package var ret: String?
        /// RFC 3461, as xtext.
        package var envelopeID: String?
        /// RFC 4954, section 5, as xtext.
        package var auth: String?
        /// The extensions whose parameters were used.
        package var uses: Extensions = []

        package init(address: [UInt8] = []) { self.address = address }
    }

    /// The contents of RCPT.
    package struct Recipient: Equatable, Sendable {
        package var address: [UInt8] = []
        /// RFC 3461: `NEVER`, or a list of `SUCCESS`, `FAILURE`, `DELAY`.
        package var notify: String?
        /// RFC 3461, `type;xtext`.
        package var original: String?
        package var uses: Extensions = []

        package init(address: [UInt8] = []) { self.address = address }
    }
}
