package import SMTPServer
package import ServerSocket
package import Time

/// The values of the command line.
package struct Settings: Equatable {
    package var addresses: [ListenAddress] = []
    package var allowRemote = false
    /// Nil: messages are counted and dropped.
    package var maildir: String?
    /// A file, or `-` for standard output; nil: no log.
    package var log: String?
    package var isQuiet = false

    /// The name in the greeting, in Received fields and in file names; nil: the host's.
    package var name: String?
    package var offers = Extensions.all
    /// Refuses what is otherwise only counted: long lines, data sent before its 354.
    package var isStrict = false
    /// In octets, without the dots that were stuffed.
    package var maxSize = 32 << 20
    package var maxRecipients = 1000
    package var maxSessions = 2000
    /// Without a byte from the client for so long, the session ends.
    package var timeout = Span.minutes(5)

    package var certificate: Certificate?
    package var isImplicitTLS = false

    package var credentials: [Credential] = []
    /// Files with one `user:password` each line.
    package var credentialFiles: [String] = []
    package var requiresAuth = false
    package var allowsAuthWithoutTLS = false

    package var faults: [Fault] = []
    /// By ``Phase/index``.
    package var delays = [Span](repeating: .zero, count: Phase.allCases.count)
    /// Between the bytes of a reply that drips.
    package var dripInterval = Span.seconds(1)

    package init() {}

    /// Where certificate and key come from.
    package enum Certificate: Equatable {
        case files(certificate: String, key: String)
        /// Made at the start and written to this directory.
        case selfSigned(directory: String)
    }

    /// Who may authenticate, and how.
    package enum Credential: Equatable, Sendable {
        case password(user: String, password: String)
        /// XOAUTH2.
        case token(user: String, token: String)
    }
}
