internal import Spool
internal import Time

/// Jobs that wait because their template, or the configuration, is at fault: a repair makes them due at once.
final class BlockedJobs {
    /// Those beyond are tried when their bucket is due.
    private static let most = 10_000

    private let ledger: Ledger
    private let templates: TemplateCache
    private var ids: Set<JobID> = []

    init(ledger: Ledger, templates: TemplateCache) {
        self.ledger = ledger
        self.templates = templates
    }

    /// Counts and remembers a job, and says why in the log, once for each reason until a template changes.
    func add(_ id: JobID, template: String?, because reason: String) {
        ledger.blocked(template)
        if templates.isNews(reason) { ledger.log.write("\(id) blocked: \(reason)", .warning) }
        if ids.count < Self.most { ids.insert(id) }
    }

    /// All of them are tried again now.
    func hasten(in buckets: Buckets) {
        let waiting = ids
        ids = []
        let now = Timestamp.now
        for id in waiting { buckets.hasten(id, in: .retry(.first), now: now) }
    }
}
