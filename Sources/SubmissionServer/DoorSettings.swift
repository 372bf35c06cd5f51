package import Configuration
internal import IDNA
internal import Linux
internal import Mail
internal import Message
internal import ServerSocket
internal import Spool
package import Submission
internal import Text
package import Time

/// The configuration of outspool-smtpd(8).
package struct DoorSettings: Sendable {
    package var hostname: String
    package var spool = "/var/spool/outspool"
    /// The templates that header fields may name; nil: the daemon alone judges them.
    package var templates: String?
    package var log = DoorLog.Destination.stderr
    package var metricsFile: String?
    package var maxMessageSize = 10 << 20
    package var maxJobSize = 32 << 20
    package var maxRecipients = 1000
    package var maxSessions = 200
    /// Of all messages that are being received, in bytes.
    package var maxReceiving = 64 << 20
    /// A session ends when its client is silent for so long, and after ``sessionTimeout`` in any case.
    package var timeout = Span.minutes(5)
    package var sessionTimeout = Span.minutes(60)
    /// Without a session for so long a server that systemd can start again ends.
    package var idleExit = Span.minutes(10)
    package var threads = 16
    package var listeners: [Listener] = []

    /// One `[listener NAME]`.
    package struct Listener: Sendable {
        package var name: String
        package var addresses: [DoorAddress] = []
        package var access: Access
        package var loginFile: String?
        package var requiresLogin = false
        package var allowsLoginWithoutTLS = false
        package var allowsRemote = false
        package var certificate: String?
        package var key: String?
    }

    package init() { hostname = HostName(ofMachine: Process.hostName).text }

    /// Reads a configuration.
    package init(_ file: ConfigurationFile) throws(ConfigurationError) {
        try file.refuseSections(otherThan: ["listener"])
        var main = file.main
        self.init()
        hostname = try ConfiguredNames.hostname(&main).text
        spool = main.path("spool") ?? spool
        templates = main.path("templates")
        if let text = main.string("log") { log = DoorLog.Destination(text, path: main.path("log") ?? text) }
        metricsFile = main.path("metrics_file")
        maxMessageSize = try main.size("max_message_size") ?? maxMessageSize
        maxJobSize = try main.size("max_job_size") ?? maxJobSize
        maxRecipients = try main.int("max_recipients", in: 1...10_000) ?? maxRecipients
        maxSessions = try main.int("max_sessions", in: 1...10_000) ?? maxSessions
        maxReceiving = try main.size("max_receiving") ?? maxReceiving
        timeout = try main.span("timeout") ?? timeout
        sessionTimeout = try main.span("session_timeout") ?? sessionTimeout
        idleExit = try main.span("idle_exit") ?? idleExit
        threads = try main.int("threads", in: 1...64) ?? threads
        try main.refuseUnknown()
        for var section in file.sections("listener") { listeners.append(try Listener(&section, spool: spool)) }
        if listeners.isEmpty { throw main.fault("no [listener NAME]") }
    }

    /// The drop box of that name below the spool, or the path.
    package static func box(_ text: String, in spool: String) -> String {
        text.begins(with: "/") ? text : "\(spool)/drop/\(text)"
    }
}

extension DoorSettings.Listener {
    init(_ section: inout ConfigurationSection, spool: String) throws(ConfigurationError) {
        guard let name = section.name else { throw section.fault("a listener has a name: [listener local]") }
        guard let box = section.string("box") else { throw section.missing("box") }
        guard box.begins(with: "/") || Creation.isDropBoxName(box) else {
            throw section.fault("'box' is a drop box's name, or a path from /, not '\(box)'", at: "box")
        }
        self.init(name: name, access: Access(box: DoorSettings.box(box, in: spool)))
        for word in section.entry("listen")?.words ?? [] {
            guard let address = DoorAddress(word) else {
                throw section.fault("'listen' is HOST:PORT or a socket's path, not '\(word)'", at: "listen")
            }
            addresses.append(address)
        }
        if let text = section.string("envelope_from") {
            do throws(AddressError) { access.envelopeFrom = try Address(parsing: text) } catch {
                throw section.fault("'envelope_from': \(error)", at: "envelope_from")
            }
        }
        if let entry = section.entry("senders") {
            do throws(AddressError) { access.senders = try DoorSettings.senders(entry.words) } catch {
                throw section.fault("'senders' are @example.com, zoe@example.org, …; \(error)", at: "senders")
            }
        }
        if let words = section.entry("templates")?.words { access.templates = .init(words) }
        loginFile = section.path("login_file")
        requiresLogin = try section.bool("require_login") ?? (loginFile != nil)
        allowsLoginWithoutTLS = try section.bool("login_without_tls") ?? false
        allowsRemote = try section.bool("allow_remote") ?? false
        certificate = section.path("tls_certificate")
        key = section.path("tls_key")
        try section.refuseUnknown()
        try check(section)
    }

    /// Refuses dangerous listeners: above all, an open relay.
    private func check(_ section: ConfigurationSection) throws(ConfigurationError) {
        if (certificate == nil) != (key == nil) { throw section.fault("tls_certificate and tls_key belong together") }
        if requiresLogin, loginFile == nil { throw section.fault("'require_login' needs 'login_file'") }
        if loginFile != nil, certificate == nil, !allowsLoginWithoutTLS {
            throw section.fault(
                "'login_file' needs tls_certificate and tls_key; 'login_without_tls = yes' allows passwords in clear")
        }
        if allowsRemote, !requiresLogin {
            throw section.fault("'allow_remote' needs 'login_file' and 'require_login': else this were an open relay")
        }
        if !allowsRemote, let remote = addresses.first(where: { !$0.isLocal }) {
            throw section.fault("\(remote) is not a loopback address; 'allow_remote = yes' allows it", at: "listen")
        }
    }
}

extension DoorSettings {
    /// Reads addresses and `@domains`.
    static func senders(_ words: [String]) throws(AddressError) -> [Staging.Entry] {
        var entries: [Staging.Entry] = []
        for word in words { entries.append(try Staging.Entry(parsing: word)) }
        return entries
    }
}

extension Access.Templates {
    /// `all`, `none`, or names.
    init(_ words: [String]) {
        switch words {
        case ["all"]: self = .all
        case ["none"]: self = .none
        default: self = .some(words)
        }
    }
}
