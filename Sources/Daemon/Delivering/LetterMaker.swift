internal import JSON
internal import Mail
internal import SMTP
internal import Spool
internal import Template
internal import Time

/// Makes what is handed to a relay from a claimed job: its template is rendered, its mail composed.
struct LetterMaker {
    let ledger: Ledger
    let templates: TemplateCache
    var settings: Settings

    /// Makes the job's letter, or says what becomes of a job without one: every recipient has an outcome, or none of
    /// the others is allowed. Nil when the letter is there.
    /// - Parameter view: what the template's `data` gave, if it has one.
    func make(_ claimed: ClaimedJob, view: JSON.Object?, now: Timestamp) throws(MailError) -> Verdict? {
        let job = settings.boxes.withForcedSender(try claimed.object(), claimed.id)
        if let name = job.template, view == nil,
            let error = settings.boxes.objection(to: claimed.id, asking: name, for: .mail)
        {
            throw error
        }
        let date = claimed.attempt.history.date(submitted: claimed.submitted, sendAt: job.sendAt, now: now)
        let mail = try templates.mail(for: job, id: claimed.id, date: date, view: view, settings: settings)
        claimed.masked = templates.masked(claimed.value)
        claimed.enter(in: ledger, sender: mail.sender)
        let history = claimed.attempt.history
        claimed.attempt.disallowed = history.open(of: mail.disallowed)
        let recipients = history.open(of: mail.recipients)
        guard recipients.isEmpty else {
            try check(mail, recipients)
            claimed.letter = .init(mail: mail, recipients: recipients)
            claimed.forget()
            ledger.active(claimed)
            return nil
        }
        claimed.named = claimed.attempt.disallowed.isEmpty ? mail.recipients : claimed.attempt.disallowed
        if claimed.attempt.disallowed.isEmpty {
            return .settled(isDone: history.isSent(to: mail.recipients + mail.disallowed), now)
        }
        // Nothing is sent, and it ends as a dead letter that says so.
        claimed.isRefusedByUs = true
        let verdict = Verdict([], of: claimed.attempt, now: now, jitter: 0)
        ledger.disallowed(claimed, verdict, now: now)
        return verdict
    }

    /// Throws where an address could not stand in a command.
    private func check(_ mail: OutgoingMail, _ recipients: [String]) throws(MailError) {
        do throws(EnvelopeError) {
            _ = try Envelope(sender: mail.sender, recipients: recipients, size: mail.bytes.count)
        } catch { throw .job("\(error)") }
    }
}
