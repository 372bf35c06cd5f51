internal import SMTPServer
package import ServerSocket
internal import Text
internal import Time

/// The meaning of a command line.
package enum Invocation: Equatable {
    case serve(Settings)
    case help
    case version

    package static let versionText = "outspool-sink \(programVersion)"

    /// Understands the arguments, the program's name left out. Options are `--name value` or
    /// `--name=value`; a later one overrides an earlier one, or adds to it where it may be repeated.
    package init(_ arguments: [String]) throws(UsageError) {
        var settings = Settings()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" {
                self = .help
                return
            }
            if argument == "--version" {
                self = .version
                return
            }
            guard argument.begins(with: "--") else { throw UsageError("unexpected argument '\(argument)'; see --help") }
            let halves = argument.halves(at: "=")
            let name = halves.map { String($0.0) } ?? argument
            let inline = halves.map { String($0.1) }
            if let flag = Self.flags[name] {
                if inline != nil { throw UsageError("\(name) takes no value") }
                settings[keyPath: flag] = true
            } else {
                guard Self.valued.contains(name) else { throw UsageError("unknown option '\(name)'; see --help") }
                guard let value = inline ?? rest.popFirst() else { throw UsageError("\(name) needs a value") }
                try settings.set(name, value)
            }
        }
        try settings.check()
        self = .serve(settings)
    }

    private static var flags: [String: WritableKeyPath<Settings, Bool>] {
        [
            "--allow-remote": \.allowRemote, "--quiet": \.isQuiet, "--strict": \.isStrict,
            "--tls-implicit": \.isImplicitTLS, "--require-auth": \.requiresAuth,
            "--auth-without-tls": \.allowsAuthWithoutTLS,
        ]
    }

    private static let valued: Set<String> = [  // exact: our own, of ASCII
        "--listen", "--maildir", "--log", "--name", "--no-offer", "--max-size", "--max-recipients", "--max-sessions",
        "--timeout", "--tls-cert", "--tls-key", "--tls-self-signed", "--auth", "--auth-file", "--xoauth2", "--fail",
        "--delay", "--drip-every",
    ]
}

extension Settings {
    fileprivate mutating func set(_ name: String, _ value: String) throws(UsageError) {
        switch name {
        case "--listen": addresses.append(try ListenAddress(value))
        case "--maildir": maildir = try nonEmpty(name, value)
        case "--log": log = try nonEmpty(name, value)
        case "--name":
            guard Command.isMailbox(Array("x@\(value)".utf8)[...]) else {
                throw UsageError("--name \(value): no host name")
            }
            self.name = value
        case "--no-offer":
            for word in value.pieces(at: ",") where !word.isEmpty {
                guard
                    let known = Extensions.byName.first(where: {
                        $0.name.lowercasedASCII.isExactly(word.lowercasedASCII)
                    })
                else {
                    let names = Extensions.byName.map(\.name).joined(separator: " ")
                    throw UsageError("--no-offer \(word): the extensions are \(names)")
                }
                offers.remove(known.value)
            }
        case "--max-size": maxSize = try size(name, value)
        case "--max-recipients": maxRecipients = try count(name, value)
        case "--max-sessions": maxSessions = try count(name, value)
        case "--timeout": timeout = try span(name, value)
        case "--drip-every": dripInterval = try span(name, value)
        case "--tls-cert": certificate = .files(certificate: try nonEmpty(name, value), key: keyFile ?? "")
        case "--tls-key":
            guard !value.isEmpty else { throw UsageError("\(name) needs a value") }
            certificate = .files(certificate: certificateFile ?? "", key: value)
        case "--tls-self-signed": certificate = .selfSigned(directory: try nonEmpty(name, value))
        case "--auth":
            guard let credential = Credential(userAndPassword: value) else {
                throw UsageError("--auth: user:password is needed")
            }
            credentials.append(credential)
        case "--xoauth2":
            guard let credential = Credential(userAndToken: value) else {
                throw UsageError("--xoauth2: user:token is needed")
            }
            credentials.append(credential)
        case "--auth-file": credentialFiles.append(try nonEmpty(name, value))
        case "--fail": faults.append(try Fault(value))
        case "--delay": try setDelay(value)
        default: throw UsageError("unknown option '\(name)'; see --help")
        }
    }

    /// Checks that need the whole command line.
    fileprivate func check() throws(UsageError) {
        if addresses.isEmpty { throw UsageError("--listen HOST:PORT is needed; see --help") }
        if !allowRemote, let remote = addresses.first(where: { !$0.isLoopback }) {
            throw UsageError("--listen \(remote): not a loopback address; --allow-remote allows it")
        }
        if case .files(let certificate, let key) = certificate, certificate.isEmpty || key.isEmpty {
            throw UsageError("--tls-cert and --tls-key belong together")
        }
        if isImplicitTLS, certificate == nil {
            throw UsageError("--tls-implicit needs --tls-cert and --tls-key, or --tls-self-signed")
        }
        if requiresAuth, credentials.isEmpty, credentialFiles.isEmpty {
            throw UsageError("--require-auth needs --auth, --auth-file or --xoauth2")
        }
    }

    private var certificateFile: String? { if case .files(let file, _) = certificate { file } else { nil } }
    private var keyFile: String? { if case .files(_, let file) = certificate { file } else { nil } }

    private mutating func setDelay(_ text: String) throws(UsageError) {
        guard let (name, time) = text.halves(at: "="), let phase = Phase(rawValue: String(name)) else {
            let names = Phase.allCases.map(\.rawValue).joined(separator: " ")
            throw UsageError("--delay \(text): PHASE=TIME is needed; the phases are \(names)")
        }
        delays[phase.index] = try span("--delay \(phase.rawValue)", String(time))
    }

    private func nonEmpty(_ name: String, _ value: String) throws(UsageError) -> String {
        if value.isEmpty { throw UsageError("\(name) needs a value") }
        return value
    }

    private func span(_ name: String, _ value: String) throws(UsageError) -> Span {
        guard let span = Span(value), span <= .days(30) else {
            throw UsageError("\(name) \(value): no time such as 20ms, 5s or 2m, up to 30d")
        }
        return span
    }

    private func count(_ name: String, _ value: String) throws(UsageError) -> Int {
        guard let count = Int(value), (1...1_000_000).contains(count) else {
            throw UsageError("\(name) \(value): no number from 1 to 1000000")
        }
        return count
    }

    /// Octets, or with K, M or G multiples of 1024.
    private func size(_ name: String, _ value: String) throws(UsageError) -> Int {
        let shift =
            switch value.unicodeScalars.last {
            case "K", "k": 10
            case "M", "m": 20
            case "G", "g": 30
            default: 0
            }
        guard let number = Int(shift == 0 ? value[...] : Substring(value.unicodeScalars.dropLast())), number > 0,
            number <= 1 << (32 - shift)
        else {
            throw UsageError("\(name) \(value): no size such as 500K or 25M, up to 4G")
        }
        return number << shift
    }
}
