internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Tells applications what became of their jobs: the programs of `on_event` by a job in `new/` for each outcome, and the
/// producers of drop boxes by a file in `drop/APP/out`.
///
/// Everything is made from the job's own file, under names that follow from it. So it may be told again, by a recovery or
/// another process, and what was told the first time is found.
final class Outcomes {
    private let spool: SpoolTree
    private let log: Log
    private var rules: [EventRule] = []
    /// Event jobs that wait for an earlier one, by that one.
    private var followers: [JobID: JobID] = [:]
    private static let followerLimit = 10_000

    init(spool: SpoolTree, log: Log) {
        self.spool = spool
        self.log = log
    }

    /// Uses other settings from the next outcome on.
    func use(_ settings: Settings) { rules = settings.events }

    /// Whether a program is told of any outcome.
    var hasListeners: Bool { !rules.isEmpty }

    /// Whether the jobs of a template tell of others: no event is made of what becomes of them.
    private func isEvents(_ template: String?) -> Bool {
        guard let template else { return false }
        return rules.contains { $0.template.isExactly(template) }
    }

    // Event jobs.

    /// Tells how a claimed job ends whose file is not kept, before it is removed.
    func tell(endOf job: ClaimedJob, _ verdict: Verdict) throws(SpoolError) {
        guard !rules.isEmpty, !isEvents(job.template) else { return }
        let events = job.attempt.history.events + verdict.events
        let named = job.value.object.map { Job.recipients(of: $0, limit: EventJob.recipientLimit) } ?? []
        let subject = EventJob.Subject(
            job.id, template: job.template, history: events, tags: job.tags, metadata: job.metadata, recipients: named)
        try tell(Outcome.all(of: events, in: verdict.target), of: subject, isFirst: false) { !$0.isFeedback }
    }

    /// Tells from its file how a job has ended that was put into `state` a moment ago. Nothing where it is gone, or has
    /// not ended.
    func tell(endOf id: JobID, in state: State) throws(SpoolError) {
        try tell(of: id, in: state, isFirst: true) { outcome, last in outcome.round == last && !outcome.isFeedback }
    }

    /// Tells from its file how a job ended that lies in `done/`, `dead/` or `hold/`, and which reports have come since.
    /// Events that exist already are found.
    func tell(of id: JobID, in state: State, since: Timestamp) throws(SpoolError) {
        try tell(of: id, in: state, isFirst: false) { outcome, last in
            outcome.isFeedback ? outcome.event.at >= since : outcome.round == last
        }
    }

    private func tell(
        of id: JobID, in state: State, isFirst: Bool, where isMeant: (Outcome, _ lastRound: Int?) -> Bool
    ) throws(SpoolError) {
        guard !rules.isEmpty else { return }
        let (object, events) = try read(id, in: state)
        guard let object, !isEvents(object["template"]?.string) else { return }
        let subject = EventJob.Subject(id, object, history: events)
        let outcomes = Outcome.all(of: events, in: state)
        let last = outcomes.last { !$0.isFeedback }?.round
        try tell(outcomes, of: subject, isFirst: isFirst) { isMeant($0, last) }
    }

    /// Tells of a job that has gone to `dead/`, in whatever way. What fails is told by the next start after a crash, and by
    /// none after a stop; the log says it.
    func buried(_ letter: DeadLetter) {
        guard !rules.isEmpty, let id = JobID(letter.id) else { return }
        do throws(SpoolError) { try tell(of: id, in: .dead, since: letter.at) } catch {
            log.write("\(error): no event is made of dead/\(id)", .warning)
        }
    }

    /// Tells of events that a report has brought, once they are appended to the job's history, wherever it lies in
    /// `state`. `object` is the job as its producer wrote it. It may be called again with the same events: what was told
    /// is found.
    ///
    /// On error some may have been told, and all are to be told again.
    func tell(_ events: [Event], of job: JobID, object: JSON.Object, in state: State) throws(SpoolError) {
        var all = events
        // Where it was moved meanwhile, its earlier outcomes are not known, and the order is not kept.
        if case .job(let open) = try spool.examine(job, in: state, limit: .max) { all = open.contents.history.events }
        if !rules.isEmpty, !isEvents(object["template"]?.string) {
            let subject = EventJob.Subject(job, object, history: all)
            try tell(Outcome.all(of: all, in: state), of: subject, isFirst: false) { outcome in
                outcome.isFeedback && events.contains { $0.isSame(as: outcome.event) }
            }
        }
        try answer(job, object, all, in: state)
    }

    private func tell(
        _ outcomes: [Outcome], of subject: EventJob.Subject, isFirst: Bool, where isMeant: (Outcome) -> Bool
    ) throws(SpoolError) {
        for rule in rules {
            var previous: JobID?
            for outcome in outcomes where rule.words.contains(outcome.word) {
                let job = EventJob(outcome, of: subject, for: rule.template, after: previous)
                previous = job.id
                guard isMeant(outcome) else { continue }
                // Of what is told for the first time the spool has nothing.
                if isFirst { try spool.add(job) } else if try !spool.knows(job) { try spool.add(job) }
            }
        }
    }

    // Their order.

    /// The earlier event of the same job that an event job waits for; nil where it may run.
    func predecessor(of job: JSON) throws(SpoolError) -> JobID? {
        guard !rules.isEmpty, let object = job.object, isEvents(object["template"]?.string),
            let previous = object[EventJob.previousField]?.string.flatMap({ JobID($0) }),
            try spool.isWaiting(previous)
        else { return nil }
        return previous
    }

    /// An event job waits for an earlier one.
    func follows(_ id: JobID, _ previous: JobID) {
        if followers.count < Outcomes.followerLimit { followers[previous] = id }
    }

    /// The event job that waited for this one, which has ended.
    func follower(of id: JobID) -> JobID? { followers.isEmpty ? nil : followers.removeValue(forKey: id) }

    // Drop boxes.

    /// Tells the producer of a claimed job where it was put.
    func answer(_ job: ClaimedJob, _ verdict: Verdict, in state: State) {
        guard let (box, id) = job.id.inBox, state != .new else { return }
        write(
            Answer(
                id, in: state, template: job.template, submitted: job.submitted,
                event: verdict.events.last ?? job.attempt.history.last, tags: job.tags, metadata: job.metadata),
            in: box, of: job.id)
    }

    /// Tells the producer that its file has become a dead letter, unless a job of that name was told of before: then it
    /// is that one's word which stands.
    func refused(_ name: String, from box: String, because reason: String, now: Timestamp) {
        guard let id = JobID(name) else { return }
        do throws(SpoolError) {
            let isTold = try spool.withAnswers(of: box) { (out) throws(SpoolError) in
                try step(.read, "drop/\(box)/out/\(id)", out.contains(name))
            }
            guard isTold == false else { return }
        } catch { return log.write("\(error)", .warning) }
        var event = Event(.dead, at: now)
        event.reason = reason
        write(
            Answer(id, in: .dead, template: nil, submitted: nil, event: event, tags: [], metadata: JSON.Object()),
            in: box, of: id)
    }

    private func answer(_ job: JobID, _ object: JSON.Object, _ events: [Event], in state: State) throws(SpoolError) {
        guard let (box, id) = job.inBox else { return }
        let subject = EventJob.Subject(job, object, history: events)
        let answer = Answer(
            id, in: state, template: subject.template, submitted: subject.submitted, event: events.last,
            tags: subject.tags, metadata: subject.metadata)
        try spool.write(answer, in: box)
    }

    /// A failed write holds up no job: the next sweep writes the file.
    private func write(_ answer: Answer, in box: String, of job: JobID) {
        do throws(SpoolError) { try spool.write(answer, in: box) } catch {
            log.write("\(error): the producer of \(job) is told later", .warning)
        }
    }

    /// Writes anew what the producer of a box's job may read, from where the job is now. Where the job is gone it is
    /// removed, unless it `keepsLost`.
    func refresh(_ id: JobID, keepsLost: Bool = false) {
        guard let (box, own) = id.inBox else { return }
        do throws(SpoolError) {
            // Another worker may move it meanwhile.
            for _ in 0..<Outcomes.patience {
                guard let state = try spool.whereabouts(of: id) else { continue }
                let (object, events) = try read(id, in: state)
                guard let object else { continue }
                return try answer(id, object, events, in: state)
            }
            if keepsLost { return }
            _ = try spool.withAnswers(of: box) { (out) throws(SpoolError) in
                try step(.remove, "drop/\(box)/out/\(own)", allowing(.noEntry, out.unlink(own.text)))
            }
        } catch { log.write("\(error)", .warning) }
    }

    private static let patience = 3

    /// A job's object and events; no object where it is gone, or no job.
    private func read(_ id: JobID, in state: State) throws(SpoolError) -> (JSON.Object?, [Event]) {
        guard case .job(let open) = try spool.examine(id, in: state, limit: .max) else { return (nil, []) }
        return (open.contents.value.object, open.contents.history.events)
    }
}

extension Event {
    /// Whether both lines tell of the same: times are kept to the millisecond.
    fileprivate func isSame(as other: Event) -> Bool { line == other.line }
}
