internal import CCurl
internal import SMTP

/// Why a connection came to nothing.
package struct ConnectionFailure: Error, Equatable, CustomStringConvertible {
    package enum Phase: String { case connect, tls, greeting, ehlo, auth }

    package let phase: Phase
    /// The code of the reply that ended it, if one did.
    package let code: Int?
    /// One line, safe to log; never a credential.
    package let reason: String
    /// It will not mend itself: a certificate that does not verify, a login that is refused, a wrong setting.
    package let isConfigurationFault: Bool
    /// No descriptor was left for it: that says nothing about the relay.
    package var isShortage = false

    package var description: String { "\(phase.rawValue): \(reason)" }

    init(_ phase: Phase, code: Int? = nil, _ reason: String, isConfigurationFault: Bool = false) {
        self.phase = phase
        self.code = code
        self.reason = reason
        self.isConfigurationFault = isConfigurationFault
    }

    func withholding(_ credentials: Credentials) -> ConnectionFailure {
        ConnectionFailure(
            phase, code: code, credentials.withholding(reason), isConfigurationFault: isConfigurationFault)
    }

    /// Reads libcurl's result beside what the server said.
    init(_ result: CURLcode, _ text: String, _ transcript: Transcript, _ settings: RelaySettings, hasConnected: Bool) {
        let talk = transcript.phase(settings)
        let last = transcript.last
        // A refusal is the last reply; otherwise silence or the end of the connection followed it.
        let refusal = last.flatMap { $0.kind == .positive || $0.kind == .intermediate ? nil : $0 }
        switch result {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
            self.init(.connect, text)
        case CURLE_INTERFACE_FAILED, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_FAILED_INIT:
            self.init(.connect, text, isConfigurationFault: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ISSUER_ERROR:
            self.init(.tls, text, isConfigurationFault: true)
        case CURLE_USE_SSL_FAILED:
            let reason = refusal.map { "STARTTLS refused: \($0)" } ?? "the relay does not offer STARTTLS"
            self.init(.tls, code: refusal?.code, reason, isConfigurationFault: refusal?.kind != .transient)
        case CURLE_SSL_CONNECT_ERROR: self.init(.tls, text)
        case CURLE_LOGIN_DENIED:
            let reason = refusal.map { "login refused: \($0)" } ?? "no login mechanism in common"
            let isTransient = refusal.map { $0.kind != .permanent } ?? false
            self.init(.auth, code: refusal?.code, reason, isConfigurationFault: !isTransient)
        default:
            if !hasConnected, last == nil {
                self.init(.connect, text)
            } else if let refusal {
                self.init(talk, code: refusal.code, refusal.description)
            } else {
                let isHandshake = settings.isImplicitTLS && last == nil
                self.init(isHandshake ? .tls : talk, text)
            }
        }
    }
}
