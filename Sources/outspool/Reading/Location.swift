internal import Configuration
internal import Linux
internal import Text

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

    /// The directory of templates that the configuration names; nil where there is no configuration.
    static func templatesPath(_ arguments: Arguments) throws(Failure) -> String? {
        guard var section = try configuration(arguments) else { return nil }
        return section.path("templates") ?? "/etc/outspool/templates"
    }

    private static func variable(_ name: String) -> String? {
        Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The configuration's main section; nil when there is none and none was asked for.
    private static func configuration(_ arguments: Arguments) throws(Failure) -> ConfigurationSection? {
        let named = try arguments.value("--config") ?? variable("OUTSPOOL_CONFIG")
        let path = named ?? defaultConfiguration
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 1 << 20) } catch {
            if named == nil, error == .noEntry { return nil }
            throw Failure(.configuration, "\(printable(path)): \(error)")
        }
        do throws(ConfigurationError) { return try ConfigurationFile(parsing: bytes, name: path).main } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
    }
}

/// The text without white space at its ends.
func trimmed(_ text: some StringProtocol) -> Substring {
    var rest = Substring(text)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
}
