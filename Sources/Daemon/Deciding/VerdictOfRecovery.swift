package import Spool
package import Time

extension Verdict {
    /// Judges a job that a start of the daemon found in `cur/`.
    package init(_ recovery: Recovery, of attempt: Attempt, now: Timestamp) {
        let history = attempt.history
        func only(_ kind: Event.Kind, _ reason: String, _ target: State, due: Timestamp? = nil) -> Verdict {
            .only(kind, reason, target: target, due: due, attempt, now)
        }
        switch recovery {
        case .done: self.init(at: now, target: .done(day: now.day))
        case .dead: self.init(at: now, target: .dead, durably: true)
        case .hold: self.init(at: now, target: .hold, durably: true)
        case .retry(let due):
            let attempts = max(history.attempts, 1)
            let bucket = history.last?.kind == .blocked ? Bucket.first : Bucket(afterAttempt: attempts)
            self.init(at: now, target: .retry(bucket), due: due, durably: history.hasSent)
        case .scheduled(let due): self.init(at: now, target: .scheduled, due: due)
        case .requeue: self = only(.recovered, "the daemon died", .new, due: attempt.submitted)
        case .poison: self = only(.held, "the daemon died three times with this job in hand", .hold)
        case .inDoubt(let number, let recipients):
            let holds = attempt.onDoubt == .hold || history.doubts > 0
            let due = attempt.policy.due(afterAttempt: number, now: now, jitter: 0, expiry: attempt.expiry)
            // A task has no recipients: its program may have run, and may have done what it is for.
            let events = (recipients.isEmpty ? [nil] : recipients.map(Optional.some)).map { recipient in
                var event = Event(.inDoubt, at: now)
                event.attempt = number
                event.to = recipient.map { [$0] } ?? []
                event.reason =
                    recipient == nil
                    ? "the daemon died while the program ran" : "the daemon died before the reply was seen"
                event.next = holds ? nil : due
                return event
            }
            self.init(
                at: now, events, target: holds ? .hold : .retry(Bucket(afterAttempt: number)), due: holds ? nil : due,
                durably: true)
        }
    }
}
