package import JSON
package import Spool
internal import Text
package import Time

/// A job that has just gone to `dead/`: what the operator is told of it.
package struct DeadLetter: Equatable, Sendable {
    package var id: String
    package var at: Timestamp
    /// The event that made it one: `refused`, `expired` or `dead`.
    package var event: Event.Kind
    package var template: String?
    /// Whom it did not reach, as far as is known; the first hundred.
    package var recipients: [String]
    package var relay: String?
    package var code: Int?
    package var dsn: String?
    /// The server's text, or the reason in our words.
    package var reason: String
    package var attempts: Int
    package var submitted: Timestamp?
    /// The producer's words for the log and the operator.
    package var tags: [String] = []
    package var metadata = JSON.Object()
    /// Bytes of `tags` and `metadata` each: events wait in memory.
    private static let remarkLimit = 16 << 10

    package static let recipientLimit = 100

    /// Reads `events`, the job's history, since the operator last moved it to `new/`; `recipients` where no event names
    /// one.
    package init(
        _ id: String, template: String?, events: [Event], recipients: [String], submitted: Timestamp?, at now: Timestamp
    ) {
        let events = Array(events[(events.lastIndex { $0.kind == .requeued } ?? 0)...])
        let refused = events.filter { $0.kind == .refused }
        let cause = events.last { $0.kind == .expired || $0.kind == .dead } ?? refused.first ?? events.last
        self.id = id
        at = now
        event = cause?.kind == .expired ? .expired : refused.isEmpty ? .dead : .refused
        self.template = template
        var named = Array(refused.flatMap(\.to).prefix(DeadLetter.recipientLimit))
        // Given up for the others, it did not reach them either.
        if named.isEmpty || cause?.kind == .dead {
            let others = recipients.lazy.filter { [named] in !named.holds(exactly: $0) }
            named += others.prefix(DeadLetter.recipientLimit - named.count)
        }
        self.recipients = named
        relay = cause?.relay
        code = cause?.code
        dsn = cause?.dsn
        reason = cause?.reply ?? cause?.reason ?? "no reason was given"
        attempts = events.compactMap(\.attempt).max() ?? 0
        self.submitted = submitted
    }

    /// The event as `on_dead` gets it: one line.
    package func object(spool: String) -> JSON {
        var object = JSON.Object([
            ("at", .string(at.rfc3339)), ("event", .string(event.rawValue)), ("id", .string(id)),
            ("file", .string("\(spool)/dead/\(id)")), ("to", .array(recipients.map { .string($0) })),
            ("reason", .string(reason)), ("attempts", .number(.init(attempts))),
        ])
        object["template"] = template.map { .string($0) }
        object["relay"] = relay.map { .string($0) }
        object["code"] = code.map { .number(.init($0)) }
        object["dsn"] = dsn.map { .string($0) }
        object["submitted"] = submitted.map { .string($0.rfc3339) }
        object["tags"] = remark(.array(tags.map { .string($0) }), isEmpty: tags.isEmpty)
        object["metadata"] = remark(.object(metadata), isEmpty: metadata.isEmpty)
        return .object(object)
    }

    /// Reads ``object(spool:)``; nil for another object.
    package init?(_ value: JSON) {
        guard let object = value.object, let id = object["id"]?.string, let reason = object["reason"]?.string,
            let at = object["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let event = object["event"]?.string.flatMap({ Event.Kind(rawValue: $0) })
        else { return nil }
        (self.id, self.reason, self.at, self.event) = (id, reason, at, event)
        recipients = (object["to"]?.array ?? []).compactMap(\.string)
        attempts = object["attempts"]?.int ?? 0
        template = object["template"]?.string
        relay = object["relay"]?.string
        code = object["code"]?.int
        dsn = object["dsn"]?.string
        submitted = object["submitted"]?.string.flatMap { Timestamp(rfc3339: $0) }
        tags = (object["tags"]?.array ?? []).compactMap(\.string)
        metadata = object["metadata"]?.object ?? JSON.Object()
    }

    /// Nil where there is nothing, or too much.
    private func remark(_ value: JSON, isEmpty: Bool) -> JSON? {
        isEmpty || value.encoded.count > DeadLetter.remarkLimit ? nil : value
    }

    /// The recipients to report of a job whose mail was never made: those of its history, else those that its object
    /// names.
    package static func recipients(of value: JSON, _ history: History) -> [String] {
        recipients(of: history) ?? Job.recipients(of: value.object ?? JSON.Object(), limit: recipientLimit)
    }

    /// The recipients, where the object has been read.
    package static func recipients(of job: Job, _ history: History) -> [String] {
        recipients(of: history) ?? job.recipients(limit: recipientLimit)
    }

    /// Nil when no event names a recipient.
    private static func recipients(of history: History) -> [String]? {
        var seen: Set<ExactText> = []
        let named = history.events.prefix(recipientLimit).flatMap { $0.to.prefix(recipientLimit) }
            .filter { seen.insert(ExactText($0)).inserted }
        return named.isEmpty ? nil : Array(named.prefix(recipientLimit))
    }
}
