package import JSON
package import Message
package import Spool

/// Why no mail can ever be made of the job object, as far as the object alone tells; nil if one may be.
///
/// The daemon buries what is refused here. It knows more: the template, the configuration, the files that are attached,
/// and which characters a domain may have.
/// - Parameter content: how attached content is read; `trusted` where it was encoded a moment ago.
package func formFault(_ object: JSON, content: ContentReading = .decoded) -> (field: String, reason: String)? {
    do throws(JobError) { try Job(object).checkForm(content) } catch { return (error.pointer, error.reason) }
    return nil
}

extension Job {
    /// Throws for fields that have no place next to a whole message.
    package func checkBesideMessage() throws(JobError) {
        for (field, isThere) in [
            ("attachments", !attachments.isEmpty), ("headers", !headers.isEmpty), ("replyTo", replyTo != nil),
            ("sender", sender != nil),
        ] where isThere {
            throw JobError("/\(field)", "cannot be combined with message, which is the whole mail")
        }
    }

    /// Reads the further header fields, whose names and values are not checked.
    package func extraHeaders() throws(JobError) -> [ExtraHeader] {
        var fields: [ExtraHeader] = []
        for member in headers.members {
            guard let value = member.value.string else {
                throw JobError("/headers/\(pointerToken(member.name))", "is \(member.value.typeName), not a string")
            }
            fields.append(ExtraHeader(name: member.name, value: value))
        }
        return fields
    }

    fileprivate func checkForm(_ reading: ContentReading) throws(JobError) {
        let addresses = JobAddresses(domains: .form)
        var recipients: [String] = []
        for (value, pointer) in [(to, "/to"), (cc, "/cc"), (bcc, "/bcc")] {
            recipients += try addresses.mailboxes(value, at: pointer).map(\.address.text)
        }
        _ = try addresses.mailbox(from, at: "/from")
        _ = try addresses.mailbox(sender, at: "/sender")
        _ = try addresses.mailboxes(replyTo, at: "/replyTo")
        _ = try addresses.envelopeSender(self)
        if case .message(let source) = content {
            try checkBesideMessage()
            do throws(WholeMessageError) {
                let message = try WholeMessage(parsing: source, domains: .form)
                if recipients.isEmpty, envelopeTo == nil { recipients = try message.recipients().map(\.text) }
            } catch { throw JobError("/message", "\(error)") }
        } else {
            try checkMail(reading)
        }
        // A task has no recipient, and only its template tells that it is one.
        let mayBeTask = template != nil && to == nil && cc == nil && bcc == nil && envelopeTo == nil
        if !mayBeTask { _ = try addresses.envelopeRecipients(self, otherwise: recipients) }
    }

    /// Checks the subject, the header and the attachments.
    private func checkMail(_ reading: ContentReading) throws(JobError) {
        let files = try readAttachments(content: reading, { (_, _) throws(JobError) in [] }, otherwise: { $0 })
        var (subject, shownBy): (String, String?) = ("", nil)
        if case .mail(let own, _, let html) = content { (subject, shownBy) = (own, html) }
        try judgeContentIDs(files, shownBy: shownBy)
        let fields = try extraHeaders()
        do throws(CompositionError) {
            try Composition.check(subject: subject, headers: fields, attachments: files)
        } catch { throw JobError(error.pointer, error.reason) }
    }
}
