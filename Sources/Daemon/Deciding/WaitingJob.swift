internal import Spool
internal import Time

/// A job that may start now, as far as its own time goes: what is known of it while it waits for its turn.
struct WaitingJob: Equatable {
    let id: JobID
    /// Where its file was.
    let state: State
    let priority: Job.Priority
    let template: String?
    /// The moment from which it is not sent any more.
    let expiry: Timestamp
    let kind: Kind
    /// Whose mail it is, as far as that can be told before it is made; empty for a task.
    let sender: String
    /// Whether anything was tried for it before.
    let isTried: Bool
    /// The relays that cannot take it.
    var unfit: [String] = []
    /// How many programs of its template run at a time, where the template says so.
    let places: Int?

    /// The work that a job asks for.
    enum Kind: CaseIterable, Sendable {
        /// Its program runs.
        case task
        /// A program makes what the mail shows, then the mail is sent.
        case mailWithData
        /// Its mail is sent.
        case mail
    }

    init(
        _ id: JobID, in state: State, priority: Job.Priority, template: String?, expiry: Timestamp, kind: Kind = .mail,
        places: Int? = nil, sender: String = "", isTried: Bool? = nil
    ) {
        self.id = id
        self.state = state
        self.priority = priority
        self.template = template
        self.expiry = expiry
        self.kind = kind
        self.places = places
        self.sender = sender
        self.isTried = isTried ?? (state != .new)
    }
}
