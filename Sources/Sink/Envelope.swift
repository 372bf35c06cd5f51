/// The sender and recipients of one transaction, with their parameters.
struct Envelope: Equatable {
    var sender: Sender
    var recipients: [Recipient] = []

    /// What MAIL says.
    struct Sender: Equatable {
        /// Without the angle brackets; empty for the null reverse-path.
        var address: [UInt8] = []
        /// RFC 1870, in octets.
        var size: Int?
        /// RFC 6152; in upper case.
        var body: String?
        /// RFC 6531.
        var smtpUTF8 = false
        /// RFC 3461: `FULL` or `HDRS`.
        var ret: String?
        /// RFC 3461, as xtext.
        var envelopeID: String?
        /// RFC 4954, section 5, as xtext.
        var auth: String?
        /// The extensions whose parameters were used.
        var uses: Extensions = []
    }

    /// What RCPT says.
    struct Recipient: Equatable {
        var address: [UInt8] = []
        /// RFC 3461: `NEVER`, or a list of `SUCCESS`, `FAILURE`, `DELAY`.
        var notify: String?
        /// RFC 3461, `type;xtext`.
        var original: String?
        var uses: Extensions = []
    }
}
