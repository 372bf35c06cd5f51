internal import Text

/// How a session begins: greeting, EHLO, STARTTLS, EHLO again, AUTH. RFC 5321 section 3.1 and 3.2, RFC 3207, RFC 4954.
/// In LMTP it is LHLO, RFC 2033 section 4.1, which has no older form.
///
/// An event in, an action out; one command is under way at a time, and has one reply.
package struct Handshake {
    package enum Action: Equatable {
        case write([UInt8])
        /// Negotiate TLS, and call ``Handshake/tlsStarted()``.
        case startTLS
        /// Mail may be sent.
        case ready(Capabilities)
        case failed(ConnectionFailure)
    }

    /// The use of an offer of STARTTLS.
    package enum TLS: Equatable {
        /// It is left alone.
        case none
        /// It is taken; without it the session goes on in clear.
        case whereOffered
        /// Without it the session has failed.
        case required
    }

    private enum Step { case greeting, ehlo, helo, startTLS, tls, login, ready }

    private let name: String
    private let language: MailProtocol
    private let tls: TLS
    private var login: Login?
    private var step = Step.greeting
    private var capabilities = Capabilities()
    /// Bytes pass through TLS.
    package private(set) var isEncrypted = false
    /// Why an offer of STARTTLS came to nothing, where the session went on in clear.
    package private(set) var refusalOfTLS: Reply?

    /// `name` is what EHLO says.
    package init(name: String, language: MailProtocol = .smtp, tls: TLS, login: Login?) {
        self.name = name
        self.language = language
        self.tls = tls
        self.login = login
    }

    /// Where the conversation stands: what the server has to answer next.
    package var phase: ConnectionFailure.Phase {
        switch step {
        case .greeting: .greeting
        case .ehlo, .helo, .ready: .ehlo
        case .startTLS, .tls: .tls
        case .login: .auth
        }
    }

    package mutating func received(_ reply: Reply) -> Action {
        switch step {
        case .greeting:
            guard reply.kind == .positive else { return fail(by: reply) }
            return greet()
        case .ehlo: return answered(reply)
        case .helo:
            guard reply.kind == .positive else {
                let isUnknown = [500, 502].contains(reply.code)
                return fail(by: reply, isUnknown ? "neither EHLO nor HELO is known; is it lmtp? " : "")
            }
            capabilities = Capabilities()
            return secure()
        case .startTLS:
            if reply.kind == .positive {
                step = .tls
                return .startTLS
            }
            if tls == .required || reply.isClosing { return fail(by: reply, "STARTTLS refused: ") }
            refusalOfTLS = reply
            return logIn()
        case .login:
            guard var login else { return fail(by: reply) }
            defer { self.login = login }
            return act(on: login.received(reply))
        case .tls, .ready: return .failed(ConnectionFailure(phase, Self.unasked))
        }
    }

    /// Bytes pass through TLS from here on. After STARTTLS what was said before counts no more: RFC 3207 section 4.2.
    /// Before the greeting there is nothing to do: nil.
    package mutating func tlsStarted() -> Action? {
        isEncrypted = true
        return step == .greeting ? nil : greet()
    }

    /// The failure when the connection, or the patience with it, has ended.
    package func ended(_ reason: String) -> ConnectionFailure {
        if step == .login, let login { return login.ended(reason) }
        return ConnectionFailure(phase, reason)
    }

    /// The reason where a reply came that no command had asked for.
    package static let unasked = "the relay said something that was not asked for"

    private mutating func greet() -> Action {
        // It would be a second command, or a second line of the log.
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return .failed(
                ConnectionFailure(.ehlo, "'helo' is empty or has white space in it", isConfigurationFault: true))
        }
        step = .ehlo
        return .write(Array("\(language.hello) \(name)\r\n".utf8))
    }

    /// HELO is for servers that do not know EHLO, and not for those that are busy: RFC 5321 section 3.2.
    private mutating func answered(_ reply: Reply) -> Action {
        switch reply.kind {
        case .positive:
            capabilities = Capabilities(reply, in: language)
            return secure()
        case .permanent where [500, 502].contains(reply.code) && language == .lmtp:
            return .failed(
                ConnectionFailure(
                    .ehlo, code: reply.code, "the relay does not know LHLO: use smtp, and not lmtp, in url (\(reply))",
                    isConfigurationFault: true))
        case .permanent where [500, 502].contains(reply.code):
            step = .helo
            return .write(Array("HELO \(name)\r\n".utf8))
        default: return fail(by: reply)
        }
    }

    private mutating func secure() -> Action {
        if isEncrypted || tls == .none { return logIn() }
        guard capabilities.startTLS else {
            if tls == .whereOffered { return logIn() }
            return .failed(ConnectionFailure(.tls, "the relay does not offer STARTTLS", isConfigurationFault: true))
        }
        step = .startTLS
        return .write(Array("STARTTLS\r\n".utf8))
    }

    private mutating func logIn() -> Action {
        guard var login else { return ready() }
        step = .login
        defer { self.login = login }
        return act(on: login.start(offered: capabilities.authMechanisms, isEncrypted: isEncrypted))
    }

    private mutating func act(on action: Login.Action) -> Action {
        switch action {
        case .write(let bytes): return .write(bytes)
        case .done: return ready()
        case .failed(let failure): return .failed(failure)
        }
    }

    private mutating func ready() -> Action {
        step = .ready
        return .ready(capabilities)
    }

    private func fail(by reply: Reply, _ prefix: String = "") -> Action {
        let isFault = step == .startTLS && reply.kind == .permanent
        return .failed(
            ConnectionFailure(phase, code: reply.code, "\(prefix)\(reply)", isConfigurationFault: isFault))
    }
}
