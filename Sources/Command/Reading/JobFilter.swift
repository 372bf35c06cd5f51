internal import Spool
internal import Text
internal import Time

/// The traits of a job that a filter compares.
struct JobTraits: Equatable, Sendable {
    var state: State
    var template: String?
    /// Everybody the job names as a recipient, as it names them.
    var recipients: [String]
    var tags: [String]
    var submitted: Timestamp?
    /// The last event in words: the relay's reply with its codes, or the reason.
    var last: String?
    /// The events, in the words of the history.
    var events: Set<String> = []  // exact: words of ASCII

    init(
        state: State, template: String? = nil, recipients: [String] = [], tags: [String] = [],
        submitted: Timestamp? = nil, last: String? = nil, events: Set<String> = []  // exact: words of ASCII
    ) {
        self.state = state
        self.template = template
        self.recipients = recipients
        self.tags = tags
        self.submitted = submitted
        self.last = last
        self.events = events
    }
}

/// The jobs that an operator means: those for which every condition that was given holds. Of a condition with
/// several values one has to hold.
struct JobFilter: Equatable, Sendable {
    /// A state's word or its directory, `retry` or `retry/03-2m`.
    var states: [String] = []
    var templates: [String] = []
    /// Text in a recipient, in whatever case.
    var to: String?
    /// Submitted at least so long ago.
    var older: Span?
    /// Text in what happened last, in whatever case.
    var error: String?
    var tags: [String] = []
    /// Events that the history has.
    var events: [String] = []

    init() {}

    var isEmpty: Bool { self == JobFilter() }

    /// Whether the file has to be read to judge a job; its directory says the rest.
    var needsContents: Bool {
        !templates.isEmpty || to != nil || older != nil || error != nil || !tags.isEmpty || !events.isEmpty
    }

    /// Whether jobs of the state are meant; all are when no state was given.
    func includes(_ state: State) -> Bool { states.isEmpty || names(state) }

    /// Whether a state was asked for by its word or its directory.
    func names(_ state: State) -> Bool { states.contains(state.word) || states.contains(state.path) }

    func matches(_ job: JobTraits, now: Timestamp) -> Bool {
        guard includes(job.state) else { return false }
        if !templates.isEmpty {
            guard let template = job.template, templates.contains(template) else { return false }
        }
        if let to, !job.recipients.contains(where: { $0.contains(text: to) }) { return false }
        if let older {
            guard let submitted = job.submitted, submitted + older <= now else { return false }
        }
        if let error {
            guard let last = job.last, last.contains(text: error) else { return false }
        }
        if !events.isEmpty, !events.contains(where: job.events.contains) { return false }
        return tags.isEmpty || tags.contains { job.tags.contains($0) }
    }

    /// The words that `--state` takes, apart from directories.
    static let stateWords = ["new", "cur", "retry", "scheduled", "hold", "dead", "done"]

    /// A state that the word names; nil when it can name none. One that no job is in may have no directory.
    static func example(of word: String) -> State? {
        switch word {
        case "new": return .new
        case "cur": return .claimed(instance: "main")
        case "retry": return .retry(.first)
        case "scheduled": return .scheduled
        case "hold": return .hold
        case "dead": return .dead
        case "done": return .done(day: "2026-11-23")
        default: break
        }
        if let name = rest(of: word, after: "retry/") { return Bucket(name: name).map { .retry($0) } }
        if let name = rest(of: word, after: "cur/") { return JobID(name).map { .claimed(instance: $0.text) } }
        if let day = rest(of: word, after: "done/") {
            return Timestamp(rfc3339: day + "T00:00:00Z") == nil ? nil : .done(day: String(day))
        }
        return nil
    }

    private static func rest(of word: String, after prefix: String) -> Substring? {
        word.begins(with: prefix) ? Substring(word.utf8.dropFirst(prefix.utf8.count)) : nil
    }
}

extension String {
    /// Whether the text occurs here, in whatever case.
    func contains(text: String) -> Bool { lowercased().holds(text.lowercased()) }  // exact: in any case
}
