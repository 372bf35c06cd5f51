internal import Mail
package import SMTP
package import Spool
package import Time

// What becomes of a job after an attempt, or without one.

extension Verdict {
    /// The treatment of a job whose delivery is in doubt for the first time.
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
    /// Recipients that are not allowed are refused by us, together with the first outcome of the others; or alone, if
    /// `outcomes` is empty because all recipients were refused.
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
        let isTried = outcomes.isEmpty ? !attempt.disallowed.isEmpty : outcomes.contains { $0.outcome != .notTried }
        guard isTried else {
            self = Verdict.returned(interruption, attempt, now)
            return
        }
        var merging = EventMerging()
        if !attempt.disallowed.isEmpty {
            var event = Event(.refused, at: now)
            event.attempt = attempt.number
            event.dsn = EnhancedStatus.notAllowed.description
            event.reason = Verdict.disallowedReason
            for recipient in attempt.disallowed { merging.add(event, to: recipient) }
        }
        for (recipient, outcome) in outcomes {
            var event: Event
            switch outcome {
            case .sent(let reply): event = Event(.sent, at: now, .reply(reply))
            case .refused(let cause) where !attempt.softBounce: event = Event(.refused, at: now, cause)
            case .deferred(let cause), .refused(let cause): event = Event(.deferred, at: now, cause)
            case .tooMany(let reply): event = Event(.deferred, at: now, .reply(reply))
            case .inDoubt(let reason):
                event = Event(.inDoubt, at: now)
                event.reason = reason
            case .notTried:
                event = Event(.deferred, at: now)
                event.reason = interruption
            }
            if event.kind == .deferred || event.kind == .inDoubt { event.next = due }
            event.attempt = attempt.number
            if event.kind != .sent { event.relay = attempt.relay }
            merging.add(event, to: recipient)
        }
        var events = merging.events
        func has(_ kind: Event.Kind) -> Bool { events.contains { $0.kind == kind } }
        let (isSent, isRefused, isDoubted) = (has(.sent), has(.refused), has(.inDoubt))
        let isOpen = isDoubted || has(.deferred)
        let history = attempt.history
        if history.isEmpty { events[0].submitted = attempt.submitted }
        let isSentToSome = isSent || history.hasSent
        if isDoubted, attempt.onDoubt == .hold || history.doubts > 0 {
            for index in events.indices { events[index].next = nil }
            self.init(at: now, events, target: .hold, durably: true)
        } else if isOpen {
            self.init(
                at: now, events, target: .retry(Bucket(afterAttempt: attempt.number)), due: due, durably: isSentToSome)
        } else if isRefused || attempt.history.hasRefused {
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

extension Event {
    /// The outcome of a recipient, from a reply or from us.
    fileprivate init(_ kind: Kind, at now: Timestamp, _ cause: Cause) {
        self.init(kind, at: now)
        code = cause.code
        dsn = cause.enhanced?.description
        reply = cause.text
    }
}
