/// The language that a relay speaks.
package enum MailProtocol: String, CaseIterable, Sendable {
    /// RFC 5321.
    case smtp
    /// The protocol of a server for mailboxes: each recipient has a reply of its own after the final dot. RFC 2033.
    case lmtp

    /// The command that opens a session.
    package var hello: String { self == .smtp ? "EHLO" : "LHLO" }
}
