internal import JSON
internal import Linux
internal import Mail
internal import SMTP
internal import Spool
internal import Time

/// From a job that may be sent to a mail that can be handed to a connection.
extension Dispatcher {
    /// What an attempt of a claimed job is made with.
    func attempt(_ claimed: ClaimedJob, relay: String?, heldBack: [String] = []) -> Verdict.Attempt {
        let onDoubt = claimed.job.template.flatMap { shelf.facts(of: $0)?.onDoubt } ?? settings.onDoubt
        var attempt = claimed.attempt(relay: relay, onDoubt: onDoubt)
        attempt.softBounce = settings.softBounce
        attempt.heldBack = heldBack
        return attempt
    }

    /// Makes the mail; nil when there is nothing to send, and the job is settled.
    /// - Parameter view: what the template's `data` gave, if it has one.
    func prepare(_ claimed: ClaimedJob, relay: String?, view: JSON.Object?) -> Delivery? {
        let now = Timestamp.now
        let (waiting, history) = (claimed.waiting, claimed.history)
        let mail: OutgoingMail
        do throws(MailError) {
            mail = try shelf.mail(
                for: claimed.job, id: claimed.id, submitted: claimed.submitted, view: view, settings: settings)
        } catch {
            refuse(claimed, error)
            return nil
        }
        let masked = shelf.masked(claimed.value)
        claimed.enter(in: ledger, sender: mail.sender)
        let recipients = history.open(of: mail.recipients)
        let attempt = attempt(claimed, relay: relay, heldBack: history.open(of: mail.heldBack))
        guard !recipients.isEmpty else {
            guard let claim = claimed.finish() else { return nil }
            if !attempt.heldBack.isEmpty {
                holdBack(claim, waiting, attempt, now)
                return nil
            }
            let isDone = history.isSent(to: mail.recipients + mail.heldBack)
            let verdict = Verdict(events: [], target: isDone ? .done(day: now.day) : .dead, due: nil, durably: true)
            settle(
                claim, verdict, nil, masked: masked, template: waiting.template,
                letter: .init(recipients: mail.recipients, submitted: claimed.submitted, history: history.events))
            return nil
        }
        let envelope: Envelope
        do throws(EnvelopeError) {
            envelope = try Envelope(
                sender: mail.sender, recipients: recipients, size: mail.bytes.count, needs8Bit: mail.needs8Bit,
                needsSMTPUTF8: mail.needsSMTPUTF8)
        } catch {
            refuse(claimed, .job("\(error)"))
            return nil
        }
        guard let claim = claimed.finish() else { return nil }
        let delivery = Delivery(
            claim, waiting: waiting, mail: mail, masked: masked, recipients: recipients, envelope: envelope,
            attempt: attempt, size: claimed.size, claimedAt: claimed.claimedAt)
        deliveries[delivery.id] = delivery
        if delivery.priority == .bulk { bulkInFlight += 1 }
        ledger.active(delivery)
        return delivery
    }

    /// The job is malformed, or the template is at fault.
    func refuse(_ claimed: ClaimedJob, _ error: MailError) {
        claimed.enter(in: ledger, sender: nil)
        guard let claim = claimed.finish() else { return }
        let now = Timestamp.now
        let (job, waiting, history, submitted) = (claimed.job, claimed.waiting, claimed.history, claimed.submitted)
        switch error {
        case .job(let reason):
            let verdict = Verdict.without(
                attempt: .dead, reason: reason, target: .dead, history: history, submitted: submitted, now: now)
            let named = DeadLetter.recipients(of: job, history)
            settle(
                claim, verdict, nil, template: waiting.template, letter: .init(recipients: named, submitted: submitted))
        case .ours(let reason):
            let verdict = Verdict.blocked(
                reason, history: history, submitted: submitted, expiry: waiting.expiry, now: now)
            blocked.add(claimed.id, template: waiting.template, because: reason)
            settle(claim, verdict, nil, template: waiting.template)
        }
    }

    /// None of the job's recipients may get mail: nothing is sent, and it ends as a dead letter that says so.
    private func holdBack(
        _ claim: consuming Claim, _ waiting: WaitingJob, _ attempt: Verdict.Attempt, _ now: Timestamp
    ) {
        let verdict = Verdict([], of: attempt, policy: settings.retry, now: now, jitter: 0)
        ledger.heldBack(claim.id, verdict, submitted: attempt.submitted, now: now)
        settle(
            claim, verdict, nil, template: waiting.template,
            letter: .init(recipients: attempt.heldBack, submitted: attempt.submitted))
    }
}
