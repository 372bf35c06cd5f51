internal import SMTPServer
internal import Text

/// One exchange of AUTH: the client's lines in, challenges and credentials out (RFC 4954, RFC 4616).
///
/// Who the credentials are good for is judged elsewhere, because a hash takes its time.
struct LoginExchange {
    static let mechanisms = ["PLAIN", "LOGIN"]

    private let mechanism: String
    /// LOGIN: the user is known.
    private var user: String?

    enum Step {
        /// Sent as `334` and this text, which is base64 already.
        case challenge(String)
        case credentials(user: String, password: String)
        case refused(Reply)
    }

    init(_ mechanism: String) { self.mechanism = mechanism }

    /// Takes the AUTH command itself.
    mutating func begin(initial: [UInt8]?) -> Step {
        // A single "=" is an initial response of no bytes.
        if let initial { return respond(initial == [UInt8(ascii: "=")] ? [] : initial[...]) }
        return .challenge(mechanism.isExactly("LOGIN") ? Self.prompt("Username:") : "")
    }

    /// Takes the client's next line.
    mutating func respond(_ line: ArraySlice<UInt8>) -> Step {
        if line.elementsEqual([UInt8(ascii: "*")]) {
            return .refused(Reply(501, "5.7.0", "Authentication cancelled"))
        }
        guard let response = Base64.decode(line, .exact) else { return .refused(Reply(501, "5.5.2", "Not base64")) }
        if mechanism.isExactly("PLAIN") {
            let parts = response.split(separator: 0, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return .refused(Reply(501, "5.5.2", "Malformed response")) }
            return credentials(parts[1], parts[2])
        }
        guard let user else {
            user = String(decoding: response, as: UTF8.self)
            return .challenge(Self.prompt("Password:"))
        }
        return credentials(user.utf8, response)
    }

    private func credentials(_ user: some Collection<UInt8>, _ password: some Collection<UInt8>) -> Step {
        // For crypt(3) a NUL would end the password.
        if password.contains(0) || user.contains(0) { return .refused(.noCredentials) }
        return .credentials(
            user: String(decoding: user, as: UTF8.self), password: String(decoding: password, as: UTF8.self))
    }

    private static func prompt(_ text: String) -> String {
        String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }
}
