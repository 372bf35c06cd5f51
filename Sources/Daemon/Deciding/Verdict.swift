internal import Mail
package import SMTP
package import Spool
package import Time

// What becomes of a job after an attempt, or without one.

extension Verdict {
    /// What is done with a job whose delivery is in doubt for the first time.
    package enum OnDoubt: String, CaseIterable, Sendable { case resend, hold }

    /// The circumstances of an attempt.
    package struct Attempt: Sendable {
        package var number: Int
        package var relay: String?
        package var history: History
        package var submitted: Timestamp
        package var expiry: Timestamp
        package var onDoubt: OnDoubt
        package var policy: RetryPolicy
        /// Whether 5yz counts as 4yz.
        package var softBounce: Bool
        /// Recipients without an outcome that `allow_recipients` keeps from the relay.
        package var disallowed: [String]

        package init(
            number: Int, relay: String? = nil, history: History, submitted: Timestamp, expiry: Timestamp,
            onDoubt: OnDoubt = .resend, policy: RetryPolicy = RetryPolicy(), softBounce: Bool = false,
            disallowed: [String] = []
        ) {
            self.number = number
            self.relay = relay
            self.history = history
            self.submitted = submitted
            self.expiry = expiry
            self.onDoubt = onDoubt
            self.policy = policy
            self.softBounce = softBounce
            self.disallowed = disallowed
        }

        /// When the job is tried again if this attempt fails. `jitter` is from -1 to 1.
        func due(now: Timestamp, jitter: Double) -> Timestamp {
            policy.due(afterAttempt: number, now: now, jitter: jitter, expiry: expiry)
        }
    }

    /// Judges an attempt: a reply decides for its recipient, and for the job the worst that is
    /// left decides: hold before retry before dead before done.
    ///
    /// Recipients that are not allowed are refused, by us, together with the first outcome of the others; or alone, if
    /// `outcomes` is empty because there are no others.
    ///
    /// - Parameters:
    ///   - interruption: what ended the attempt early, for the recipients that were not tried.
    ///   - jitter: from -1 to 1; see ``RetryPolicy/due(afterAttempt:now:jitter:expiry:)``.
    package init(
        _ outcomes: [(recipient: String, outcome: RecipientOutcome)], of attempt: Attempt,
        interruption: String? = nil, now: Timestamp, jitter: @autoclosure () -> Double
    ) {
        let isSettled = outcomes.allSatisfy { if case .sent = $0.outcome { true } else { false } }
        let due = isSettled ? now : attempt.due(now: now, jitter: jitter())
        var events: [Event] = []
        var (sent, deferred, refused, doubted) = (0, 0, 0, 0)
        let isTried = outcomes.isEmpty ? !attempt.disallowed.isEmpty : outcomes.contains { $0.outcome != .notTried }
        guard isTried else {
            self = Verdict.returned(interruption, attempt, now)
            return
        }
        for recipient in attempt.disallowed {
            refused += 1
            var event = Event(.refused, at: now)
            event.attempt = attempt.number
            event.to = [recipient]
            event.dsn = EnhancedStatus.notAllowed.description
            event.reason = Verdict.disallowedReason
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
            self.init(at: now, events, target: .hold, durably: true)
        } else if doubted + deferred > 0 {
            self.init(
                at: now, events, target: .retry(Bucket(afterAttempt: attempt.number)), due: due, durably: isSentToSome)
        } else if refused > 0 || attempt.history.hasRefused {
            self.init(at: now, events, target: .dead, durably: true)
        } else {
            self.init(at: now, events, target: .done(day: now.day))
        }
    }

    /// Why nothing was sent to a recipient that `allow_recipients` does not have.
    package static let disallowedReason = "held back: not in allow_recipients"

    /// How many `returned` in a row a history holds at most.
    package static let returnLimit = 10

    /// The relay failed and not the job: back to `new/`, as old as it was, and no attempt.
    ///
    /// A relay may give a job back for days. In a row each reason is written once, and not more than
    /// ``returnLimit`` of them, so that the file does not grow; a `sending` is always closed.
    static func returned(_ reason: String?, _ attempt: Attempt, _ now: Timestamp) -> Verdict {
        var verdict = Verdict(at: now, target: .new, due: attempt.submitted)
        let row = attempt.history.lastReturns
        let isSaid = row.contains { $0.relay == attempt.relay && $0.reason == reason }
        if row.count >= returnLimit || isSaid { return verdict }
        var event = Event(.returned, at: now)
        event.relay = attempt.relay
        event.reason = reason
        if attempt.history.isEmpty { event.submitted = attempt.submitted }
        verdict.events = [event]
        verdict.durably = attempt.history.hasSent
        return verdict
    }

    /// Nothing was tried: the job is at fault, or the template or the configuration is.
    static func refused(_ error: MailError, _ attempt: Attempt, _ now: Timestamp) -> Verdict {
        switch error {
        case .job(let reason): only(.dead, reason, target: .dead, attempt, now)
        case .ours(let reason): blocked(reason, attempt, now)
        }
    }

    /// The template or the configuration is at fault: the job waits for the repair, and is looked at every half minute
    /// until its expiry. The same reason is said once, not with each look.
    static func blocked(_ reason: String, _ attempt: Attempt, _ now: Timestamp) -> Verdict {
        let due = min(now + Bucket.first.delay, attempt.expiry)
        var verdict = only(.blocked, reason, target: .retry(.first), due: due, attempt, now)
        if let last = attempt.history.last, last.kind == .blocked, last.reason == reason { verdict.events = [] }
        return verdict
    }

    /// Every recipient has its outcome already, or the task has run: the end was missing.
    static func settled(isDone: Bool, _ now: Timestamp) -> Verdict {
        Verdict(at: now, target: isDone ? .done(day: now.day) : .dead, durably: true)
    }

    /// A verdict without an attempt: one event says why.
    package static func only(
        _ kind: Event.Kind, _ reason: String?, target: State, due: Timestamp? = nil, _ attempt: Attempt,
        _ now: Timestamp
    ) -> Verdict {
        var event = Event(kind, at: now)
        event.reason = reason
        if target != .new { event.next = due }
        if attempt.history.isEmpty { event.submitted = attempt.submitted }
        let isFinal = target == .dead || target == .hold
        return Verdict(at: now, [event], target: target, due: due, durably: isFinal || attempt.history.hasSent)
    }
}
