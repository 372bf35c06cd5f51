internal import Linux
internal import Spool
internal import Template
internal import Time

/// When jobs expire, as far as this user can see: without the template `ttl` is unknown, and without the configuration
/// `max_age` is its default, which holds only for a job that expired before.
struct Expiries {
    private let templates: VisibleTemplates
    private let maximumAge: Span?

    init(_ arguments: Arguments) throws(Failure) {
        templates = try VisibleTemplates(arguments)
        maximumAge = Location.maximumAge(arguments)
    }

    /// The expiry of a job that was submitted at that moment.
    func expiry(of standing: StandingJob, submitted: Timestamp) -> Timestamp {
        let job = standing.job
        let ttl = job.template.flatMap { templates.template($0) }?.settings.ttl
        let other: Span = standing.history.last?.kind == .expired ? .days(5) : Span(nanoseconds: .max)
        return Lifetime(sendAt: job.sendAt, expiresAt: job.expiresAt, ttl: ttl, maximumAge: maximumAge ?? other)
            .expiry(submitted: submitted)
    }
}

/// A job's file in a state in which no process works on it, as far as a verb has to know it.
struct StandingJob {
    let job: Job
    let history: History
    private let modified: Timestamp

    /// Nil for a file that is not a job: the daemon judges it.
    init?(at path: String, in reader: borrowing SpoolReader) throws(Errno) {
        let status = try reader.root.status(path)
        guard status.isRegular else { return nil }
        guard let file = reader.job(at: path), let job = try? Job(file.value) else { return nil }
        self.job = job
        history = file.history
        modified = Timestamp(nanoseconds: status.modified)
    }

    /// When it was submitted, as the daemon would take it at `now`.
    func submitted(in state: State, now: Timestamp) -> Timestamp {
        history.submitted(in: state, modified: modified, now: now)
    }
}
