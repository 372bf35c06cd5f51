internal import Linux
internal import Mail
internal import Time

/// How a daemon comes to its settings: at the start, and when the configuration is read again.
struct SettingsIntake {
    /// With what it was started, of which some stays.
    private let first: Settings
    private let descriptors: DescriptorBudget
    /// The last log line about where mail may go.
    private var staging = Staging()
    /// Reads the configuration anew, or says why it cannot be used.
    private let reload: () -> Result<Settings, Daemon.StartError>

    /// `descriptors` is how many this process may have open.
    init(
        _ settings: Settings, descriptors: Int, reload: @escaping () -> Result<Settings, Daemon.StartError>
    ) {
        first = settings
        self.reload = reload
        self.descriptors = DescriptorBudget(limit: descriptors, open: Process.openDescriptors ?? 32)
    }

    /// The settings with as many connections as there are descriptors for; says what an operator should know of them.
    mutating func fit(_ settings: Settings, _ log: Log) -> Settings {
        // Redirected or suppressed mail is hard to explain otherwise, and so is its end.
        if settings.mail.staging != staging {
            staging = settings.mail.staging
            log.write(staging.summary ?? "mail goes to all recipients again", .warning)
        }
        var settings = settings
        for finding in descriptors.fit(&settings) { log.write(finding, .warning) }
        return settings
    }

    /// Reads the configuration again. Settings are nil where it cannot be used, and the finding nil where all of it is in
    /// use now.
    func read(_ log: Log, _ counters: inout Counters) -> (settings: Settings?, finding: String?) {
        switch reload() {
        case .success(let settings):
            counters.reloads += 1
            let waiting = first.keysOfTheStart(otherThan: settings).map { "\($0) at the next start only" }
            if let waiting { log.write(waiting, .warning) }
            return (settings, waiting)
        case .failure(let refusal):
            log.write("the configuration stays as it was: \(refusal)", .warning)
            counters.failedReloads += 1
            return (nil, "refused at \(Timestamp.now.rfc3339Seconds): \(refusal)")
        }
    }
}
