/// The points of a session at which it can be made to fail or to wait.
package enum Phase: String, CaseIterable, Sendable {
    /// After accept(2), before anything is sent, TLS included.
    case connect
    /// Instead of the TLS handshake, implicit or after STARTTLS, when the client has begun it.
    case tls
    case greeting
    case ehlo
    case startTLS = "starttls"
    case auth
    case mail
    case rcpt
    case data
    /// The first bytes of a message have come.
    case body
    /// The whole message has come and is stored.
    case dot
    case rset
    case quit
    /// A message or RSET has been answered and no command has come within the phase's delay.
    case idle

    var bit: UInt32 { 1 << UInt32(index) }
    /// The place in an array with one element for each phase.
    var index: Int {
        switch self {
        case .connect: 0
        case .tls: 1
        case .greeting: 2
        case .ehlo: 3
        case .startTLS: 4
        case .auth: 5
        case .mail: 6
        case .rcpt: 7
        case .data: 8
        case .body: 9
        case .dot: 10
        case .rset: 11
        case .quit: 12
        case .idle: 13
        }
    }

    /// The phases whose reply may be due next: an early one is sent after this phase's.
    var followers: [Phase] {
        switch self {
        case .greeting: [.ehlo]
        case .ehlo: [.startTLS, .auth, .mail]
        case .mail: [.rcpt]
        case .rcpt: [.data]
        case .data: [.dot]
        case .dot: [.rset, .quit]
        default: []
        }
    }

    /// Whether an address can be matched: the sender at `mail`, the recipient at `rcpt`, one of
    /// the recipients afterwards.
    var hasAddress: Bool {
        switch self {
        case .mail, .rcpt, .data, .body, .dot: true
        default: false
        }
    }
}
