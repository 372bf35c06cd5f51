internal import SMTPServer

extension Command {
    /// The phase whose faults and delay apply; nil where none does.
    var phase: Phase? {
        switch self {
        case .ehlo, .helo: .ehlo
        case .mail: .mail
        case .rcpt: .rcpt
        case .data: .data
        case .rset: .rset
        case .quit: .quit
        case .startTLS: .startTLS
        case .auth: .auth
        case .noop, .vrfy, .help, .malformed: nil
        }
    }
}
