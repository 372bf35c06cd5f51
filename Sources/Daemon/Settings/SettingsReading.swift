package import Configuration
internal import IDNA
internal import Linux
internal import Mail
internal import Message
internal import Relay
internal import SMTP
internal import Spool
internal import Time

extension Settings {
    /// Reads `outspool.conf`. Every key has a default but `[relay NAME]`'s `url`; an unknown key, section or
    /// value is an error with its line.
    package init(_ file: ConfigurationFile) throws(ConfigurationError) {
        try file.refuseSections(otherThan: ["relay", "dropbox"])
        var main = file.main
        let mail = try MailDefaults(&main)
        let hostname = try ConfiguredNames.hostname(&main)
        var relays: [Relay] = []
        let replies = try Settings.replies(&main)
        for section in file.sections("relay") {
            var relay = try Relay(section, hostname: hostname)
            relay.replies = replies
            relays.append(relay)
        }
        guard !relays.isEmpty else { throw main.fault("no [relay NAME] to send through") }
        self.init(mail: mail, relays: relays)
        if let path = main.path("spool") { spool = path }
        if let path = main.path("templates") { templates = path }
        if let name = main.string("instance") {
            guard JobID(name) != nil else {
                throw main.fault("'instance' has the characters of an id, not '\(name)'", at: "instance")
            }
            instance = name
        }
        if let count = try main.int("workers", in: 1...Settings.mostWorkers) { workers = count }
        if let age = try main.span("max_age") { retry.maximumAge = age }
        if let size = try main.size("max_job_size") { maxJobSize = size }
        if let span = try main.span("done_retention") { doneRetention = span }
        if let choice = try main.choice("on_doubt", of: Verdict.OnDoubt.self) { onDoubt = choice }
        if let flag = try main.bool("soft_bounce") { softBounce = flag }
        if let span = try main.span("shutdown_grace") { shutdownGrace = span }
        if let count = try main.int("dropbox_max_jobs", in: 1...Int.max) { dropBoxJobs = count }
        if let size = try main.size("dropbox_max_bytes") { dropBoxBytes = size }
        if let destination = main.path("log_to") {
            // A path in `log_to` is one like any other; the three words are not.
            logTo =
                switch main.string("log_to") {
                case "stderr": .stderr
                case "syslog": .syslog
                case "journal": .journal
                default: .file(destination)
                }
        }
        if let format = try main.choice("log_format", of: Log.Format.self) { logFormat = format }
        tasks = try TaskSettings(&main)
        boxes = try BoxPermissions(file.sections("dropbox"))
        try readNotices(&main)
        try main.refuseUnknown()
    }

    /// The table by which replies are read: the file's lines before those that are built in.
    private static func replies(_ main: inout ConfigurationSection) throws(ConfigurationError) -> ReplyTable {
        guard let path = main.path("replies") else { return .standard }
        do {
            return try ReplyTable(Descriptor.contents(ofFile: path, limit: 1 << 20), name: path).followed(by: .standard)
        } catch let error as ReplyTableError {
            throw main.fault("'replies': \(error)", at: "replies")
        } catch { throw main.fault("'replies': \(path): \(error)", at: "replies") }
    }

    /// Who is to hear of what: the metrics file, the digests, and the command for dead letters.
    private mutating func readNotices(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        metricsFile = main.path("metrics_file")
        if let text = main.string("notify") {
            do throws(AddressError) { _ = try Mailbox(parsing: text) } catch {
                throw main.fault("'notify': \(error)", at: "notify")
            }
            notify = text
        }
        if let span = try main.span("notify_interval") {
            guard span >= .seconds(10) else {
                throw main.fault("'notify_interval' is 10s or more", at: "notify_interval")
            }
            notifyInterval = span
        }
        if let words = try main.command("on_dead") { onDead = words }
        if let span = try main.span("on_dead_timeout") { onDeadTimeout = span }
    }
}

extension Settings.Relay {
    /// Reads one `[relay NAME]`.
    init(_ section: ConfigurationSection, hostname: HostName) throws(ConfigurationError) {
        var section = section
        guard let name = section.name, JobID(name) != nil else {
            throw section.fault("a relay needs a name with the characters of an id: [relay main]")
        }
        guard let url = section.string("url") else { throw section.missing("url") }
        var connection: RelaySettings
        do throws(RelaySettingsError) { connection = try RelaySettings(url: url) } catch {
            throw section.fault("'url': \(error)", at: "url")
        }
        if let choice = try section.choice("tls", of: RelaySettings.TLS.self) { connection.tls = choice }
        try connection.readLogin(&section)
        connection.helo = try ConfiguredNames.helo(&section, hostname: hostname).text
        try connection.readTLS(&section)
        try connection.readWay(&section)
        if let span = try section.span("mail_timeout") {
            connection.timeouts.mail = span
            // RSET goes before a MAIL, and with it where commands are pipelined.
            connection.timeouts.reset = span
        }
        if let span = try section.span("rcpt_timeout") { connection.timeouts.recipient = span }
        if let span = try section.span("data_timeout") { connection.timeouts.data = span }
        if let span = try section.span("block_timeout") { connection.timeouts.block = span }
        if let span = try section.span("dot_timeout") { connection.timeouts.dot = span }
        if let count = try section.int("messages_per_connection", in: 1...Int.max) {
            connection.messagesPerConnection = count
        }
        if let choice = try section.bool("pipelining") { connection.pipelining = choice }
        if let span = try section.span("connection_age") { connection.connectionAge = span }
        if let span = try section.span("idle_timeout") { connection.idleTimeout = span }
        self.init(name: name, connection: connection)
        if let count = try section.int("connections", in: 1...1000) { connections = count }
        routing = try Routing(&section)
        for entry in section.entries(of: "header") {
            guard let header = RelayHeader(entry.value) else {
                throw section.fault("'header' is a field like 'X-Stream: outbound', not '\(entry.value)'", at: "header")
            }
            headers.append(header)
        }
        if let text = section.string("envelope_from") {
            do throws(AddressError) { envelopeFrom = try Address(parsing: text).text } catch {
                throw section.fault("'envelope_from': \(error)", at: "envelope_from")
            }
        }
        if let count = try section.int("recipients_per_mail", in: 1...1_000_000) { recipientsPerMail = count }
        rate = try section.value("rate", "a rate like 14/s, 600/m or 50k/h") { Rate($0).map(RateLimit.init) }
        quotas = try Settings.Relay.quotas(&section)
        try section.refuseUnknown()
    }

    /// The list of quotas, at most one of each unit.
    private static func quotas(_ section: inout ConfigurationSection) throws(ConfigurationError) -> [Quota] {
        var quotas: [Quota] = []
        for word in section.entry("quota")?.words ?? [] {
            guard let quota = Quota(word) else {
                throw section.fault(
                    "'quota' is a number of recipients in a minute, an hour or a day like 500/d, or several of them "
                        + "like 50/h, 500/d, not '\(word)'", at: "quota")
            }
            if quotas.contains(where: { $0.unit == quota.unit }) {
                throw section.fault("'quota' has two of the unit '\(quota.unit.rawValue)'", at: "quota")
            }
            quotas.append(quota)
        }
        return quotas
    }
}
