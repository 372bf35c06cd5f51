internal import SMTPServer

/// The state of one SMTP session: what has been said, and what may be said next (RFC 5321, section 4.1.4).
///
/// A value without I/O. A command is first judged by ``refusal(of:)`` and then takes effect by
/// ``accept(_:)``; between the two, the caller may decide to refuse it all the same.
struct Dialogue {
    let settings: Settings
    let name: String

    /// The name that the client gave; nil before EHLO or HELO.
    private(set) var hello: [UInt8]?
    private(set) var isExtended = false
    private(set) var user: String?
    /// The protocol version, while the session is encrypted.
    private(set) var tls: String?
    private(set) var envelope: Envelope?
    /// The greeting was a refusal: nothing but QUIT is heard (RFC 5321, section 3.1).
    var isRefusing = false

    init(_ settings: Settings, name: String) {
        self.settings = settings
        self.name = name
    }

    var greeting: Reply { Reply(220, "", "\(name) ESMTP outspool-sink") }

    /// Whether this can be used now: offered, and in place.
    func offers(_ extension: Extensions) -> Bool {
        switch `extension` {
        case .startTLS: settings.offers.contains(.startTLS) && settings.certificate != nil && tls == nil
        case .auth:
            settings.offers.contains(.auth) && !settings.credentials.isEmpty
                && (tls != nil || settings.allowsAuthWithoutTLS)
        default: settings.offers.contains(`extension`)
        }
    }

    /// Why the command is not possible now; nil when it is.
    func refusal(of command: Command) -> Reply? {
        if isRefusing, command != .quit { return Reply(503, "5.5.1", "Service refused; QUIT is all that is left") }
        return switch command {
        case .malformed(let reply): reply
        case .ehlo, .helo, .noop, .help, .vrfy, .rset, .quit: nil
        case .startTLS: offers(.startTLS) ? nil : Reply(502, "5.5.1", "STARTTLS is not offered")
        case .auth(let mechanism, _): authRefusal(mechanism)
        case .mail(let sender): mailRefusal(sender)
        case .rcpt(let recipient): recipientRefusal(recipient)
        case .data:
            if let envelope {
                envelope.recipients.isEmpty ? Reply(554, "5.5.1", "No valid recipients") : nil
            } else {
                .needsMail
            }
        }
    }

    /// The command takes effect; the reply that says so. The caller has had ``refusal(of:)`` say nil.
    mutating func accept(_ command: Command) -> Reply {
        switch command {
        case .malformed(let reply): return reply
        case .ehlo(let name):
            hello = name
            isExtended = true
            envelope = nil
            return ehloReply
        case .helo(let name):
            hello = name
            isExtended = false
            envelope = nil
            return Reply(250, "", self.name)
        case .mail(let sender):
            envelope = Envelope(sender: sender)
            return .mailOk
        case .rcpt(let recipient):
            envelope?.recipients.append(recipient)
            return .rcptOk
        case .data: return .startMail
        case .rset:
            envelope = nil
            return .resetOk
        case .noop: return Reply(250, "2.0.0", "Ok")
        case .help: return Reply(214, "2.0.0", "See RFC 5321")
        case .vrfy: return Reply(252, "2.0.0", "Send some mail and see")
        case .quit: return .bye
        case .startTLS: return .readyForTLS
        case .auth: return .authenticated
        }
    }

    /// The client's words before no longer count (RFC 3207, section 4.2).
    mutating func becameEncrypted(version: String) {
        tls = version
        hello = nil
        envelope = nil
        user = nil
    }

    mutating func authenticated(as user: String) { self.user = user }

    /// The transaction is over, whatever became of it.
    mutating func finishMessage() { envelope = nil }

    /// The reply to EHLO.
    var ehloReply: Reply {
        var lines: [String] = []
        if offers(.pipelining) { lines.append("PIPELINING") }
        if offers(.size) { lines.append("SIZE \(settings.maxSize)") }
        if offers(.startTLS) { lines.append("STARTTLS") }
        if offers(.auth) { lines.append("AUTH " + mechanisms.joined(separator: " ")) }
        if offers(.enhancedStatusCodes) { lines.append("ENHANCEDSTATUSCODES") }
        if offers(.eightBitMIME) { lines.append("8BITMIME") }
        if offers(.smtpUTF8) { lines.append("SMTPUTF8") }
        if offers(.dsn) { lines.append("DSN") }
        return Reply(250, "", name, more: lines + ["HELP"])
    }

    private var mechanisms: [String] {
        let hasPassword = settings.credentials.contains { if case .password = $0 { true } else { false } }
        let hasToken = settings.credentials.contains { if case .token = $0 { true } else { false } }
        return (hasPassword ? ["PLAIN", "LOGIN"] : []) + (hasToken ? ["XOAUTH2"] : [])
    }

    private func authRefusal(_ mechanism: String) -> Reply? {
        if hello == nil || !isExtended { return Reply(503, "5.5.1", "EHLO first") }
        if user != nil { return Reply(503, "5.5.1", "Already authenticated") }
        if envelope != nil { return Reply(503, "5.5.1", "Not within a transaction") }
        if !offers(.auth) {
            return tls == nil && !settings.credentials.isEmpty
                ? Reply(538, "5.7.11", "Encryption is required for authentication")
                : Reply(502, "5.5.1", "AUTH is not offered")
        }
        return mechanisms.contains(mechanism) ? nil : Reply(504, "5.5.4", "Unknown mechanism")
    }

    private func mailRefusal(_ sender: Envelope.Sender) -> Reply? {
        if hello == nil { return Reply(503, "5.5.1", "EHLO first") }
        if envelope != nil { return Reply(503, "5.5.1", "Sender already given") }
        if settings.requiresAuth, user == nil { return Reply(530, "5.7.0", "Authentication required") }
        if let reply = parameterRefusal(sender.uses) { return reply }
        if let size = sender.size, size > settings.maxSize { return .tooBig }
        if sender.address.contains(where: { $0 >= 0x80 }), !sender.smtpUTF8 { return .needsUTF8 }
        return nil
    }

    private func recipientRefusal(_ recipient: Envelope.Recipient) -> Reply? {
        guard let envelope else { return .needsMail }
        if let reply = parameterRefusal(recipient.uses) { return reply }
        if envelope.recipients.count >= settings.maxRecipients { return Reply(452, "4.5.3", "Too many recipients") }
        if recipient.address.contains(where: { $0 >= 0x80 }), !envelope.sender.smtpUTF8 { return .needsUTF8 }
        return nil
    }

    /// A parameter may be used only after its extension was offered (RFC 5321, section 4.1.1.11).
    private func parameterRefusal(_ uses: Extensions) -> Reply? {
        if uses.isEmpty { return nil }
        let offered = isExtended ? settings.offers : []
        // AUTH= is meaningful wherever AUTH is known, authenticated or not (RFC 4954, section 5).
        if uses.isSubset(of: offered) { return nil }
        return Reply(555, "5.5.4", "A parameter of an extension that was not offered")
    }
}

extension Reply {
    static let mailOk = Reply(250, "2.1.0", "Ok")
    static let rcptOk = Reply(250, "2.1.5", "Ok")
    static let resetOk = Reply(250, "2.0.0", "Ok")
    static let startMail = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
    static let bye = Reply(221, "2.0.0", "Bye")
    static let readyForTLS = Reply(220, "2.0.0", "Ready to start TLS")
    static let authenticated = Reply(235, "2.7.0", "Authentication successful")
    static let tooBig = Reply(552, "5.3.4", "Message too big")
    static let needsMail = Reply(503, "5.5.1", "MAIL first")
    static let needsUTF8 = Reply(553, "5.6.7", "Address needs SMTPUTF8")
}
