package import Configuration
internal import IDNA
internal import Linux
package import Message

/// The names that the configuration gives this machine.
package enum ConfiguredNames {
    /// The right side of Message-IDs, and the name in EHLO where a relay has none of its own: `hostname`, else what
    /// gethostname(2) has.
    package static func hostname(_ main: inout ConfigurationSection) throws(ConfigurationError) -> HostName {
        try name("hostname", &main, allowsLiteral: false) ?? HostName(ofMachine: Process.hostName)
    }

    /// The name in EHLO of a `[relay NAME]`: `helo`, else `hostname`.
    package static func helo(
        _ relay: inout ConfigurationSection, hostname: HostName
    ) throws(ConfigurationError) -> HostName {
        try name("helo", &relay, allowsLiteral: true) ?? hostname
    }

    private static func name(
        _ key: String, _ section: inout ConfigurationSection, allowsLiteral: Bool
    ) throws(ConfigurationError) -> HostName? {
        guard let text = section.string(key) else { return nil }
        do throws(HostNameError) { return try HostName(text, allowsLiteral: allowsLiteral) } catch {
            throw section.fault("'\(key)': \(text) is not a host name: \(error)", at: key)
        }
    }
}
