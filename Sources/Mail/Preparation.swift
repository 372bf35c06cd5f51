internal import IDNA
internal import JSON
internal import MailForm
internal import Message
package import Spool
internal import Text
package import Time

extension OutgoingMail {
    /// Makes the mail of a job.
    ///
    /// The same job gives the same bytes at every attempt while its template is the same: the Message-ID comes from its
    /// id, and `date`, which the header has where the job carries none, is ``History/date(submitted:sendAt:now:)``.
    /// - Parameter rendered: what the job's template gave; nil for a job that carries its mail.
    package init(
        _ job: Job, id: JobID, date: Timestamp, rendered: RenderedPart?, defaults: MailDefaults
    ) throws(MailError) {
        if case .message(let source) = job.content {
            try self.init(whole: source, job: job, id: id, date: date, defaults: defaults)
            return
        }
        let to = try mailboxes(job.to, "/to")
        let cc = try mailboxes(job.cc, "/cc")
        let bcc = try mailboxes(job.bcc, "/bcc")
        let messageID = MessageID(job: id.text, at: defaults.domain)
        var mail = Composition(
            from: try author(job, rendered, defaults), subject: "", date: date, messageID: messageID)
        switch job.content {
        case .mail(let subject, let text, let html):
            (mail.subject, mail.text, mail.html) = (subject, text, html)
        default:
            guard let rendered else { throw .ours("the template gave nothing") }
            (mail.subject, mail.text, mail.html) = (rendered.subject, rendered.text, rendered.html)
        }
        mail.sender = try mailbox(job.sender, "/sender")
        if let own = job.replyTo {
            mail.replyTo = try mailboxes(own, "/replyTo")
        } else if let text = rendered?.replyTo ?? defaults.replyTo {
            mail.replyTo = [try configured(text, "reply_to")]
        }
        (mail.to, mail.cc) = (to, cc)
        mail.headers = try headers(job, beside: rendered?.fields ?? [])
        let own = try attachments(job, defaults)
        try form(judgeContentIDs(own, shownBy: rendered == nil ? mail.html : nil))
        mail.attachments = own + (try rendered?.files(beside: own) ?? [])
        let composed: ComposedMessage
        do throws(CompositionError) { composed = try mail.compose() } catch {
            if let rendered, !rendered.canCompose(mail) { throw .ours("template.conf: \(error)") }
            throw .job("\(error)")
        }
        self.init(
            sender: try envelopeSender(job, otherwise: (mail.sender ?? mail.from).address.text),
            recipients: try envelopeRecipients(job, otherwise: (to + cc + bcc).map(\.address.text)),
            bytes: composed.bytes, needs8Bit: composed.needs8Bit, needsSMTPUTF8: composed.needsSMTPUTF8)
        disallow(by: defaults.staging)
        noteAddresses()
        ask(job, id)
    }

    private init(
        whole source: [UInt8], job: Job, id: JobID, date: Timestamp, defaults: MailDefaults
    ) throws(MailError) {
        try form(job.checkBesideMessage())
        let message = try whole(WholeMessage(parsing: source))
        var own = try mailbox(job.from, "/from")
        if own == nil, let text = defaults.from { own = try configured(text, "from") }
        let author = own
        let messageID = MessageID(job: id.text, at: defaults.domain)
        let composed = try whole(message.completed(from: author, date: date, messageID: messageID))
        var recipients = try (mailboxes(job.to, "/to") + mailboxes(job.cc, "/cc") + mailboxes(job.bcc, "/bcc"))
            .map(\.address.text)
        var sender = author?.address.text
        if recipients.isEmpty, job.envelopeTo == nil {
            recipients = try whole(message.recipients().map(\.text))
        }
        if job.from == nil, job.envelopeFrom == nil {
            sender = message.sender?.text ?? sender
            if sender == nil { throw .job("/message: no address in From, and no default for it") }
        }
        self.init(
            sender: try envelopeSender(job, otherwise: sender ?? ""),
            recipients: try envelopeRecipients(job, otherwise: recipients),
            bytes: composed.bytes, needs8Bit: composed.needs8Bit, needsSMTPUTF8: composed.needsSMTPUTF8)
        disallow(by: defaults.staging)
        noteAddresses()
        ask(job, id)
    }

    /// The envelope's id is the job's where the job has none for it.
    private mutating func ask(_ job: Job, _ id: JobID) {
        dsn = job.dsn
        if dsn?.envelopeID == nil { dsn?.envelopeID = id.text }
    }

    /// SMTPUTF8 is needed for the envelope's addresses as well as for the header's.
    private mutating func noteAddresses() {
        hasUTF8Header = needsSMTPUTF8
        if !needsSMTPUTF8 {
            needsSMTPUTF8 = ([sender] + recipients).contains { !$0.utf8.allSatisfy { $0 < 0x80 } }
        }
    }
}

/// The header fields of the template and of the job, whose word goes over the template's.
private func headers(_ job: Job, beside fields: [ExtraHeader]) throws(MailError) -> [ExtraHeader] {
    let own = try form(job.extraHeaders())
    var replaced = Set(own.map { ExactText($0.name.lowercasedASCII) })
    // The template's word on a click is about the template's page.
    if replaced.contains("list-unsubscribe") { replaced.insert("list-unsubscribe-post") }
    return fields.filter { !replaced.contains(ExactText($0.name.lowercasedASCII)) } + own
}

/// The reader of addresses for mails.
private let addresses = JobAddresses(domains: .idna)

/// A fault in the form of a job is the job's fault.
private func form<Result>(_ read: @autoclosure () throws(JobError) -> Result) throws(MailError) -> Result {
    do throws(JobError) { return try read() } catch { throw .job("\(error)") }
}

/// A fault in a whole message is the job's fault.
private func whole<Result>(_ read: @autoclosure () throws(WholeMessageError) -> Result) throws(MailError) -> Result {
    do throws(WholeMessageError) { return try read() } catch { throw .job("/message: \(error)") }
}

private func author(_ job: Job, _ rendered: RenderedPart?, _ defaults: MailDefaults) throws(MailError) -> Mailbox {
    if let own = try mailbox(job.from, "/from") { return own }
    if rendered?.from == nil, let author = defaults.author { return author }
    guard let text = rendered?.from ?? defaults.from else {
        throw .ours("no `from`: neither in the job, nor in its template, nor in the configuration")
    }
    return try configured(text, "from")
}

private func configured(_ text: String, _ key: String) throws(MailError) -> Mailbox {
    do throws(AddressError) { return try Mailbox(parsing: text) } catch { throw .ours("\(key): \(error)") }
}

private func mailbox(_ value: JSON?, _ pointer: String) throws(MailError) -> Mailbox? {
    try form(addresses.mailbox(value, at: pointer))
}

private func mailboxes(_ value: JSON?, _ pointer: String) throws(MailError) -> [Mailbox] {
    try form(addresses.mailboxes(value, at: pointer))
}

private func envelopeSender(_ job: Job, otherwise sender: String) throws(MailError) -> String {
    try form(addresses.envelopeSender(job)) ?? sender
}

private func envelopeRecipients(_ job: Job, otherwise listed: [String]) throws(MailError) -> [String] {
    try form(addresses.envelopeRecipients(job, otherwise: listed))
}
