package import JSON
internal import Text
internal import Time

extension Job {
    /// The fields a job may have, in the order of the manual. Names that begin with `x-` are free.
    package static let fieldNames = [
        "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
        "envelope", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata",
    ]

    /// Reads a job object. Every field's type is checked here; addresses, header values and
    /// parameters are checked where they are used.
    package init(_ value: JSON) throws(JobError) {
        guard let object = value.object else { throw JobError("", "the job is \(value.typeName), not an object") }
        for name in object.names where !Job.fieldNames.contains(name) && !name.hasPrefix("x-") {
            throw JobError("/\(pointerToken(name))", "unknown field")
        }
        let fields = Fields(object)
        content = try Job.content(fields)
        params = try fields.object("params") ?? JSON.Object()
        (to, cc, bcc) = (fields["to"], fields["cc"], fields["bcc"])
        (from, replyTo, sender) = (fields["from"], fields["replyTo"], fields["sender"])
        if let envelope = try fields.object("envelope") {
            for name in envelope.names where name != "from" && name != "to" {
                throw JobError("/envelope/\(pointerToken(name))", "unknown field")
            }
            let inner = Fields(envelope, below: "/envelope")
            envelopeFrom = try inner.string("from")
            envelopeTo = try inner.strings("to")
            if let envelopeTo, envelopeTo.isEmpty { throw JobError("/envelope/to", "no recipient") }
        }
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
        tags = try fields.strings("tags") ?? []
        metadata = try fields.object("metadata") ?? JSON.Object()
    }

    private static func content(_ fields: Fields) throws(JobError) -> Content {
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
        if let template { return .template(template) }
        if own {
            guard let subject else { throw JobError("/subject", "missing beside text or html") }
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

/// Typed access to an object's members; null counts as absent.
private struct Fields {
    private let object: JSON.Object
    private let prefix: String

    init(_ object: JSON.Object, below prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    subscript(name: String) -> JSON? {
        let value = object[name]
        return value == .null ? nil : value
    }

    private func wrongType(_ name: String, _ value: JSON, _ wanted: String) -> JobError {
        JobError("\(prefix)/\(name)", "is \(value.typeName), not \(wanted)")
    }

    func string(_ name: String) throws(JobError) -> String? {
        guard let value = self[name] else { return nil }
        guard let string = value.string else { throw wrongType(name, value, "a string") }
        return string
    }

    func object(_ name: String) throws(JobError) -> JSON.Object? {
        guard let value = self[name] else { return nil }
        guard let object = value.object else { throw wrongType(name, value, "an object") }
        return object
    }

    func array(_ name: String) throws(JobError) -> [JSON]? {
        guard let value = self[name] else { return nil }
        guard let array = value.array else { throw wrongType(name, value, "an array") }
        return array
    }

    func strings(_ name: String) throws(JobError) -> [String]? {
        guard let array = try array(name) else { return nil }
        var strings: [String] = []
        for (index, value) in array.enumerated() {
            guard let string = value.string else { throw wrongType("\(name)/\(index)", value, "a string") }
            strings.append(string)
        }
        return strings
    }

    func moment(_ name: String) throws(JobError) -> Timestamp? {
        guard let text = try string(name) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            throw JobError("\(prefix)/\(name)", "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z")
        }
        return moment
    }
}
