internal import Configuration
internal import Relay
internal import SMTP
internal import Text
internal import Time

/// Reads the keys of one `[relay NAME]` that say how it is reached.
extension RelaySettings {
    /// `user`, where its secret comes from, and `auth`.
    mutating func readLogin(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        user = section.string("user")
        var sources: [Secret] = []
        if let path = section.path("password_file") { sources.append(.passwordFile(path)) }
        if let path = section.path("token_file") { sources.append(.tokenFile(path)) }
        if let words = try section.command("token_command") { sources.append(.tokenCommand(words)) }
        if sources.count > 1 {
            throw section.fault("one of password_file, token_file and token_command", at: "token_file")
        }
        secret = sources.first
        if secret != nil, user == nil { throw section.missing("user") }
        if user != nil, secret == nil { throw section.missing("password_file") }
        if user != nil, tls == .opportunistic, !isImplicitTLS {
            throw section.fault(
                "tls = opportunistic does not protect a password: who can change the traffic would have it in clear; "
                    + "use tls = require", at: "tls")
        }
        let names = ["auto"] + LoginMechanism.allCases.map(\.rawValue)
        guard let choice = section.string("auth") else { return }
        guard names.holds(exactly: choice) else {
            throw section.fault("'auth' is \(names.joined(separator: " or ")), not '\(choice)'", at: "auth")
        }
        mechanism = LoginMechanism(rawValue: choice)
        if let mechanism, let secret {
            if case .passwordFile = secret, mechanism.takesToken {
                throw section.fault("auth = \(choice) needs token_file or token_command", at: "auth")
            }
            if mechanism.takesToken { return }
            guard case .passwordFile = secret else {
                throw section.fault("auth = \(choice) needs password_file: a token is not a password", at: "auth")
            }
        }
    }

    /// The rules for TLS, on either side.
    mutating func readTLS(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        if let path = section.path("ca_file") { caFile = path }
        if let choice = try section.choice("tls_minimum", of: TLSVersion.self) { tlsMinimum = choice }
        if let name = section.string("tls_name") {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0.isLetterOrDigit || "-._".utf8.contains($0) }) else {
                throw section.fault("'tls_name' is a host name, not '\(name)'", at: "tls_name")
            }
            tlsName = name
        }
        fingerprint = try section.value(
            "tls_fingerprint", "SHA-256 of the certificate in hexadecimal digits, or sha256//BASE64 of its public key"
        ) { Fingerprint($0) }
        for (key, isSet) in [("tls_name", tlsName != nil), ("tls_fingerprint", fingerprint != nil)] where isSet {
            if !isImplicitTLS, tls != .require {
                throw section.fault("'\(key)' is looked at with tls = require only", at: key)
            }
        }
        if let flag = try section.bool("tls_fallback") { fallsBackToClear = flag }
        switch (section.path("tls_certificate"), section.path("tls_key")) {
        case (let file?, let key): certificate = ClientCertificate(file: file, key: key ?? file)
        case (nil, _?): throw section.missing("tls_certificate")
        case (nil, nil): break
        }
    }

    /// The way to the relay, and how long it may take.
    mutating func readWay(_ section: inout ConfigurationSection) throws(ConfigurationError) {
        for key in ["family", "source_address", "proxy"] where socket != nil && section.string(key) != nil {
            throw section.fault("'\(key)' cannot be used with a UNIX socket", at: key)
        }
        if let choice = try section.choice("family", of: Family.self) { family = choice }
        if let span = try section.positiveSpan("connect_timeout", like: "30s") { connectTimeout = span }
        if let span = try section.positiveSpan("greeting_timeout", like: "5m") { greetingTimeout = span }
        sourceAddress = section.string("source_address")
        guard let url = section.string("proxy") else { return }
        let schemes = ["http", "socks4", "socks4a", "socks5", "socks5h"]
        guard let (scheme, rest) = url.halves(at: ":"), rest.begins(with: "//"), rest.utf8.count > 2,
            schemes.holds(exactly: scheme)
        else {
            throw section.fault(
                "'proxy' is a URL that begins with \(schemes.map { "\($0)://" }.joined(separator: " or ")), not '\(url)'",
                at: "proxy")
        }
        proxy = url
    }
}
