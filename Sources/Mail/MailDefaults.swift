package import Configuration
internal import IDNA
internal import Message

/// The configuration's part in a mail: the values that it fills in where neither job nor template has them, and where
/// mail may go.
package struct MailDefaults: Equatable, Sendable {
    /// The author, and the envelope's sender.
    package var from: String? {
        get { configuredFrom }
        set { (configuredFrom, author) = (newValue, newValue.flatMap(MailDefaults.parsed)) }
    }
    private var configuredFrom: String?
    /// ``from``, parsed once; nil also when it is not a mailbox, which its user reports.
    private(set) var author: Mailbox?
    package var replyTo: String?
    /// The right side of Message-IDs.
    package var domain: String
    /// Where the attachments that jobs name lie; nil: no job may name one.
    package var attachmentsDirectory: String?
    package var staging: Staging

    package init(
        from: String? = nil, replyTo: String? = nil, domain: String, attachmentsDirectory: String? = nil,
        staging: Staging = Staging()
    ) {
        self.replyTo = replyTo
        self.domain = domain
        self.attachmentsDirectory = attachmentsDirectory
        self.staging = staging
        self.from = from
    }

    private static func parsed(_ text: String) -> Mailbox? {
        do throws(AddressError) { return try Mailbox(parsing: text) } catch { return nil }
    }
}

extension MailDefaults {
    /// Reads the keys of `outspool.conf` that shape a mail, each with its default.
    package init(_ main: inout ConfigurationSection) throws(ConfigurationError) {
        self.init(domain: try ConfiguredNames.hostname(&main).text)
        from = try mailbox("from", &main)
        replyTo = try mailbox("reply_to", &main)
        attachmentsDirectory = main.path("attachments_directory")
        staging = try Staging(&main)
    }
}

/// An address of the configuration, as it is written there.
private func mailbox(_ key: String, _ main: inout ConfigurationSection) throws(ConfigurationError) -> String? {
    guard let text = main.string(key) else { return nil }
    do throws(AddressError) { _ = try Mailbox(parsing: text) } catch { throw main.fault("'\(key)': \(error)", at: key) }
    return text
}
