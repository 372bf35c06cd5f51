/// A mail as it goes to a relay: the envelope of RFC 5321 and the message of RFC 5322.
package struct OutgoingMail: Equatable, Sendable {
    /// The reverse-path; empty is the null sender.
    package var sender: String
    /// Each once, in the order of the job.
    package var recipients: [String]
    /// Recipients that get nothing, by `allow_recipients`: the job's, and not ``recipients``.
    package var disallowed: [String] = []
    /// Recipients whose mail goes to another address, by `redirect_all_to`; that is one of ``recipients``.
    package var redirected: [String] = []
    /// Lines end in CRLF; dots are not doubled.
    package var bytes: [UInt8]
    package var needs8Bit: Bool
    package var needsSMTPUTF8: Bool
}
