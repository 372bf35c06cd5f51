package import SMTP
internal import Text
package import Time

/// How one relay is reached: a `[relay NAME]` section as a value.
package struct RelaySettings: Equatable, Sendable {
    package let language: MailProtocol
    /// The path of a UNIX socket, or nil for TCP. The host is then this one.
    package let socket: String?
    package let host: String
    package let port: Int
    /// `smtps://`: TLS from the first byte. RFC 8314 section 3.3.
    package let isImplicitTLS: Bool

    /// ``TLS/none`` for a UNIX socket.
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
    /// The relay's certificate or its key, instead of a chain to a trusted one.
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

    /// Parses `smtp://host`, `smtps://host` and `lmtp://host`, each with or without `:port`, where an IPv6 address stands
    /// in brackets; or `smtp:unix:/path` and `lmtp:unix:/path`. The default ports are 25, 465 and 24.
    package init(url: String) throws(RelaySettingsError) {
        guard let (word, rest) = url.halves(at: ":"), let scheme = Scheme(rawValue: word.lowercasedASCII) else {
            throw Self.unexpected(url)
        }
        language = scheme == .lmtp ? .lmtp : .smtp
        isImplicitTLS = scheme == .smtps
        if rest.lowercasedASCII.begins(with: "unix:"), scheme != .smtps {
            socket = try Self.socketPath(String(decoding: rest.utf8.dropFirst(5), as: UTF8.self), url)
            (host, port) = ("localhost", scheme.port)
            tls = .none
            return
        }
        guard rest.begins(with: "//") else { throw Self.unexpected(url) }
        socket = nil
        let place = Substring(rest.utf8.dropFirst(2))
        let text = place.ends(with: "/") ? place.dropLast() : place
        if text.begins(with: "/") {
            throw RelaySettingsError("no host; a UNIX socket is \(scheme == .lmtp ? "lmtp" : "smtp"):unix:/path", url)
        }
        if text.holds("@") { throw RelaySettingsError("the user does not belong in the URL", "") }
        let (name, portText) = try Self.split(text, url)
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isHostByte) else {
            throw RelaySettingsError("no host name or address", url)
        }
        host = String(name)
        guard let portText else {
            port = scheme.port
            return
        }
        guard let number = UInt16(portText), number > 0, portText.first?.isNumber == true else {
            throw RelaySettingsError("no port number", url)
        }
        port = Int(number)
    }

    private enum Scheme: String {
        case smtp, smtps, lmtp

        var port: Int {
            switch self {
            case .smtp: 25
            case .smtps: 465
            case .lmtp: 24
            }
        }
    }

    private static func unexpected(_ url: String) -> RelaySettingsError {
        RelaySettingsError("expected smtp://host, smtps://host, lmtp://host or lmtp:unix:/path", url)
    }

    /// The kernel takes 107 bytes: unix(7).
    private static func socketPath(_ path: String, _ url: String) throws(RelaySettingsError) -> String {
        guard path.begins(with: "/"), path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw RelaySettingsError("a UNIX socket is a path that begins with /", url)
        }
        if path.utf8.count > 107 { throw RelaySettingsError("the path of a UNIX socket has at most 107 bytes", url) }
        return path
    }

    /// The relay as the configuration has it.
    package var url: String {
        let scheme = isImplicitTLS ? "smtps" : language.rawValue
        return socket.map { "\(scheme):unix:\($0)" } ?? "\(scheme)://\(host):\(port)"
    }

    /// The use of STARTTLS with this relay. An attacker who hides its offer would get the password in clear.
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
        proxy == nil && socket == nil && !host.begins(with: "[")
            && !host.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
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

/// Why a text is not a relay's URL.
package struct RelaySettingsError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ fault: String, _ url: String) {
        description = url.isEmpty ? fault : "\(fault): \(printableLine(url.utf8, limit: 200))"
    }
}
