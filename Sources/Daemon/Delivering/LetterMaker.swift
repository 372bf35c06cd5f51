internal import JSON
internal import Mail
internal import SMTP
internal import Spool
internal import Template
internal import Text
internal import Time

/// Makes what is handed to a relay from a claimed job: its template is rendered, its mail composed.
struct LetterMaker {
    let ledger: Ledger
    let templates: TemplateCache
    let suppressions: Suppressions
    var settings: Settings

    /// Makes the job's letter, or says what becomes of a job without one: every recipient has an outcome, or the others
    /// are not allowed or suppressed. Nil when the letter is there.
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
        var recipients = history.open(of: mail.recipients)
        claimed.attempt.suppressed = try suppressed(recipients, of: claimed, job, now)
        if !claimed.attempt.suppressed.isEmpty {
            let suppressed = Set(claimed.attempt.suppressed.map { ExactText($0.recipient) })
            recipients.removeAll { suppressed.contains(ExactText($0)) }
        }
        guard recipients.isEmpty else {
            try check(mail, recipients)
            claimed.letter = .init(mail: mail, recipients: recipients)
            claimed.forget()
            ledger.active(claimed)
            return nil
        }
        let refused = claimed.attempt.disallowed + claimed.attempt.suppressed.map(\.recipient)
        claimed.named = refused.isEmpty ? mail.recipients : refused
        if refused.isEmpty {
            return .settled(isDone: history.isSent(to: mail.recipients + mail.disallowed), now)
        }
        // Nothing is sent, and it ends as a dead letter that says so.
        claimed.isRefusedByUs = true
        let verdict = Verdict([], of: claimed.attempt, now: now, jitter: 0)
        ledger.disallowed(claimed, verdict, now: now)
        return verdict
    }

    /// Those of the recipients that are suppressed at this attempt. A file that cannot be read is not the job's fault.
    private func suppressed(
        _ recipients: [String], of claimed: ClaimedJob, _ job: Job, _ now: Timestamp
    ) throws(MailError) -> [(recipient: String, reason: String)] {
        do throws(SpoolError) {
            return try suppressions.refusals(
                of: recipients,
                mail: {
                    let isRetried = claimed.attempt.history.events.contains { $0.kind == .requeued }
                    return SuppressionRecord.Mail(
                        stream: SuppressionRecord.Mail.stream(tags: job.tags, template: job.template),
                        ignoresComplaints: job.template.flatMap { templates.facts(of: $0) }?.ignoresComplaints ?? false,
                        retried: isRetried ? claimed.id.text : nil)
                }, now: now)
        } catch { throw .ours("\(error)") }
    }

    /// Throws where an address could not stand in a command.
    private func check(_ mail: OutgoingMail, _ recipients: [String]) throws(MailError) {
        do throws(EnvelopeError) {
            _ = try Envelope(sender: mail.sender, recipients: recipients, size: mail.bytes.count)
        } catch { throw .job("\(error)") }
    }
}
