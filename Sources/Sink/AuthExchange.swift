internal import SMTPServer
internal import Text

/// One SASL exchange: the client's lines in, challenges and the verdict out (RFC 4954, RFC 4616).
struct AuthExchange {
    private let mechanism: String
    private let credentials: [Settings.Credential]
    private var step = Step.first

    private enum Step: Equatable {
        case first
        /// LOGIN: the user is known.
        case password(user: String)
        /// XOAUTH2: the error has been sent, an empty line is due.
        case failed
    }

    enum Outcome: Equatable {
        /// Sent as `334` and this text, which is base 64 already.
        case challenge(String)
        case authenticated(user: String)
        case refused(Reply)
    }

    init(mechanism: String, credentials: [Settings.Credential]) {
        self.mechanism = mechanism
        self.credentials = credentials
    }

    /// The outcome of the AUTH command itself.
    mutating func begin(initial: [UInt8]?) -> Outcome {
        // A single "=" is an initial response of no bytes.
        if let initial { return respond(initial == [UInt8(ascii: "=")] ? [] : initial[...]) }
        return .challenge(mechanism == "LOGIN" ? Self.prompt("Username:") : "")
    }

    /// The outcome of the client's next line.
    mutating func respond(_ line: ArraySlice<UInt8>) -> Outcome {
        if line.count == 1, line.first == UInt8(ascii: "*") {
            return .refused(Reply(501, "5.7.0", "Authentication cancelled"))
        }
        guard let response = Base64.decode(line, .exact) else {
            return .refused(Reply(501, "5.5.2", "Not base 64"))
        }
        switch (mechanism, step) {
        case (_, .failed): return .refused(.badCredentials)
        case ("PLAIN", _): return plain(response)
        case ("LOGIN", .first):
            step = .password(user: response.text)
            return .challenge(Self.prompt("Password:"))
        case ("LOGIN", .password(let user)): return check(.password(user: user, password: response.text), user)
        case ("XOAUTH2", _): return bearer(response)
        default: return .refused(Reply(504, "5.5.4", "Unknown mechanism"))
        }
    }

    private static func prompt(_ text: String) -> String { Base64.encode(Array(text.utf8)).text }

    /// `[authzid] NUL user NUL password`.
    private func plain(_ response: [UInt8]) -> Outcome {
        let parts = response.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return .refused(Reply(501, "5.5.2", "Malformed response")) }
        return check(.password(user: parts[1].text, password: parts[2].text), parts[1].text)
    }

    /// `user=U ^A auth=Bearer T ^A ^A`.
    private mutating func bearer(_ response: [UInt8]) -> Outcome {
        var user = ""
        var token = ""
        for part in response.split(separator: 1) {
            if part.starts(with: "user=".utf8) { user = part.dropFirst(5).text }
            if part.prefix(12).matches("AUTH=BEARER ") { token = part.dropFirst(12).text }
        }
        let outcome = check(.token(user: user, token: token), user)
        if case .authenticated = outcome { return outcome }
        step = .failed
        let error = #"{"status":"401","schemes":"bearer","scope":"https://mail.example/"}"#
        return .challenge(Base64.encode(Array(error.utf8)).text)
    }

    private func check(_ credential: Settings.Credential, _ user: String) -> Outcome {
        credentials.contains(credential) ? .authenticated(user: user) : .refused(.badCredentials)
    }
}

extension Reply {
    static let badCredentials = Reply(535, "5.7.8", "Authentication credentials invalid")
}
