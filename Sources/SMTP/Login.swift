internal import Text

/// One login: AUTH and its exchange, mechanism after mechanism until one takes the credentials or refuses them.
///
/// LOGIN never gets an initial response: a server that ignores it and asks for the user name would be sent the password
/// for one, and servers log user names. PLAIN and the tokens get one, and are tried again without where the server
/// does not know initial responses.
package struct Login {
    package enum Action: Equatable {
        case write([UInt8])
        case done
        case failed(ConnectionFailure)
    }

    /// The longest AUTH with an initial response. RFC 4954 section 4.
    static let commandLimit = 12288

    private let credentials: Credentials
    private let choice: LoginMechanism?
    private let host: String
    private let port: Int
    private var waiting: [LoginMechanism] = []
    private var mechanism = LoginMechanism.plain
    private var step = Step.response
    /// Why a mechanism before this one, or the one under way, came to nothing.
    private var refusal: Reply?
    /// The relay's own words on a token, from the challenge that comes before the refusal.
    private var verdictOnToken: String?

    private enum Step {
        /// AUTH went out with the initial response.
        case initialResponse
        /// AUTH went out alone.
        case command
        /// The user name of LOGIN went out.
        case user
        /// The last response went out.
        case response
        /// The empty answer to an error of a token went out: only a refusal can follow.
        case acknowledgement
        /// The exchange was called off.
        case cancellation
    }

    /// `choice` is the only mechanism; nil tries those that can work. `host` and `port` are said in OAUTHBEARER.
    package init(_ credentials: Credentials, by choice: LoginMechanism? = nil, host: String, port: Int) {
        self.credentials = credentials
        self.choice = choice
        self.host = host
        self.port = port
    }

    /// Begins with the first mechanism that `offered`, names in capitals, has in common with what is configured.
    package mutating func start(offered: [String], isEncrypted: Bool) -> Action {
        if offered.isEmpty { return fail("the relay offers no login") }
        waiting =
            (choice.map { [$0] } ?? LoginMechanism.candidates(for: credentials, isEncrypted: isEncrypted))
            .filter { offered.holds(exactly: $0.name) }
        let offer = printableLine(offered.joined(separator: ", ").utf8, limit: 200)
        if waiting.isEmpty, let choice { return fail("the relay does not offer AUTH \(choice.name), but \(offer)") }
        let kind = credentials.isToken ? "a token" : "a password"
        return next() ?? fail("no login mechanism in common: the relay offers \(offer), and there is \(kind)")
    }

    package mutating func received(_ reply: Reply) -> Action {
        switch reply.kind {
        case .positive where step == .initialResponse || step == .response: return .done
        case .intermediate: return asked(reply)
        case .transient: return fail(by: reply)
        case .permanent: return refused(reply)
        case .positive, .invalid: return fail("login failed: unexpected reply (\(reply))")
        }
    }

    /// Why the login came to nothing when the connection ended under it.
    package func ended(_ reason: String) -> ConnectionFailure {
        guard let refusal else {
            return ConnectionFailure(.auth, credentials.withholding("\(reason) during AUTH \(mechanism.name)"))
        }
        return failure(refusal)
    }

    private mutating func next() -> Action? {
        guard !waiting.isEmpty else { return nil }
        mechanism = waiting.removeFirst()
        guard let response = initialResponse else { return begin() }
        let command = command(Base64.encode(response))
        if command.count > Self.commandLimit { return begin() }
        step = .initialResponse
        return .write(command)
    }

    /// AUTH without an initial response.
    private mutating func begin() -> Action {
        step = .command
        return .write(command(nil))
    }

    private func command(_ response: [UInt8]?) -> [UInt8] {
        Array("AUTH \(mechanism.name)".utf8) + (response.map { [0x20] + $0 } ?? []) + [0x0D, 0x0A]
    }

    private var initialResponse: [UInt8]? {
        switch mechanism {
        case .plain: credentials.plainResponse
        case .xoauth2: credentials.bearerResponse
        case .oauthbearer: credentials.bearerResponse(host: host, port: port)
        case .login, .cramMD5: nil
        }
    }

    /// A 334: the server wants more.
    private mutating func asked(_ reply: Reply) -> Action {
        let challenge = Self.challenge(reply)
        switch (mechanism, step) {
        case (.login, .command):
            if challenge.isPrompt(for: "pass") { return cancel() }
            return respond(Array(credentials.user.utf8), then: .user)
        case (.login, .user):
            // It asks for the name again: the password is not one.
            if challenge.isPrompt(for: "user") { return cancel() }
            return respond(credentials.secret)
        case (.cramMD5, .command): return respond(credentials.response(toChallenge: challenge))
        // What asks for something else than the response is another mechanism's prompt.
        case (.plain, .command), (.plain, .initialResponse):
            guard !challenge.isPrompt(for: "user"), let initialResponse else { return cancel() }
            return respond(initialResponse)
        case (.xoauth2, .command), (.oauthbearer, .command):
            guard let initialResponse else { return cancel() }
            return respond(initialResponse)
        case (.xoauth2, .initialResponse), (.oauthbearer, .initialResponse):
            // The initial response went unread.
            if challenge.isEmpty, let initialResponse { return respond(initialResponse) }
            return acknowledge(challenge)
        case (.xoauth2, .response), (.oauthbearer, .response): return acknowledge(challenge)
        case (_, .cancellation), (_, .acknowledgement):
            return fail("login failed: unexpected reply (\(reply))")
        default: return cancel()
        }
    }

    private mutating func respond(_ response: [UInt8], then step: Step = .response) -> Action {
        self.step = step
        return .write(Base64.encode(response) + [0x0D, 0x0A])
    }

    /// The token is refused, and the challenge says why: an empty answer asks for the reply. RFC 7628 section 3.2.3.
    private mutating func acknowledge(_ challenge: [UInt8]) -> Action {
        verdictOnToken = printableLine(challenge, limit: 200)
        step = .acknowledgement
        return .write(mechanism == .oauthbearer ? Array("AQ==\r\n".utf8) : [0x0D, 0x0A])
    }

    private mutating func cancel() -> Action {
        step = .cancellation
        return .write(Array("*\r\n".utf8))
    }

    private mutating func refused(_ reply: Reply) -> Action {
        if step == .initialResponse, reply.isSyntaxFault { return begin() }
        if step != .cancellation || refusal == nil { refusal = reply }
        if step == .cancellation || reply.isMechanismFault || mechanism == .cramMD5, let action = next() {
            return action
        }
        return .failed(failure(refusal ?? reply))
    }

    private func fail(_ reason: String) -> Action {
        .failed(ConnectionFailure(.auth, credentials.withholding(reason), isConfigurationFault: true))
    }

    private func fail(by reply: Reply) -> Action {
        .failed(ConnectionFailure(.auth, code: reply.code, credentials.withholding("login refused: \(reply)")))
    }

    private func failure(_ reply: Reply) -> ConnectionFailure {
        var reason = "login refused: \(reply)"
        if let verdictOnToken {
            reason += "; the token has expired or is not valid for \(credentials.user) (\(verdictOnToken))"
        }
        var failure = ConnectionFailure(
            .auth, code: reply.code, credentials.withholding(reason), isConfigurationFault: true)
        failure.refusesLogin = true
        return failure
    }

    /// The challenge of a 334, decoded; the text itself if it is not base64.
    private static func challenge(_ reply: Reply) -> [UInt8] {
        let text = Array((reply.lines.first ?? "").utf8)[...].trimmed(\.isSpace)
        return Base64.decode(text, .lenient) ?? Array(text)
    }
}

extension [UInt8] {
    /// Whether a prompt asks for `word`, which is ASCII in lower case.
    fileprivate func isPrompt(for word: String) -> Bool { map(\.lowercased).contains(Array(word.utf8)) }
}

extension Reply {
    /// The command was not understood as it stood.
    fileprivate var isSyntaxFault: Bool {
        if [500, 501, 503, 555].contains(code) { return true }
        return enhanced.map { $0.subject == 5 && [2, 4].contains($0.detail) } == true && code != 504
    }

    /// The mechanism cannot be used here, whatever the credentials are. RFC 4954 section 6; RFC 3463 X.5.x, X.7.4, X.7.11.
    fileprivate var isMechanismFault: Bool {
        if [500, 501, 502, 503, 504, 530, 534, 538].contains(code) { return true }
        return enhanced.map { $0.subject == 5 || $0.subject == 7 && [4, 9, 11].contains($0.detail) } == true
    }
}
