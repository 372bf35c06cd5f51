package import JSON
internal import Text

extension Job {
    /// The fields a job may have, in the order of the manual. Names that begin with `x-` are free.
    package static let fieldNames = [
        "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
        "envelope", "dsn", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata",
    ]

    /// Reads a job object. Every field's type is checked here; addresses, header values and
    /// parameters are checked where they are used.
    package init(_ value: JSON) throws(JobError) {
        guard let object = value.object else { throw JobError("", "the job is \(value.typeName), not an object") }
        let fields = JobFields(object)
        try fields.allow { Job.fieldNames.contains($0) || $0.begins(with: "x-") }
        content = try Job.content(fields)
        params = try fields.object("params") ?? JSON.Object()
        (to, cc, bcc) = (fields.address("to"), fields.address("cc"), fields.address("bcc"))
        (from, replyTo, sender) = (fields.address("from"), fields.address("replyTo"), fields.address("sender"))
        if let envelope = try fields.object("envelope") {
            let inner = JobFields(envelope, below: "/envelope")
            try inner.allow { $0 == "from" || $0 == "to" }
            envelopeFrom = try inner.string("from")
            envelopeTo = try inner.strings("to")
            if envelope["to"] == .null || envelopeTo?.isEmpty == true { throw JobError("/envelope/to", "no recipient") }
        }
        if let object = try fields.object("dsn") { dsn = try DSN(JobFields(object, below: "/dsn")) }
        locale = try fields.string("locale")
        headers = try fields.object("headers") ?? JSON.Object()
        attachments = try fields.array("attachments") ?? []
        if let word = try fields.string("priority") {
            guard let known = Priority(rawValue: word) else {
                throw JobError("/priority", "is not one of high, normal, bulk")
            }
            priority = known
        }
        sendAt = try fields.moment("sendAt")
        expiresAt = try fields.moment("expiresAt")
        if let sendAt, let expiresAt, expiresAt <= sendAt {
            throw JobError("/expiresAt", "is not after sendAt: the job could only expire")
        }
        tags = try fields.strings("tags") ?? []
        metadata = try fields.object("metadata") ?? JSON.Object()
    }

    private static func content(_ fields: JobFields) throws(JobError) -> Content {
        let template = try fields.string("template")
        let (text, html) = (try fields.string("text"), try fields.string("html"))
        let subject = try fields.string("subject")
        let own = subject != nil || text != nil || html != nil
        let kinds = [template != nil, own, fields["message"] != nil].filter { $0 }.count
        guard kinds == 1 else {
            throw JobError(
                "",
                kinds == 0
                    ? "neither template, nor subject with text or html, nor message"
                    : "more than one of template, subject with text or html, and message")
        }
        if let template {
            // A folder's name has the alphabet of ids.
            guard JobID(template) != nil else {
                throw JobError(
                    "/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
            }
            return .template(template)
        }
        if own {
            guard let subject else { throw JobError("/subject", "missing, but text or html is there") }
            guard text != nil || html != nil else { throw JobError("", "a subject without text or html") }
            return .mail(subject: subject, text: text, html: html)
        }
        switch fields["message"] {
        case .string(let text): return .message(Array(text.utf8))
        case .object(let object):
            guard object.names == ["base64"], let text = object["base64"]?.string else { break }
            guard let bytes = Base64.decode(text.utf8, .lenient) else {
                throw JobError("/message/base64", "is not base64")
            }
            return .message(bytes)
        default: break
        }
        throw JobError("/message", "is neither a string nor {\"base64\": \"…\"}")
    }
}
