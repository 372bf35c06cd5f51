internal import Configuration
internal import Linux
internal import Mail
internal import Message
internal import SMTP
internal import Text
internal import Time

/// Which spool the command works on, and which templates it can see.
enum Location {
    static var options: [Arguments.Option] { [.init("--spool", "a directory"), .init("--config", "a file")] }

    private static let defaultSpool = "/var/spool/outspool"
    private static let defaultConfiguration = "/etc/outspool/outspool.conf"

    /// `--spool`, or `OUTSPOOL_SPOOL`, or what the configuration says, or the default. The
    /// configuration is read only when it is asked.
    static func spoolPath(_ arguments: Arguments) throws(Failure) -> String {
        if let path = try arguments.value("--spool") ?? variable("OUTSPOOL_SPOOL") { return path }
        var section = try configuration(arguments)
        return section?.path("spool") ?? defaultSpool
    }

    /// The spool's path, without options.
    static func spoolPath(_ section: inout ConfigurationSection?) -> String {
        variable("OUTSPOOL_SPOOL") ?? section?.path("spool") ?? defaultSpool
    }

    /// The directory of templates that the configuration names; nil without a configuration.
    static func templatesPath(_ arguments: Arguments) throws(Failure) -> String? {
        guard var section = try configuration(arguments) else { return nil }
        return section.path("templates") ?? "/etc/outspool/templates"
    }

    /// How replies are read: the configuration's own table, if it names one, before the one that is built in.
    static func replies(_ arguments: Arguments) throws(Failure) -> ReplyTable {
        guard var section = try configuration(arguments), let path = section.path("replies") else { return .standard }
        do {
            return try ReplyTable(Descriptor.contents(ofFile: path, limit: 1 << 20), name: path).followed(by: .standard)
        } catch { throw Failure(.configuration, printable("\(path): \(error)")) }
    }

    /// The values that the configuration fills into a mail; nil without a configuration.
    static func mailDefaults(_ arguments: Arguments) throws(Failure) -> MailDefaults? {
        guard var section = try configuration(arguments) else { return nil }
        do throws(ConfigurationError) { return try MailDefaults(&section) } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
    }

    /// The program of `on_dead`; nil without one, or without a configuration.
    static func deadLetterProgram(_ arguments: Arguments) throws(Failure) -> String? {
        guard var section = try configuration(arguments) else { return nil }
        do throws(ConfigurationError) { return try section.command("on_dead")?.first } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
    }

    /// How old a job may become; nil when no configuration can be read.
    static func maximumAge(_ arguments: Arguments) -> Span? {
        // What is wrong with it is the daemon's to say.
        guard var section = (try? configuration(arguments)) ?? nil else { return nil }
        return (try? section.span("max_age")) ?? .days(5)
    }

    /// The names of the configuration's relays, in order of preference.
    static func relays(_ arguments: Arguments) throws(Failure) -> [String] {
        try file(named: try arguments.value("--config") ?? variable("OUTSPOOL_CONFIG"))?.sections("relay").compactMap(
            \.name) ?? []
    }

    /// The name in EHLO for each of the configuration's relays.
    static func heloNames(_ arguments: Arguments) throws(Failure) -> [(relay: String, name: HostName)] {
        guard let file = try file(named: try arguments.value("--config") ?? variable("OUTSPOOL_CONFIG")) else {
            return []
        }
        do throws(ConfigurationError) {
            var main = file.main
            let hostname = try ConfiguredNames.hostname(&main)
            var names: [(relay: String, name: HostName)] = []
            for var relay in file.sections("relay") {
                names.append((relay.name ?? "", try ConfiguredNames.helo(&relay, hostname: hostname)))
            }
            return names
        } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
    }

    /// A variable of the environment, unless it is of a user who has fewer rights than this process, as below a
    /// set-user-id program: no file is opened with other people's rights because they named it.
    private static func variable(_ name: String) -> String? {
        guard Process.realUser == Process.effectiveUser else { return nil }
        return Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The configuration's main section; nil when the default file is missing and no other was named.
    private static func configuration(_ arguments: Arguments) throws(Failure) -> ConfigurationSection? {
        try configuration(named: try arguments.value("--config") ?? variable("OUTSPOOL_CONFIG"))
    }

    /// The main section of the configuration that the environment names, or of the default one where there is one
    /// and this user may read it.
    static func visibleConfiguration() throws(Failure) -> ConfigurationSection? {
        try configuration(named: variable("OUTSPOOL_CONFIG"), isNeeded: false)
    }

    private static func configuration(
        named: String?, isNeeded: Bool = true
    ) throws(Failure) -> ConfigurationSection? {
        try file(named: named, isNeeded: isNeeded)?.main
    }

    private static func file(named: String?, isNeeded: Bool = true) throws(Failure) -> ConfigurationFile? {
        let path = named ?? defaultConfiguration
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 1 << 20) } catch {
            if named == nil, error == .noEntry || (error == .accessDenied && !isNeeded) { return nil }
            throw Failure(.configuration, "\(printable(path)): \(error)")
        }
        do throws(ConfigurationError) { return try ConfigurationFile(parsing: bytes, name: path) } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
    }
}

/// The text without white space at its ends, and with the mark that stands behind a space.
func trimmed(_ text: some StringProtocol) -> Substring {
    var rest = Substring(text).unicodeScalars
    while rest.first?.properties.isWhitespace == true { rest.removeFirst() }
    while rest.last?.properties.isWhitespace == true { rest.removeLast() }
    return Substring(rest)
}
