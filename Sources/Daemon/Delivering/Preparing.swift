internal import JSON
internal import Linux
internal import Mail
internal import SMTP
internal import Spool
internal import Time

/// A job that was claimed to be sent, and of which no mail has been made yet.
final class ClaimedMail {
    let id: JobID
    let waiting: WaitingJob
    let job: Job
    /// Its object as it is in the file.
    let value: JSON
    let history: History
    let submitted: Timestamp
    let size: Int
    let owner: UInt32
    let claimedAt: Int64
    /// Whether this is its first claim, and it was not entered yet.
    fileprivate var isNew: Bool
    private var claim: Claim?

    fileprivate init(
        _ claim: consuming Claim, waiting: WaitingJob, job: Job, value: JSON, history: History, submitted: Timestamp,
        size: Int, owner: UInt32, isNew: Bool, claimedAt: Int64
    ) {
        id = claim.id
        self.waiting = waiting
        self.job = job
        self.value = value
        self.history = history
        self.submitted = submitted
        self.size = size
        self.owner = owner
        self.isNew = isNew
        self.claimedAt = claimedAt
        self.claim = consume claim
    }

    /// Gives up the claim; nil the second time.
    func finish() -> Claim? {
        let claim = self.claim.take()
        return claim
    }
}

/// From a job that may be sent to a mail that can be handed to a connection.
extension Dispatcher {
    /// Claims a job; nil when somebody took it away, or it is settled.
    func take(_ ready: consuming ReadyJob) -> ClaimedMail? {
        let claimedAt = Clock.monotonic
        let (waiting, job, submitted) = (ready.waiting, ready.job, ready.submitted)
        let (size, owner) = (ready.open.status.size, ready.open.status.owner)
        let value = ready.open.contents.value
        var history = ready.open.contents.history
        let isNew = waiting.state == .new && history.isEmpty
        let notes = history.notes(beforeClaimFrom: waiting.state, at: .now)
        for event in notes { history.append(event) }
        guard let claim = triage.claim(ready.open, in: waiting.state, noting: notes) else { return nil }
        return ClaimedMail(
            claim, waiting: waiting, job: job, value: value, history: history, submitted: submitted, size: size,
            owner: owner, isNew: isNew, claimedAt: claimedAt)
    }

    /// Enters a job at its first claim, once.
    func receive(_ claimed: ClaimedMail, sender: String?) {
        if claimed.isNew { ledger.received(claimed.id, owner: claimed.owner, sender: sender) }
        claimed.isNew = false
    }

    /// What an attempt of a claimed job is made with.
    func attempt(_ claimed: ClaimedMail, relay: String?, heldBack: [String] = []) -> Verdict.Attempt {
        let onDoubt = claimed.job.template.flatMap { shelf.facts(of: $0)?.onDoubt } ?? settings.onDoubt
        return Verdict.Attempt(
            number: Verdict.number(of: claimed.history, from: claimed.waiting.state), relay: relay,
            history: claimed.history, submitted: claimed.submitted, expiry: claimed.waiting.expiry, onDoubt: onDoubt,
            softBounce: settings.softBounce, heldBack: heldBack)
    }

    /// Makes the mail; nil when there is nothing to send, and the job is settled.
    /// - Parameter view: what the template's `data` gave, if it has one.
    func prepare(_ claimed: ClaimedMail, relay: String?, view: JSON.Object?) -> Delivery? {
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
        receive(claimed, sender: mail.sender)
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
    func refuse(_ claimed: ClaimedMail, _ error: MailError) {
        receive(claimed, sender: nil)
        guard let claim = claimed.finish() else { return }
        let now = Timestamp.now
        let (job, waiting, history, submitted) = (claimed.job, claimed.waiting, claimed.history, claimed.submitted)
        switch error {
        case .job(let reason):
            let verdict = Verdict.without(
                attempt: .dead, reason: reason, target: .dead, history: history, submitted: submitted, now: now)
            let named = DeadLetter.recipients([job.to, job.cc, job.bcc], history)
            settle(
                claim, verdict, nil, template: waiting.template, letter: .init(recipients: named, submitted: submitted))
        case .ours(let reason):
            let verdict = Verdict.blocked(
                reason, history: history, submitted: submitted, expiry: waiting.expiry, now: now)
            ledger.blocked(waiting.template)
            if shelf.isNews(reason) { log.write("\(claimed.id) blocked: \(reason)", .warning) }
            if blocked.count < 10_000 { blocked[claimed.id] = .retry(.first) }
            settle(claim, verdict, nil, template: waiting.template)
        }
    }

    /// None of the job's recipients may get mail: nothing is sent, and it ends as a dead letter that says so.
    private func holdBack(
        _ claim: consuming Claim, _ waiting: WaitingJob, _ attempt: Verdict.Attempt, _ now: Timestamp
    ) {
        let verdict = Verdict([], of: attempt, policy: settings.retry, now: now, jitter: 0)
        ledger.heldBack(claim.id, verdict, submitted: attempt.submitted, now: now)
        tally.count(verdict)
        settle(
            claim, verdict, nil, template: waiting.template,
            letter: .init(recipients: attempt.heldBack, submitted: attempt.submitted))
    }
}
