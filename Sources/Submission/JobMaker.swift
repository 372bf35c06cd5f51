internal import IDNA
package import JSON
internal import Mail
package import Message
internal import SMTPServer
package import Spool
internal import Template
internal import Text
internal import Time

/// Makes jobs of what came through a door, as the daemon would have them: what it would bury is refused here.
///
/// Not Sendable: each thread has its own.
package final class JobMaker {
    private let templates: TemplateStore?

    /// - Parameter templates: the directory of templates; nil: none is in sight, and only the daemon judges them.
    package init(templates directory: String?) { templates = directory.map { TemplateStore(directory: $0) } }

    /// A job, ready to be submitted.
    package struct MadeJob: Sendable {
        package let id: JobID
        package let object: [UInt8]
        package let value: JSON
        /// The id was given, and another job may have it; otherwise it is random, or derived from the job.
        package let isGiven: Bool
        /// The Message-ID, for the log.
        package let messageID: String?
    }

    /// Makes the job of a posting.
    package func job(of posting: Posting) throws(PostingRefusal) -> MadeJob {
        let message: PostedMessage
        do throws(WholeMessageError) { message = try PostedMessage(posting.message, origin: posting.origin) } catch {
            throw PostingRefusal(content: "the message: \(error)")
        }
        // RFC 5321, section 6.3.
        if message.count(of: "received") > 50 { throw PostingRefusal(Reply(554, "5.4.6", "Error: too many hops")) }
        try judgeAuthors(message, posting.access)
        guard let author = posting.sender ?? (try? Address(user: "MAILER-DAEMON", at: posting.origin)) else {
            throw PostingRefusal(Reply(451, "4.3.5", "Error: the host has no name for mail"))
        }
        let envelope = JobEnvelope(
            sender: posting.sender, recipients: posting.recipients, author: (nil, author),
            notifications: notifications(posting))
        return try job(
            of: message, envelope, permitting: { posting.access.templates.contains($0) }, limit: posting.maxJobSize)
    }

    /// Makes the job of a message and its envelope: a mail, or what its header fields ask for.
    ///
    /// - Parameter permitting: tells whether the client may ask for a template.
    /// - Parameter limit: how many bytes a job has at most.
    package func job(
        of message: PostedMessage, _ envelope: JobEnvelope, permitting: (String) -> Bool, limit: Int
    ) throws(PostingRefusal) -> MadeJob {
        let asked = try AskedFields(message)
        var object: JSON.Object
        if let name = asked.template {
            guard permitting(name) else {
                throw PostingRefusal(policy: "X-Outspool-Template: \(name) may not be asked for here")
            }
            object = try templateJob(name, asked, message, envelope)
        } else {
            object = message.job(envelope)
        }
        for (name, value) in asked.others { object[name] = value }
        if !asked.tags.isEmpty { object["tags"] = .array(asked.tags.map { .string($0) }) }
        let value = JSON.object(object)
        try judge(value)
        let encoded = value.encoded + [0x0A]
        if encoded.count > limit { throw PostingRefusal(.tooBig) }
        let messageID = message.texts(of: "message-id").first
        let id = asked.id ?? (messageID.map { !$0.isEmpty } == true ? JobID(of: encoded) : JobID.make(at: .now))
        return MadeJob(id: id, object: encoded, value: value, isGiven: asked.id != nil, messageID: messageID)
    }

    /// The author in the message has to be one that the client may use.
    private func judgeAuthors(_ message: PostedMessage, _ access: Access) throws(PostingRefusal) {
        if access.senders == nil { return }
        for field in ["from", "sender"] {
            for mailbox in message.mailboxes(in: field) where !access.allows(mailbox.address) {
                let address = mailbox.address.text
                throw PostingRefusal(policy: "<\(address)>: \(field) address rejected: not owned by user")
            }
        }
    }

    private func templateJob(
        _ name: String, _ asked: AskedFields, _ message: PostedMessage, _ envelope: JobEnvelope
    ) throws(PostingRefusal) -> JSON.Object {
        templates?.reloadIfChanged(name)
        let terms = try? templates?.terms(named: name)
        if terms == nil, let names = try? templates?.names(), !names.contains(name) {
            let near = nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
            throw PostingRefusal(content: "X-Outspool-Template: no template \(name)\(near)")
        }
        var job = JSON.Object([("template", .string(name))])
        if let params = asked.params { job["params"] = .object(params) }
        // A task has no mail: its envelope is SMTP's need only.
        if terms?.isTask == true { return job }
        job["envelope"] = envelope.json
        if !envelope.notifications.isEmpty { job["dsn"] = .object(envelope.notifications) }
        for (field, name) in [("to", "to"), ("cc", "cc"), ("reply-to", "replyTo")] {
            let mailboxes = message.mailboxes(in: field)
            if !mailboxes.isEmpty { job[name] = .array(mailboxes.map(\.json)) }
        }
        job["from"] = message.mailboxes(in: "from").first?.json
        return job
    }

    /// Holds the job against what the daemon would say of it.
    private func judge(_ value: JSON) throws(PostingRefusal) {
        let job: Job
        do throws(JobError) { job = try Job(value) } catch {
            throw PostingRefusal(content: "the job: \(error)")
        }
        if let error = job.lateness(now: .now) {
            throw PostingRefusal(content: "the job: \(error)")
        }
        if let name = job.template, let terms = try? templates?.terms(named: name) {
            if let objection = terms.objection(to: job) {
                throw PostingRefusal(content: objection)
            }
            if terms.isTask { return }
        }
        let template = job.template.flatMap { name in try? templates?.template(named: name) }
        if let objection = job.objection(template, nil) {
            throw PostingRefusal(content: objection)
        }
    }

    private func notifications(_ posting: Posting) -> JSON.Object {
        var dsn = JSON.Object()
        if let notify = posting.notify {
            dsn["notify"] = .array(notify.lowercasedASCII.pieces(at: ",").map { .string(String($0)) })
        }
        if let word = posting.returned { dsn["return"] = word.isExactly("FULL") ? "full" : "headers" }
        dsn["envelopeId"] = posting.envelopeID.flatMap { unxtext($0) }.map { .string($0) }
        return dsn
    }
}

extension Mailbox {
    /// As a job has it.
    fileprivate var json: JSON {
        guard let name else { return .string(address.text) }
        return ["name": .string(name), "email": .string(address.text)]
    }
}

extension JobID {
    /// The id of a job that a client may send once more, after a reply that it did not get: the same bytes have the same
    /// id, and others another. Of 130 bits of SHA-256.
    init(of object: [UInt8]) {
        var bits: UInt32 = 0
        var count = 0
        var digits: [UInt8] = []
        for byte in SHA256.digest(object) where digits.count < 26 {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5, digits.count < 26 {
                let digit = UInt8(truncatingIfNeeded: bits >> UInt32(count - 5)) & 31
                digits.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
                count -= 5
            }
        }
        self = JobID("mid-" + String(decoding: digits, as: UTF8.self)) ?? JobID.make(at: .now)
    }
}

/// The text that xtext stands for, where it is printable ASCII; nil for anything else. RFC 3461 section 4.
func unxtext(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "+") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes.allSatisfy { 0x20...0x7E ~= $0 } ? String(decoding: bytes, as: UTF8.self) : nil
}
