internal import Linux
internal import Spool
internal import Text
internal import Time

/// A spool counted: how many jobs each state has, which is the oldest, and the shape of what waits.
///
/// Memory is bounded whatever the spool holds.
struct SpoolSurvey {
    struct StateCount {
        var count = 0
        var oldest: (id: String, submitted: Timestamp)?
        /// The job that is due next, where jobs wait for a time.
        var next: Timestamp?
    }

    /// The rows of the shape.
    enum Grouping: String, CaseIterable {
        case template
        case toDomain = "to-domain"
        case error
    }

    private(set) var counts: [String: StateCount] = [:]
    private(set) var shape = QueueShape()
    let now: Timestamp

    /// Counts every state. Reads the files of the states of `filter` for the shape, and those of all states but `done/`
    /// for their age; reads none for a `quick` look.
    init(
        of reader: borrowing SpoolReader, filter: JobFilter, by grouping: Grouping, isQuick: Bool, now: Timestamp
    ) throws(Failure) {
        self.now = now
        for state in try reader.states() {
            var count = counts[state.word] ?? StateCount()
            let isShaped = filter.states.isEmpty ? SpoolSurvey.isWaiting(state) : filter.names(state)
            let isRead = !isQuick && (state.word != "done" || isShaped)
            try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
                guard isRead else {
                    count.count += 1
                    return
                }
                guard let job = try Glance(name, in: state, at: directory) else { return }
                count.count += 1
                count.note(job)
                if isShaped, filter.matches(job.traits, now: now) { add(job, by: grouping) }
            }
            counts[state.word] = count
        }
    }

    /// The states of which a job is meant to be sent as soon as it can be.
    static func isWaiting(_ state: State) -> Bool {
        switch state {
        case .new, .claimed, .retry: true
        default: false
        }
    }

    private mutating func add(_ job: Glance, by grouping: Grouping) {
        let age = job.submitted.map { now - $0 }
        switch grouping {
        case .template: shape.add(job.template ?? "(none)", age: age)
        case .error: shape.add(job.last?.short ?? "(none)", age: age)
        case .toDomain:
            for recipient in Set(job.recipients.prefix(100).map(ExactText.init(_:))) {
                shape.add(SpoolSurvey.domain(of: recipient.text), age: age)
            }
            if job.recipients.isEmpty { shape.add("(none)", age: age) }
        }
    }

    private static func domain(of recipient: String) -> String {
        guard let at = recipient.utf8.lastIndex(of: UInt8(ascii: "@")) else { return "(none)" }
        let domain = Substring(recipient.utf8[at...].dropFirst().prefix { $0 != UInt8(ascii: ">") && !$0.isSpace })
        return domain.isEmpty ? "(none)" : domain.lowercasedASCII
    }

    /// The numbers that are compared with the limits.
    var numbers: Diagnosis.Numbers {
        var numbers = Diagnosis.Numbers()
        for word in ["new", "cur", "retry"] {
            guard let count = counts[word] else { continue }
            numbers.waiting += count.count
            if let oldest = count.oldest { numbers.oldest = max(numbers.oldest ?? .zero, now - oldest.submitted) }
        }
        numbers.held = counts["hold"]?.count ?? 0
        numbers.dead = counts["dead"]?.count ?? 0
        return numbers
    }
}

extension SpoolSurvey.StateCount {
    fileprivate mutating func note(_ job: Glance) {
        if let submitted = job.submitted, submitted < oldest?.submitted ?? .distantFuture {
            oldest = (job.id, submitted)
        }
        if let due = job.due { next = min(next ?? .distantFuture, due) }
    }
}

extension Event {
    /// The last event, without the words that differ from job to job.
    fileprivate var short: String {
        guard let code else { return kind.rawValue }
        return "\(code)" + (dsn.map { " \($0)" } ?? "")
    }
}
