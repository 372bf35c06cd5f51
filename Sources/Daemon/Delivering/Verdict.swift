package import SMTP
package import Spool
package import Time

/// What the daemon knows of a job when an attempt ends, and what is to become of it.
package struct Verdict: Equatable, Sendable {
    package var events: [Event]
    package var target: State
    package var due: Timestamp?
    /// Whether the history must be on disk before the rename.
    package var durably: Bool

    /// What is done with a job whose delivery is in doubt for the first time.
    package enum OnDoubt: String, CaseIterable, Sendable { case resend, hold }

    /// What an attempt was made with.
    package struct Attempt: Sendable {
        package var number: Int
        package var relay: String?
        package var history: History
        package var submitted: Timestamp
        package var expiry: Timestamp
        package var onDoubt: OnDoubt
        package var softBounce: Bool
        /// Recipients without an outcome that `allow_recipients` keeps from the relay.
        package var heldBack: [String]

        package init(
            number: Int, relay: String?, history: History, submitted: Timestamp, expiry: Timestamp,
            onDoubt: OnDoubt = .resend, softBounce: Bool = false, heldBack: [String] = []
        ) {
            self.number = number
            self.relay = relay
            self.history = history
            self.submitted = submitted
            self.expiry = expiry
            self.onDoubt = onDoubt
            self.softBounce = softBounce
            self.heldBack = heldBack
        }
    }

    /// Judges an attempt: a reply decides for its recipient, and for the job the worst that is
    /// left decides: hold before retry before dead before done.
    ///
    /// Recipients that are held back are refused, by us, together with the first outcome of the others; or
    /// alone, if `outcomes` is empty because there are no others.
    ///
    /// - Parameters:
    ///   - interruption: what ended the attempt early, for the recipients that were not tried.
    ///   - jitter: from -1 to 1; see ``RetryPolicy/due(afterAttempt:now:jitter:expiry:)``.
    package init(
        _ outcomes: [(recipient: String, outcome: RecipientOutcome)], of attempt: Attempt,
        interruption: String? = nil, policy: RetryPolicy, now: Timestamp, jitter: @autoclosure () -> Double
    ) {
        let isSettled = outcomes.allSatisfy { if case .sent = $0.outcome { true } else { false } }
        let due =
            isSettled
            ? now : policy.due(afterAttempt: attempt.number, now: now, jitter: jitter(), expiry: attempt.expiry)
        var events: [Event] = []
        var (sent, deferred, refused, doubted) = (0, 0, 0, 0)
        let isTried = outcomes.isEmpty ? !attempt.heldBack.isEmpty : outcomes.contains { $0.outcome != .notTried }
        guard isTried else {
            self = Verdict.returned(interruption, attempt, now)
            return
        }
        for recipient in attempt.heldBack {
            refused += 1
            var event = Event(.refused, at: now)
            event.attempt = attempt.number
            event.to = [recipient]
            event.dsn = EnhancedStatus.notAllowed.description
            event.reason = Verdict.heldBackReason
            events.append(event)
        }
        for (recipient, outcome) in outcomes {
            var event: Event
            func with(_ kind: Event.Kind, _ cause: Cause) -> Event {
                var event = Event(kind, at: now)
                event.code = cause.code
                event.dsn = cause.enhanced?.description
                event.reply = cause.text
                return event
            }
            switch outcome {
            case .sent(let reply):
                sent += 1
                event = with(.sent, .reply(reply))
            case .refused(let cause) where !attempt.softBounce:
                refused += 1
                event = with(.refused, cause)
            case .deferred(let cause), .refused(let cause):
                deferred += 1
                event = with(.deferred, cause)
                event.next = due
            case .inDoubt(let reason):
                doubted += 1
                event = Event(.inDoubt, at: now)
                event.reason = reason
                event.next = due
            case .notTried:
                deferred += 1
                event = Event(.deferred, at: now)
                event.reason = interruption
                event.next = due
            }
            event.attempt = attempt.number
            event.to = [recipient]
            if event.kind != .sent { event.relay = attempt.relay }
            events.append(event)
        }
        let history = attempt.history
        if history.isEmpty { events[0].submitted = attempt.submitted }
        let isSentToSome = sent > 0 || history.hasSent
        if doubted > 0, attempt.onDoubt == .hold || history.doubts > 0 {
            for index in events.indices { events[index].next = nil }
            self.init(events: events, target: .hold, due: nil, durably: true)
        } else if doubted + deferred > 0 {
            self.init(
                events: events, target: .retry(Bucket(afterAttempt: attempt.number)), due: due, durably: isSentToSome)
        } else if refused > 0 || attempt.history.hasRefused {
            self.init(events: events, target: .dead, due: nil, durably: true)
        } else {
            self.init(events: events, target: .done(day: now.day), due: nil, durably: false)
        }
    }

    /// The number of the attempt that is made now.
    package static func number(of history: History, from state: State) -> Int {
        history.attempts(in: state) + 1
    }

    /// Why nothing was sent to a recipient that `allow_recipients` does not have.
    package static let heldBackReason = "held back: not in allow_recipients"

    init(events: [Event], target: State, due: Timestamp?, durably: Bool) {
        self.events = events
        self.target = target
        self.due = due
        self.durably = durably
    }

    /// How many `returned` in a row a history holds at most.
    package static let returnLimit = 10

    /// The relay failed and not the job: back to `new/`, as old as it was, and no attempt.
    ///
    /// A relay may give a job back for days. In a row each reason is written once, and not more than
    /// ``returnLimit`` of them, so that the file does not grow; a `sending` is always closed.
    static func returned(_ reason: String?, _ attempt: Attempt, _ now: Timestamp) -> Verdict {
        let row = attempt.history.lastReturns
        if row.count >= returnLimit || row.contains(where: { $0.relay == attempt.relay && $0.reason == reason }) {
            return Verdict(events: [], target: .new, due: attempt.submitted, durably: false)
        }
        var event = Event(.returned, at: now)
        event.relay = attempt.relay
        event.reason = reason
        if attempt.history.isEmpty { event.submitted = attempt.submitted }
        return Verdict(
            events: [event], target: .new, due: attempt.submitted, durably: attempt.history.hasSent)
    }

    /// The template or the configuration is at fault: the job waits for the repair, and is looked at every half minute
    /// until its expiry. The same reason is said once, not with each look.
    static func blocked(
        _ reason: String, history: History, submitted: Timestamp, expiry: Timestamp, now: Timestamp
    ) -> Verdict {
        var verdict = Verdict.without(
            attempt: .blocked, reason: reason, target: .retry(.first), due: min(now + Bucket.first.delay, expiry),
            history: history, submitted: submitted, now: now)
        if let last = history.last, last.kind == .blocked, last.reason == reason { verdict.events = [] }
        return verdict
    }

    /// A settlement without an attempt: one event says why.
    package static func without(
        attempt kind: Event.Kind, reason: String?, target: State, due: Timestamp? = nil, history: History,
        submitted: Timestamp, now: Timestamp
    ) -> Verdict {
        var event = Event(kind, at: now)
        event.reason = reason
        if target != .new { event.next = due }
        if history.isEmpty { event.submitted = submitted }
        let isFinal = target == .dead || target == .hold
        return Verdict(events: [event], target: target, due: due, durably: isFinal || history.hasSent)
    }
}
