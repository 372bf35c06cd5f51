package import SMTP
internal import Text
package import Time

/// How one relay is reached: a `[relay NAME]` section as a value.
package struct RelaySettings: Equatable, Sendable {
    package let host: String
    package let port: Int
    /// `smtps://`: TLS from the first byte. RFC 8314 section 3.3.
    package let isImplicitTLS: Bool

    package var tls = TLS.require
    package var user: String?
    package var secret: Secret?
    /// The only mechanism for the login; nil tries those that can work.
    package var mechanism: LoginMechanism?
    /// The name in EHLO; nil is the host's.
    package var helo: String?
    /// The certificates that are trusted, one PEM file. A directory of certificates is not used: with one, OpenSSL
    /// reads them all again at each connection.
    package var caFile = "/etc/ssl/certs/ca-certificates.crt"
    package var tlsMinimum = TLSVersion.tls12
    /// Another name that the certificate is for; nil is the host's.
    package var tlsName: String?
    /// The relay's certificate or its key, in place of a chain to one that is trusted.
    package var fingerprint: Fingerprint?
    /// Our own certificate, a PEM file, and its key; nil shows none.
    package var certificate: ClientCertificate?
    /// Where the negotiation of opportunistic TLS fails, the mail goes in clear.
    package var fallsBackToClear = true
    /// Of the addresses of the host.
    package var family = Family.any
    /// For the lookup of the name and TCP, a proxy's answer included; and once more for TLS.
    package var connectTimeout = Span.seconds(30)
    /// For the greeting, and for each reply up to the login. RFC 5321 section 4.5.3.2.1.
    package var greetingTimeout = Span.minutes(5)
    package var timeouts = Timeouts()
    /// Whether commands go in groups where the relay offers it. RFC 2920.
    package var pipelining = true
    package var messagesPerConnection = 100
    package var connectionAge = Span.hours(1)
    /// Less than relays wait (Postfix: 300 s for a command, but many give up after 10 s).
    package var idleTimeout = Span.seconds(5)
    /// The address or interface to connect from.
    package var sourceAddress: String?
    /// Such as `socks5h://127.0.0.1:1080`; nil for none. The environment is not asked.
    package var proxy: String?

    package enum TLS: String, CaseIterable, Sendable {
        /// STARTTLS, or the connection has failed. Certificates are verified.
        case require
        /// STARTTLS where it is offered. Certificates are not verified: who can forge one can as well hide the offer.
        case opportunistic
        case none
    }

    package enum TLSVersion: String, CaseIterable, Sendable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    package enum Family: String, CaseIterable, Sendable { case any, ipv4, ipv6 }

    /// Where the secret is.
    package enum Secret: Equatable, Sendable {
        /// It is read again for each connection.
        case passwordFile(String)
        /// An OAuth 2.0 access token, read again for each connection.
        case tokenFile(String)
        /// A program that prints a token, and its arguments. It is run again when the relay has refused the last one.
        case tokenCommand([String])
    }

    /// See ``certificate``.
    package struct ClientCertificate: Equatable, Sendable {
        package let file: String
        package let key: String

        package init(file: String, key: String) {
            self.file = file
            self.key = key
        }
    }

    /// Parses `smtp://host`, `smtps://host`, each with or without `:port`; an IPv6 address stands in brackets.
    /// The default ports are 25 and 465.
    package init(url: String) throws(RelaySettingsError) {
        let rest: Substring
        if url.lowercasedASCII.begins(with: "smtp://") {
            isImplicitTLS = false
            rest = Substring(url.utf8.dropFirst(7))
        } else if url.lowercasedASCII.begins(with: "smtps://") {
            isImplicitTLS = true
            rest = Substring(url.utf8.dropFirst(8))
        } else {
            throw RelaySettingsError("expected smtp://host or smtps://host", url)
        }
        let text = rest.ends(with: "/") ? rest.dropLast() : rest
        if text.holds("@") { throw RelaySettingsError("the user does not belong in the URL", "") }
        let (name, portText) = try Self.split(text, url)
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isHostByte) else {
            throw RelaySettingsError("no host name or address", url)
        }
        host = String(name)
        guard let portText else {
            port = isImplicitTLS ? 465 : 25
            return
        }
        guard let number = UInt16(portText), number > 0, portText.first?.isNumber == true else {
            throw RelaySettingsError("no port number", url)
        }
        port = Int(number)
    }

    /// What STARTTLS is to this relay. Who hides its offer would have the password in clear.
    var startTLS: Handshake.TLS {
        if isImplicitTLS { return .none }
        switch tls {
        case .none: return .none
        case .opportunistic: return user == nil ? .whereOffered : .required
        case .require: return .required
        }
    }

    /// The relay has to show who it is.
    var isVerified: Bool { isImplicitTLS || tls == .require }

    /// Mail goes in clear where TLS fails.
    var mayGoInClear: Bool { startTLS == .whereOffered && fallsBackToClear }

    /// The host is a name, which we look up ourselves: it may have several addresses.
    var hasAddresses: Bool {
        proxy == nil && !host.begins(with: "[") && !host.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
    }

    private static func split(_ text: Substring, _ url: String) throws(RelaySettingsError) -> (Substring, Substring?) {
        if text.begins(with: "[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else {
                throw RelaySettingsError("no ] after the address", url)
            }
            let after = text[text.index(after: end)...]
            if after.isEmpty { return (text[...end], nil) }
            guard after.begins(with: ":") else { throw RelaySettingsError("no port number", url) }
            return (text[...end], after.dropFirst())
        }
        guard let (host, port) = text.halves(at: ":") else { return (text, nil) }
        return (host, port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || "-._:[]%".utf8.contains(byte)
    }
}

/// Why a relay's URL is none.
package struct RelaySettingsError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ fault: String, _ url: String) {
        description = url.isEmpty ? fault : "\(fault): \(printableLine(url.utf8, limit: 200))"
    }
}
