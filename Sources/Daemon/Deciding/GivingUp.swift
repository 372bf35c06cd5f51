package import Spool
internal import Time

// Ends that no relay and no program had a say in.

extension Verdict {
    /// Makes a dead letter of a job whose last attempt failed, where `max_attempts` of its template allows no other;
    /// nil where it is tried again, or ends another way.
    package func givenUp(after attempt: Attempt) -> Verdict? {
        guard let limit = attempt.policy.maximumAttempts, case .retry = target,
            let number = events.compactMap(\.attempt).max(), number >= limit
        else { return nil }
        var verdict = self
        for index in verdict.events.indices { verdict.events[index].next = nil }
        let cause = events.last { $0.kind == .deferred || $0.kind == .inDoubt }
        let words = [cause?.code.map { String($0) }, cause?.dsn, cause?.reply ?? cause?.reason].compactMap { $0 }
        var event = Event(.dead, at: at)
        event.attempt = number
        event.reason = "attempt \(number) of \(limit) failed (max_attempts): " + words.joined(separator: " ")
        verdict.events.append(event)
        (verdict.target, verdict.due, verdict.durably) = (.dead, nil, true)
        return verdict
    }

    /// Sets aside a job that expired because the clock was set forward: the operator decides. Its age counts from its
    /// submission by the clock as it was set, so that a release has it sent.
    static func held(over skip: WallClock.Skip, _ attempt: Attempt, _ now: Timestamp) -> Verdict {
        let jump = WallClock.distance(of: skip.to - skip.from)
        var verdict = Verdict.only(
            .held,
            "the clock was set forward by \(jump.approximate), over its expiry at \(attempt.expiry.rfc3339Seconds)",
            target: .hold, attempt, now)
        for index in verdict.events.indices { verdict.events[index].submitted = attempt.submitted + jump }
        return verdict
    }
}
