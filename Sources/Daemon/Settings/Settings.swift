package import Feedback
package import Mail
package import Relay
package import SMTP
package import Spool
package import Time

/// The configuration, every value with its default filled in.
package struct Settings: Equatable, Sendable {
    package var spool = "/var/spool/outspool"
    package var instance = "main"
    /// How many processes deliver; 1: the daemon itself.
    package var workers = Settings.defaultWorkers
    package var templates = "/etc/outspool/templates"
    package var mail: MailDefaults
    package var retry = RetryPolicy()
    /// Bytes of a job's object.
    package var maxJobSize = 32 << 20
    /// How long sent jobs stay in `done/`; zero keeps none.
    package var doneRetention: Span = .days(7)
    package var onDoubt = Verdict.OnDoubt.resend
    /// 5yz counts as 4yz.
    package var softBounce = false
    /// How long a stopping daemon waits for what is in flight.
    package var shutdownGrace: Span = .seconds(25)
    package var logTo = Log.Destination.stderr
    package var logFormat = Log.Format.text
    /// The Prometheus text file; nil: none.
    package var metricsFile: String?
    /// The address that gets digests of dead letters and open breakers, or nil.
    package var notify: String?
    /// How much time lies between two digests at least.
    package var notifyInterval: Span = .hours(1)
    /// Which outcomes of jobs are told to which templates' programs.
    package var events: [EventRule] = []
    /// The keys of relays' webhooks, by the relay.
    package var webhookKeys: [Provider: WebhookKey] = [:]
    /// How the words of bounces are read.
    var bounces = BounceWords()
    /// The program that reads the mails which tell our own reader nothing; empty: none.
    package var bounceReader: [String] = []
    package var bounceReaderTimeout: Span = .seconds(30)
    /// The files that have those keys, and the one of `bounce_key`.
    var secretFiles: [String] = []
    /// The most jobs that one drop box may have in `new/` at a time.
    package var dropBoxJobs = 100_000
    package var dropBoxBytes = 1 << 30
    /// Which addresses get no mail.
    package var suppression = SuppressionPolicy()
    package var tasks = TaskSettings()
    package var boxes = BoxPermissions()
    /// In order of preference; at least one.
    package var relays: [Relay]

    /// The keys in which `other` differs and which are read at a start only, as the subject and the verb of a sentence;
    /// or nil.
    func keysOfTheStart(otherThan other: Settings) -> String? {
        let keys = [
            ("spool", spool != other.spool), ("instance", instance != other.instance),
            ("workers", workers != other.workers),
            ("log_to", logTo != other.logTo), ("log_format", logFormat != other.logFormat),
        ].filter(\.1).map { "'\($0.0)'" }
        return keys.isEmpty ? nil : keys.joined(separator: ", ") + (keys.count == 1 ? " changes" : " change")
    }

    /// The number of workers where the configuration says nothing.
    package static let defaultWorkers = 1
    package static let mostWorkers = 64

    /// Takes over what a start alone reads.
    mutating func keepKeysOfTheStart(from first: Settings) {
        (spool, instance, workers) = (first.spool, first.instance, first.workers)
        (logTo, logFormat) = (first.logTo, first.logFormat)
    }

    /// The names of the relays that take none of a job's mails.
    func relaysWithout(_ job: Job, sender: String) -> [String] {
        guard relays.contains(where: { !$0.routing.isOpen }) else { return [] }
        let recipients = job.recipients(limit: Settings.routedRecipients).map { Job.bareAddress($0) }
        return relays.filter { relay in
            !relay.routing.takes(job, sender: sender)
                || !recipients.isEmpty && !recipients.contains { relay.routing.takes(recipient: $0) }
        }.map(\.name)
    }

    /// So many recipients of a job are looked at to see which relays take it; the others go where these do.
    private static let routedRecipients = 1000

    var dropBoxQuota: Boxes.Quota { .init(jobs: dropBoxJobs, bytes: dropBoxBytes) }

    package struct Relay: Equatable, Sendable {
        package var name: String
        package var connection: RelaySettings
        /// How many connections at most.
        package var connections = 10
        package var rate: RateLimit?
        /// At most one of each unit.
        package var quotas: [Quota] = []
        /// How many recipients a transaction has at most.
        package var recipientsPerMail = 100
        /// Which mails it takes.
        package var routing = Routing()
        /// The header fields that its mails get.
        package var headers: [RelayHeader] = []
        /// The address that MAIL names instead of each sender's own; nil to keep that one.
        package var envelopeFrom: String?
        /// How its replies are read.
        package var replies = ReplyTable.standard

        package init(name: String, connection: RelaySettings) {
            self.name = name
            self.connection = connection
        }
    }

    package init(mail: MailDefaults, relays: [Relay]) {
        self.mail = mail
        self.relays = relays
    }
}
