public import FoundationEssentials
internal import JSON
internal import MailForm
internal import Schema
internal import Spool
internal import Text
internal import Time

/// A job for the daemon: a template with its parameters, a mail, or a whole message.
///
/// ```swift
/// var job = Job(OrderShipped(orderId: 1042, carrier: "DHL"), to: "Zoë <zoe@example.com>")
/// job.id = "order-shipped-1042"
/// job.sendAt = Date(timeIntervalSinceNow: 3600)
/// try spool.submit(job)
/// ```
public struct Job: Sendable {
    /// The order in which jobs go when not all can.
    public enum Priority: String, Sendable {
        /// Never waits behind `bulk`.
        case high
        case normal
        case bulk
    }

    /// The idempotency key, `[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}`; a generated one if nil.
    ///
    /// As long as a job of that id is in the spool, sent ones that are kept included, a second
    /// one is not sent.
    public var id: String?
    public var to: [Address]
    public var cc: [Address] = []
    public var bcc: [Address] = []
    /// The template's, or the configuration's, if nil; as ``replyTo`` and ``sender``.
    public var from: Address?
    public var replyTo: Address?
    public var sender: Address?
    /// The return path (RFC 5321) where it is not ``from``; an empty text is the null return path.
    public var envelopeFrom: String?
    /// The recipients of the envelope where they are not those of the header; plain addresses.
    public var envelopeTo: [String]?
    /// The notifications of delivery that are asked of the mail servers, see ``Notifications``; none if nil.
    public var notifications: Notifications?
    /// The variant of the template, a tag of BCP 47: `de-AT` falls back to `de`, then to the default.
    public var locale: String?
    /// Further header fields.
    public var headers: [String: String] = [:]
    public var attachments: [Attachment] = []
    /// The template's if nil.
    public var priority: Priority?
    /// Not before.
    public var sendAt: Date?
    /// Not after: what is still unsent then is buried.
    public var expiresAt: Date?
    /// For the log and the operator, as ``metadata``.
    public var tags: [String] = []
    public var metadata: [String: String] = [:]

    private let content: Content

    private enum Content: Sendable {
        case template(String, Result<JSON, SubmitError>, by: Result<Schema, SchemaFault>?)
        case mail(subject: String, text: String?, html: String?)
        case message([UInt8])
    }

    /// A mail from the template of the type. The parameters are encoded now; one that cannot
    /// be is an error of the submission.
    public init(_ job: some TypedJob, to recipients: [Address]) {
        let params = Result { () throws(SubmitError) in try ParameterEncoder.encode(job) }
        content = .template(type(of: job).template, params, by: ParameterSchemas.schema(of: type(of: job)))
        to = recipients
    }

    /// A mail from the template of the type. See ``init(_:to:)-(_,[Address])``.
    public init(_ job: some TypedJob, to recipients: String...) {
        self.init(job, to: recipients.map { Address($0) })
    }

    /// A mail from a template that has no type here. `params` must encode as an object.
    public init(template: String, params: some Encodable = [String: String](), to recipients: [Address]) {
        content = .template(template, Result { () throws(SubmitError) in try ParameterEncoder.encode(params) }, by: nil)
        to = recipients
    }

    /// A mail without a template. At least one of `text` and `html`; from HTML alone, the text is made.
    public init(subject: String, text: String? = nil, html: String? = nil, to recipients: [Address]) {
        content = .mail(subject: subject, text: text, html: html)
        to = recipients
    }

    /// A whole message (RFC 5322), header and body, delivered to `recipients` whatever its header says.
    public init(message: [UInt8], to recipients: [Address]) {
        content = .message(message)
        to = recipients
    }

    /// A whole message (RFC 5322), header and body, delivered to `recipients` whatever its header says.
    public init(message: String, to recipients: [Address]) {
        self.init(message: Array(message.utf8), to: recipients)
    }

    func jobID() throws(SubmitError) -> JobID {
        guard let id else { return JobID.make(at: .now) }
        guard let chosen = JobID(id) else {
            throw .invalid(field: "id", reason: "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
        }
        return chosen
    }

    /// The job object of spool(5), with a line end. Equal jobs have equal bytes, in every process: a repeated
    /// submission is known by them. What passes here does not fail at the daemon for its form,
    /// but for a domain with a character that no domain has.
    func object() throws(SubmitError) -> [UInt8] {
        var job = Members()
        switch content {
        case .template(let name, let params, _):
            job.add("template", .string(name))
            job.add("params", try parameters(try params.get()))
        case .mail(let subject, let text, let html):
            if text == nil, html == nil { throw .invalid(field: "", reason: "a subject without text or html") }
            job.add("subject", .string(try singleLine(subject, "subject")))
            job.add("text", text.map { .string($0) })
            job.add("html", html.map { .string($0) })
        case .message(let bytes):
            let text = String(validating: bytes, as: UTF8.self)
            job.add(
                "message",
                text.map { .string($0) } ?? ["base64": .string(String(decoding: Base64.encode(bytes), as: UTF8.self))])
        }
        job.add("to", try addresses(to, "to"))
        job.add("cc", try addresses(cc, "cc"))
        job.add("bcc", try addresses(bcc, "bcc"))
        job.add("from", try from?.json("from"))
        job.add("replyTo", try replyTo?.json("replyTo"))
        job.add("sender", try sender?.json("sender"))
        job.add("envelope", try envelope())
        job.add("dsn", notifications?.json)
        job.add("locale", locale.map { .string($0) })
        job.add("headers", try texts(headers, "headers", isHeader: true))
        if !attachments.isEmpty {
            var files: [JSON] = []
            for attachment in attachments { files.append(try attachment.json()) }
            job.add("attachments", .array(files))
        }
        job.add("priority", priority.map { .string($0.rawValue) })
        job.add("sendAt", try moment(sendAt, "sendAt"))
        job.add("expiresAt", try moment(expiresAt, "expiresAt"))
        if !tags.isEmpty { job.add("tags", .array(tags.map { .string($0) })) }
        job.add("metadata", try texts(metadata, "metadata"))
        let object = try Job.encoded(.object(JSON.Object(job.list)), content: .trusted)
        if case .template(_, let params, let schema?) = content {
            try ParameterSchemas.judge(try params.get(), by: schema)
        }
        return object
    }

    /// The bytes of a job object, with a line end.
    /// - Throws: for what the daemon would bury, as far as the object alone tells.
    static func encoded(_ value: JSON, content: ContentReading = .decoded) throws(SubmitError) -> [UInt8] {
        if let (field, reason) = formFault(value, content: content) { throw .invalid(field: field, reason: reason) }
        var bytes = value.encoded
        bytes.append(0x0A)
        // What has more values than a job may have is longer than this.
        if bytes.count > JSON.valueLimit {
            do throws(JSONError) { _ = try JSON(parsing: bytes) } catch {
                throw .invalid(field: "", reason: error.reason)
            }
        }
        return bytes
    }

    /// The members of a job, in the order of the manual.
    private struct Members {
        private(set) var list: [(name: String, value: JSON)] = []

        init() { list.reserveCapacity(8) }

        mutating func add(_ name: String, _ value: JSON?) { if let value { list.append((name, value)) } }
    }

    private func envelope() throws(SubmitError) -> JSON? {
        guard envelopeFrom != nil || envelopeTo != nil else { return nil }
        var envelope = JSON.Object()
        if let envelopeFrom { envelope["from"] = .string(try singleLine(envelopeFrom, "envelope/from")) }
        if let envelopeTo {
            if envelopeTo.isEmpty { throw .invalid(field: "/envelope/to", reason: "no recipient") }
            var list: [JSON] = []
            for address in envelopeTo { list.append(.string(try singleLine(address, "envelope/to"))) }
            envelope["to"] = .array(list)
        }
        return .object(envelope)
    }
}

/// Nil without any.
private func parameters(_ params: JSON) throws(SubmitError) -> JSON? {
    switch params {
    case .object(let members): return members.isEmpty ? nil : params
    case .null: return nil
    default: throw .invalid(field: "/params", reason: "is \(params.typeName), not an object")
    }
}

private func addresses(_ list: [Address], _ field: String) throws(SubmitError) -> JSON? {
    if list.count < 2 { return try list.first?.json(field) }
    var addresses: [JSON] = []
    for address in list { addresses.append(try address.json(field)) }
    return .array(addresses)
}

private func texts(_ texts: [String: String], _ field: String, isHeader: Bool = false) throws(SubmitError) -> JSON? {
    if texts.isEmpty { return nil }
    var object: [(name: String, value: JSON)] = []
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
        object.append((name, .string(isHeader ? try singleLine(text, "\(field)/\(pointerToken(name))") : text)))
    }
    return .object(JSON.Object(object))
}

private func moment(_ date: Date?, _ field: String) throws(SubmitError) -> JSON? {
    guard let date else { return nil }
    guard let time = Timestamp(date) else {
        throw .invalid(field: "/" + field, reason: "is not between the years 1685 and 2255")
    }
    return .string(time.rfc3339)
}
