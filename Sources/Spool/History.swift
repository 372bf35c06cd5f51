internal import JSON
package import Time

/// What has happened to a job, read from the lines behind its object.
package struct History: Sendable {
    package private(set) var events: [Event] = []

    package init(_ events: [Event] = []) { self.events = events }

    /// Reads one event from each line; lines that do not parse are ignored.
    package init(_ bytes: ArraySlice<UInt8>) {
        guard bytes.contains(UInt8(ascii: "{")) else { return }
        for line in bytes.split(separator: 0x0A) {
            // A line that a power cut tore, or that somebody else wrote, tells nothing.
            guard let value = try? JSON(parsing: Array(line)), let object = value.object, let event = Event(object)
            else { continue }
            events.append(event)
        }
    }

    package mutating func append(_ event: Event) { events.append(event) }

    package var isEmpty: Bool { events.isEmpty }
    package var last: Event? { events.last }

    /// When the job was submitted: the mtime that its first claim found.
    package var submitted: Timestamp? { events.lazy.compactMap(\.submitted).first }

    /// The events since the operator last moved the job to `new/`: attempts and refusals count from there.
    private var round: ArraySlice<Event> {
        guard let start = events.lastIndex(where: { $0.kind == .requeued }) else { return events[...] }
        return events[start...]
    }

    /// How many attempts were made since the operator last requeued the job. A `sending` that
    /// was `returned` is none.
    package var attempts: Int {
        var count = 0
        for event in round {
            switch event.kind {
            case .sent, .deferred, .refused, .inDoubt: count = max(count, event.attempt ?? 0)
            default: break
            }
        }
        if let openSending { count = max(count, openSending.attempt ?? 0) }
        return count
    }

    /// The `sending` that nothing has closed, with the recipients that are still without an
    /// outcome: the daemon died there, or is there now.
    package var openSending: Event? {
        var open: Event?
        for event in events {
            switch event.kind {
            case .sending: open = event
            case .returned: open = nil
            case .sent, .deferred, .refused, .inDoubt:
                open?.to.removeAll { event.to.contains($0) }
                if open?.to.isEmpty == true { open = nil }
            default: break
            }
        }
        return open
    }

    /// How many deliveries since the last requeueing ended in doubt.
    package var doubts: Int { Set(round.lazy.filter { $0.kind == .inDoubt }.map(\.attempt)).count }

    /// When the job is due by its last outcome; nil if the last event is of another kind.
    ///
    /// An outcome has one event for each recipient, and not every one of them says when.
    package var due: Timestamp? {
        guard let last else { return nil }
        return events.reversed().prefix {
            switch $0.kind {
            case .sent, .deferred, .refused, .inDoubt, .blocked, .scheduled: $0.attempt == last.attempt
            default: false
            }
        }.compactMap(\.next).max()
    }

    /// How many of the last events are `recovered`.
    package var recoveries: Int { events.reversed().prefix { $0.kind == .recovered }.count }

    /// Whether the recipient was accepted, in whatever round: it is never sent to again.
    package func isSent(_ recipient: String) -> Bool {
        events.contains { $0.kind == .sent && $0.to.contains(recipient) }
    }

    /// Whether the recipient was refused since the last requeueing.
    package func isRefused(_ recipient: String) -> Bool {
        round.contains { $0.kind == .refused && $0.to.contains(recipient) }
    }

    /// Those of the recipients that are still to be tried.
    package func open(of recipients: [String]) -> [String] {
        events.isEmpty ? recipients : recipients.filter { !isSent($0) && !isRefused($0) }
    }

    /// Whether any recipient was refused since the last requeueing.
    package var hasRefused: Bool { round.contains { $0.kind == .refused } }

    /// Whether any recipient was accepted.
    package var hasSent: Bool { events.contains { $0.kind == .sent } }

    /// Whether a job that is claimed from `new/` was moved there by the operator.
    package var isMovedByHand: Bool {
        switch last?.kind {
        case nil, .returned, .recovered: false
        default: true
        }
    }
}
