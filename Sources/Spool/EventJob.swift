package import JSON
internal import Linux
package import Time

/// The job that tells a task's program of an outcome of another job.
///
/// All of it follows from the other job's file: made again it is the same value under the same id, and a spool that
/// has it discards it.
package struct EventJob: Equatable, Sendable {
    package let id: JobID
    /// The template whose program is told.
    package let template: String
    package let params: JSON.Object
    /// The job that tells of the outcome before, if there is one: this one waits as long as that one may still run.
    package let previous: JobID?

    /// The field that names ``previous``.
    package static let previousField = "x-after"
    /// How many recipients are named.
    package static let recipientLimit = 1000
    /// Bytes of `tags` and `metadata` each, beyond which they are left out.
    package static let remarkLimit = 16 << 10

    /// The job of which it tells.
    package struct Subject {
        package let id: JobID
        package let template: String?
        /// When it was submitted, as its history says first.
        package let submitted: Timestamp?
        package let tags: [String]
        package let metadata: JSON.Object
        /// Whom the job names, for outcomes whose events name none.
        package let recipients: [String]

        package init(
            _ id: JobID, template: String?, history: [Event], tags: [String], metadata: JSON.Object,
            recipients: [String]
        ) {
            self.id = id
            self.template = template
            submitted = history.first { $0.submitted != nil }?.submitted
            self.tags = tags
            self.metadata = metadata
            self.recipients = recipients
        }

        /// The same of the job's object, as far as it is one.
        package init(_ id: JobID, _ object: JSON.Object, history: [Event]) {
            self.init(
                id, template: object["template"]?.string, history: history,
                tags: (object["tags"]?.array ?? []).compactMap(\.string),
                metadata: object["metadata"]?.object ?? JSON.Object(),
                recipients: Job.recipients(of: object, limit: EventJob.recipientLimit))
        }
    }

    package init(_ outcome: Outcome, of subject: Subject, for template: String, after previous: JobID?) {
        id = outcome.id(for: template, of: subject.id, submitted: subject.submitted)
        self.template = template
        self.previous = previous
        let event = outcome.event
        let recipients = outcome.recipients.isEmpty ? subject.recipients : outcome.recipients
        var params = JSON.Object([
            ("id", .string(id.text)), ("event", .string(outcome.word.rawValue)), ("at", .string(event.at.rfc3339)),
            ("job", .string(subject.id.text)),
            ("recipients", .array(recipients.prefix(EventJob.recipientLimit).map { .string($0) })),
        ])
        func text(_ name: String, _ value: String?) { if let value { params[name] = .string(value) } }
        text("template", subject.template)
        text("class", event.class)
        params["code"] = event.code.map { .number(.init($0)) }
        text("dsn", event.dsn)
        text("reply", event.reply)
        text("reason", event.reason)
        text("relay", event.relay)
        text("report", event.report)
        text("submitted", subject.submitted?.rfc3339)
        params["tags"] = EventJob.remark(.array(subject.tags.map { .string($0) }), isEmpty: subject.tags.isEmpty)
        params["metadata"] = EventJob.remark(.object(subject.metadata), isEmpty: subject.metadata.isEmpty)
        self.params = params
    }

    /// Nil where there is nothing, or too much.
    package static func remark(_ value: JSON, isEmpty: Bool) -> JSON? {
        isEmpty || value.encoded.count > remarkLimit ? nil : value
    }

    /// The bytes of its file.
    package var encoded: [UInt8] {
        var object = JSON.Object([("template", .string(template)), ("params", .object(params))])
        object[EventJob.previousField] = previous.map { .string($0.text) }
        return JSON.object(object).encoded + [0x0A]
    }
}

extension SpoolTree {
    /// Puts the job into `new/`, where a worker finds it; one that is there already stays.
    ///
    /// Nothing is synced: after a power cut the next start tells anew of what ended in the minutes before. See spool(5).
    package func add(_ job: EventJob) throws(SpoolError) {
        let draft = JobID.random(characters: 20)
        let file = try step(.create, "tmp/\(draft)", tmp.create(draft, mode: 0o600))
        do throws(SpoolError) {
            try step(.write, "tmp/\(draft)", file.write(all: job.encoded))
            let made: Void? = try step(
                .publish, "new/\(job.id)", allowing(.exists, tmp.rename(draft, into: new, as: job.id.text)))
            if made != nil { return }
        } catch {
            // Litter that the sweep of tmp/ clears, where even that fails.
            try? tmp.unlink(draft)
            throw error
        }
        try step(.remove, "tmp/\(draft)", allowing(.noEntry, tmp.unlink(draft)))
    }

    /// Whether the spool has a job of that id, in whatever state. One in `new/` that a power cut has left without its
    /// bytes is removed, and counts as none.
    package func knows(_ job: EventJob) throws(SpoolError) -> Bool {
        if try claim(of: job.id) != nil { return true }
        let places = try places(of: job.id, except: .claimed(instance: instance), afresh: true)
        guard places == [.new] else { return !places.isEmpty }
        guard case .malformed = try examine(job.id, in: .new, limit: .max) else { return true }
        try step(.remove, "new/\(job.id)", allowing(.noEntry, new.unlink(job.id.text)))
        return false
    }

    /// Whether a job of that id may still run: it is in a waiting state or claimed.
    ///
    /// The waiting states are looked at before and behind `cur/`, since another worker may move it from here to there
    /// meanwhile.
    package func isWaiting(_ id: JobID) throws(SpoolError) -> Bool {
        func isListed() throws(SpoolError) -> Bool {
            for state in State.waiting { if try contains(id, in: state) { return true } }
            return false
        }
        if try isListed() { return true }
        if try claim(of: id) != nil { return true }
        return try isListed()
    }

    /// The state in which a job of that id is, in whatever process's hands; nil where there is none.
    package func whereabouts(of id: JobID) throws(SpoolError) -> State? {
        if let claim = try claim(of: id) { return claim }
        return try places(of: id, except: .claimed(instance: instance), afresh: true).first
    }

    /// The directory of `cur/` in which a job of that id is, this process's or another's.
    private func claim(of id: JobID) throws(SpoolError) -> State? {
        for name in try claimDirectories() {
            let path = "\(name)/\(id)"
            // One that the operator has removed since holds nothing.
            if try step(.read, "cur/\(path)", allowing(.notDirectory, cur.contains(path))) == true {
                return .claimed(instance: name)
            }
        }
        return nil
    }
}
