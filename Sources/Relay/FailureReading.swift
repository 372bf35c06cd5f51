internal import CCurl
internal import Linux
internal import SMTP
internal import Text

extension ConnectionFailure {
    /// Reads libcurl's result for the way to the relay: lookup, TCP, proxy. `text` is what it says of it.
    static func connecting(_ result: CURLcode, _ text: String) -> ConnectionFailure {
        switch result {
        case CURLE_INTERFACE_FAILED, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_FAILED_INIT,
            CURLE_COULDNT_RESOLVE_PROXY:
            ConnectionFailure(.connect, text, isConfigurationFault: true)
        default:
            // A proxy that wants a password, or does not allow the port: 407, 403.
            ConnectionFailure(
                .connect, withoutFigures(text), isConfigurationFault: text.holds("CONNECT tunnel failed, response 4"))
        }
    }

    /// A UNIX socket that could not be connected to. Its server may be on its way, and a right is not.
    static func connecting(to socket: String, _ error: Errno) -> ConnectionFailure {
        let isRight = error == .accessDenied || error == .notPermitted
        let hint = isRight ? "; the daemon's user needs the right to write to it" : ""
        return ConnectionFailure(.connect, "\(socket): \(error)\(hint)", isConfigurationFault: isRight)
    }

    /// Reads libcurl's result for TLS. `isImplicit`: from the first byte, and not by STARTTLS.
    static func securing(_ result: CURLcode, _ text: String, isImplicit: Bool) -> ConnectionFailure {
        switch result {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ISSUER_ERROR:
            return ConnectionFailure(.tls, text, isConfigurationFault: true)
        default: break
        }
        if text.holds("certificate required") || text.holds("alert bad certificate") {
            return ConnectionFailure(
                .tls, "the relay demands a certificate of ours, see tls_certificate (\(text))",
                isConfigurationFault: true)
        }
        // OpenSSL's words when the first bytes are not TLS.
        if ["wrong version number", "packet length too long", "unknown protocol", "http request"].contains(
            where: text.holds)
        {
            return isImplicit
                ? ConnectionFailure(
                    .tls, "the relay does not speak TLS from the first byte on this port: use smtp:// (\(text))",
                    isConfigurationFault: true)
                : ConnectionFailure(.tls, "the relay agreed to STARTTLS, and what it sent is not TLS (\(text))")
        }
        if text.holds("handshake failure") || text.holds("unsupported protocol") || text.holds("protocol version") {
            return ConnectionFailure(
                .tls, "no TLS in common; see tls_minimum, and tls_certificate where the relay demands one (\(text))")
        }
        return ConnectionFailure(.tls, withoutFigures(text))
    }

    /// `text` without the milliseconds that libcurl puts in: the next failure of that kind reads as this one.
    private static func withoutFigures(_ text: String) -> String {
        var words = text.pieces(at: " ").map(String.init)
        while let end = words.firstIndex(where: { ["ms", "ms:", "milliseconds"].holds(exactly: $0) }),
            end >= 2, words[end - 1].utf8.allSatisfy(\.isDigit), words[end - 2].isExactly("after")
        {
            let tail = words[end].utf8.last == UInt8(ascii: ":") ? ":" : ""
            words.removeSubrange(end - 2...end)
            if !tail.isEmpty, end >= 3 { words[end - 3] += tail }
        }
        return words.joined(separator: " ")
    }
}
