internal import JSON
internal import Text
package import Time

/// The history of a job, read from the lines behind its object.
package struct History: Sendable {
    package private(set) var events: [Event] = []
    /// Whether any of them came with a report.
    private var hasFeedback = false
    /// Events of reports, where ``fold(_:)`` did not keep their events.
    private var foldedMarks: Set<FeedbackMark> = []
    /// True when outcomes were merged while it was read; see ``fold(_:)``.
    package private(set) var isFolded = false
    private var recipientsRead = 0
    /// The first event whose recipients may still be forgotten.
    private var unsettled = 0

    package init(_ events: [Event] = []) {
        self.events = events
        hasFeedback = events.contains { $0.kind.isFeedback }
    }

    /// Reads one event from each line; lines that do not parse are ignored.
    package init(_ bytes: ArraySlice<UInt8>) {
        guard bytes.contains(UInt8(ascii: "{")) else { return }
        for line in bytes.split(separator: 0x0A) { if let event = History.event(line) { append(event) } }
    }

    /// A line that a power cut tore, or that another program wrote, is ignored.
    private static func event(_ line: ArraySlice<UInt8>) -> Event? {
        (try? JSON(parsing: Array(line)))?.object.flatMap { Event($0) }
    }

    /// Tells whether a line is an event.
    static func isEvent(_ line: ArraySlice<UInt8>) -> Bool { event(line) != nil }

    /// The bytes of a producer's file without the lines that have the form of events: a producer's lines are not a
    /// history.
    static func withoutEvents(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "{")) else { return bytes }
        var kept: [UInt8] = []
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.endIndex
            if bytes[start] != UInt8(ascii: "{") || event(bytes[start..<end]) == nil { kept += bytes[start..<end] }
            start = end
        }
        return kept
    }

    package mutating func append(_ event: Event) {
        events.append(event)
        if event.kind.isFeedback { hasFeedback = true }
    }

    /// The events of the daemon and the operator, without those of reports, which decide nothing about a job.
    ///
    /// A job that is moved to `new/` after its bounce came is where it would be without it.
    private var course: [Event] { hasFeedback ? events.filter { !$0.kind.isFeedback } : events }

    /// The events of reports, each once for each recipient.
    package var marks: Set<FeedbackMark> {
        guard hasFeedback else { return foldedMarks }
        return foldedMarks.union(events.lazy.filter(\.kind.isFeedback).flatMap(FeedbackMark.marks))
    }

    /// The most events, and recipients in them, that are kept one by one while a file is read.
    static let wholeLimit = 1000

    /// Adds the event of a line, if it is one, in bounded memory.
    ///
    /// Beyond ``wholeLimit`` the outcomes of an attempt are merged, one event for each kind, and the recipients of
    /// attempts that another one followed are forgotten unless they are settled. Every question that this type answers
    /// has the same answer; what is kept grows with the recipients, and not with the attempts.
    mutating func fold(_ line: ArraySlice<UInt8>) {
        guard let event = History.event(line) else { return }
        if event.kind.isFeedback {
            if isFolded || events.count >= History.wholeLimit {
                foldedMarks.formUnion(FeedbackMark.marks(of: event))
            } else {
                append(event)
            }
            return
        }
        recipientsRead += event.to.count
        guard isFolded || events.count >= History.wholeLimit || recipientsRead > History.wholeLimit else {
            return events.append(event)
        }
        isFolded = true
        switch event.kind {
        case .sending:
            forgetUnsettled(before: event)
            events.append(event)
        case .sent, .deferred, .refused, .inDoubt:
            guard let index = sibling(of: event) else {
                if event.attempt != last?.attempt { forgetUnsettled(before: event) }
                return events.append(event)
            }
            events[index].to += event.to
            events[index].next = [events[index].next, event.next].compactMap { $0 }.max()
        default: events.append(event)
        }
    }

    /// The event of the last outcome that another of its kind is merged with.
    private func sibling(of event: Event) -> Int? {
        for index in events.indices.reversed().prefix(History.wholeLimit) {
            switch events[index].kind {
            case .sent, .deferred, .refused, .inDoubt: break
            default: return nil
            }
            if events[index].attempt != event.attempt { return nil }
            if events[index].kind == event.kind { return index }
        }
        return nil
    }

    /// Another attempt begins: older deferrals say nothing any more. Of an older `sending` only recipients without an
    /// outcome are kept, and none when another `sending` follows.
    private mutating func forgetUnsettled(before event: Event) {
        if let open = events[unsettled...].lastIndex(where: { $0.kind == .sending }) {
            let answered = Set(
                events[(open + 1)...].lazy.filter { !$0.kind.isFeedback }.flatMap { $0.to.map(ExactText.init(_:)) })
            events[open].to.removeAll { event.kind == .sending || answered.contains(ExactText($0)) }
        }
        for index in unsettled..<events.count where events[index].kind == .deferred && events[index].to.count > 1 {
            events[index].to.removeLast(events[index].to.count - 1)
        }
        // The last `sending` may still be open.
        unsettled = events.lastIndex { $0.kind == .sending } ?? events.count
    }

    /// Tells whether `other` begins as this one: it is the history of the same job, which may have gone on.
    package func isBeginning(of other: History) -> Bool {
        if isFolded || other.isFolded {
            return events.first?.at == other.events.first?.at && submitted == other.submitted
        }
        return other.events.starts(with: events)
    }

    package var isEmpty: Bool { events.isEmpty }
    /// Whether nothing has happened but deaths of the daemon: the job is as its producer left it.
    package var isFresh: Bool { events.allSatisfy { $0.kind == .recovered || $0.kind.isFeedback } }
    /// The last event that no report has brought.
    package var last: Event? { hasFeedback ? events.last { !$0.kind.isFeedback } : events.last }

    /// When the job was submitted, as its first event says: the mtime that the first claim found. A later event says it
    /// anew where the clock was set since.
    package var submitted: Timestamp? { events.last { $0.submitted != nil }?.submitted }

    /// When the job was submitted, as the daemon takes it. Its age, and with it its expiry, counts from there.
    ///
    /// Until an event says it, the mtime does; but a date in the future is a wrong clock, and in `retry/` and
    /// `scheduled/` the mtime is the due time. Then the job counts as submitted now.
    package func submitted(in state: State, modified: Timestamp, now: Timestamp) -> Timestamp {
        if let submitted { return submitted }
        switch state {
        case .new, .claimed, .hold, .dead, .done: return min(modified, now)
        case .retry, .scheduled: return now
        }
    }

    /// The events since the operator last moved the job to `new/`: attempts and refusals count from there.
    private var round: ArraySlice<Event> {
        let course = course
        guard let start = course.lastIndex(where: { $0.kind == .requeued }) else { return course[...] }
        return course[start...]
    }

    /// How many attempts the events tell of since the operator last requeued the job. A `sending` that was `returned`
    /// does not count.
    package var attempts: Int {
        var count = 0
        for event in round {
            switch event.kind {
            case .sent, .deferred, .refused, .inDoubt, .done, .dead: count = max(count, event.attempt ?? 0)
            default: break
            }
        }
        if let open = openSending ?? openRunning { count = max(count, open.attempt ?? 0) }
        return count
    }

    /// How many attempts were made, as the daemon counts them: at least the number of the bucket that the job lies in,
    /// unless a fault of the template or the configuration put it there. The next attempt is one more.
    package func attempts(in state: State) -> Int {
        guard case .retry(let bucket) = state, last?.kind != .blocked else { return attempts }
        return max(attempts, bucket.rawValue)
    }

    /// The `sending` that nothing has closed, with the recipients that are still without an
    /// outcome: the daemon died there, or is there now.
    package var openSending: Event? {
        var open: Event?
        var answered: Set<ExactText> = []
        for event in events {
            switch event.kind {
            case .sending: (open, answered) = (event, [])
            case .returned: open = nil
            case .sent, .deferred, .refused, .inDoubt: answered.formUnion(event.to.map(ExactText.init(_:)))
            default: break
            }
        }
        guard !answered.isEmpty else { return open }
        open?.to.removeAll { answered.contains(ExactText($0)) }
        return open?.to.isEmpty == true ? nil : open
    }

    /// The `running` that nothing has closed: the daemon died while the program ran, or it runs now.
    package var openRunning: Event? {
        let last = events.last {
            switch $0.kind {
            case .running, .done, .deferred, .dead, .returned, .inDoubt, .blocked: true
            default: false
            }
        }
        return last?.kind == .running ? last : nil
    }

    /// Whether the task's program has succeeded, in any round: it is never run again.
    package var isDone: Bool { events.contains { $0.kind == .done } }

    /// How often a program that ran for the job was ended because the daemon stopped.
    package var interruptions: Int {
        let course = course
        return zip(course, course.dropFirst()).count { $0.kind == .running && $1.kind == .returned }
    }

    /// How many deliveries since the last requeueing ended in doubt.
    package var doubts: Int { Set(round.lazy.filter { $0.kind == .inDoubt }.map(\.attempt)).count }

    /// The events of the last outcome, one for each recipient; none if the last event is of another kind.
    private var lastOutcome: [Event] {
        guard let last else { return [] }
        return course.reversed().prefix {
            switch $0.kind {
            case .sent, .deferred, .refused, .inDoubt, .blocked, .scheduled: $0.attempt == last.attempt
            default: false
            }
        }
    }

    /// When the job is due by its last outcome; not every event of it says when.
    package var due: Timestamp? { lastOutcome.compactMap(\.next).max() }

    /// When the job is tried again by its last attempt, as the daemon wrote it; nil for a `sendAt`.
    package var nextTry: Timestamp? { last?.kind == .scheduled ? nil : due }

    /// The date of the job's mail: the later of submission and `sendAt`, the same at every attempt.
    ///
    /// A job that the operator had sent before its `sendAt` has the date of its submission: no mail is from the future.
    package func date(submitted: Timestamp, sendAt: Timestamp?, now: Timestamp) -> Timestamp {
        guard let sendAt, sendAt > submitted else { return submitted }
        let first = events.first {
            switch $0.kind {
            case .sending, .sent, .deferred, .refused, .inDoubt: true
            default: false
            }
        }
        return (first?.at ?? now) < sendAt ? submitted : sendAt
    }

    /// Whether the last outcome is in doubt and must not be tried again: the job's place is `hold/`.
    package var isHeldInDoubt: Bool { due == nil && lastOutcome.contains { $0.kind == .inDoubt } }

    /// How many of the last events are `recovered`.
    package var recoveries: Int { course.reversed().prefix { $0.kind == .recovered }.count }

    /// The last events as far as they are `returned`.
    package var lastReturns: ArraySlice<Event> {
        let course = course
        let start = course.lastIndex { $0.kind != .returned }.map { $0 + 1 } ?? 0
        return course[start...]
    }

    /// Whether every one of the recipients was accepted, in any round: none is ever sent to again.
    package func isSent(to recipients: [String]) -> Bool {
        let sent = recipientsSent
        return recipients.allSatisfy { sent.contains(ExactText($0)) }
    }

    /// Those of the recipients that are still to be tried: neither accepted, in whatever round, nor
    /// refused since the last requeueing.
    package func open(of recipients: [String]) -> [String] {
        if events.isEmpty { return recipients }
        let settled = recipientsSent.union(
            round.lazy.filter { $0.kind == .refused }.flatMap { $0.to.map(ExactText.init(_:)) })
        return recipients.filter { !settled.contains(ExactText($0)) }
    }

    private var recipientsSent: Set<ExactText> {
        Set(events.lazy.filter { $0.kind == .sent }.flatMap { $0.to.map(ExactText.init(_:)) })
    }

    /// Whether any recipient was refused since the last requeueing.
    package var hasRefused: Bool { round.contains { $0.kind == .refused } }

    /// Whether any recipient was accepted.
    package var hasSent: Bool { events.contains { $0.kind == .sent } }

    /// The notes before a job is claimed from `state`, a waiting one: the operator's move, and the doubt that the dead
    /// daemon could not record.
    ///
    /// An open `sending` or `running` is in doubt: the job was taken out of `cur/` before its end. No recovery sees it
    /// there, and where it was put is the decision, so it is not held; but a second mail is announced.
    package func notes(beforeClaimFrom state: State, at now: Timestamp) -> [Event] {
        var notes: [Event] = []
        if let open = openSending ?? openRunning {
            for recipient in open.kind == .running ? [nil] : open.to.map(Optional.some) {
                var event = Event(.inDoubt, at: now)
                event.attempt = open.attempt ?? attempts
                event.to = recipient.map { [$0] } ?? []
                event.reason =
                    recipient == nil
                    ? "taken out of cur/ while the program ran" : "taken out of cur/ before the reply was seen"
                event.next = now
                notes.append(event)
            }
        }
        if state == .new, isMovedByHand { notes.append(Event(.requeued, at: now)) }
        return notes
    }

    /// Why a job that is claimed from `state` begins before the time that its history says; nil where it does not.
    ///
    /// A job in `scheduled/` that is due by its mtime only was touched, or lost its mtime: its marker says so, since
    /// the mail goes before the time that its producer gave.
    package func haste(from state: State, at now: Timestamp) -> String? {
        guard state == .scheduled, let last, last.kind == .scheduled, let next = last.next, next > now else {
            return nil
        }
        return "due by its mtime, and by its history at \(next.rfc3339Seconds)"
    }

    /// Whether a job that is claimed from `new/` was moved there by the operator, and no event says so yet.
    package var isMovedByHand: Bool {
        switch last?.kind {
        case nil, .returned, .recovered, .requeued: false
        default: true
        }
    }
}
