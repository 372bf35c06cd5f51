internal import JSON
internal import Message
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    /// The longest that a request for a mail waits, in seconds.
    private static let longestWait: Int64 = 60

    /// `GET /api/messages?to=&subject=&q=&limit=&wait=`: the mails that fit, the newest first; with `wait` the answer
    /// comes when there is one, or is 404 after so many seconds.
    func messagesJSON(_ mailbox: CapturedMail, _ request: Request) throws(Failure) -> PageAnswer {
        let query = request.query
        let limit = min(query["limit"].flatMap { Int($0) } ?? 50, 1000)
        let found = { [mailbox] () throws(Failure) -> [CapturedMail.Entry] in
            try mailbox.entries().filter { entry in
                (query["to"].map { to in ([entry.to] + entry.recipients).contains { $0.hasText(to) } } ?? true)
                    && (query["subject"].map { entry.subject.hasText($0) } ?? true)
                    && (query["q"].map { entry.holds($0) } ?? true)
            }
        }
        func list(_ entries: [CapturedMail.Entry]) -> Response {
            var shown: [JSON] = []
            // Without a look at the spool the templates are not known.
            if let reader = try? SpoolReader(path: spoolPath) {
                for entry in entries.prefix(max(limit, 0)) {
                    shown.append(json(entry, template: template(of: entry, reader)))
                }
            }
            return Response(json: ["total": .number(.init(entries.count)), "messages": .array(shown)])
        }
        guard let text = query["wait"] else { return .response(list(try found())) }
        guard let seconds = Int64(text), (0...Console.longestWait).contains(seconds) else {
            throw .usage("wait is a number of seconds, at most \(Console.longestWait)")
        }
        return .waiting(
            .seconds(seconds),
            attempt: {
                // A Maildir that cannot be read now is asked again.
                guard let entries = try? found(), !entries.isEmpty else { return nil }
                return list(entries)
            },
            otherwise: { Response(404, json: ["error": .string("no such mail within \(seconds) s")]) })
    }

    private func json(_ entry: CapturedMail.Entry, template: String?) -> JSON {
        var object = JSON.Object([
            ("id", .string(entry.name)), ("from", .string(entry.from)), ("to", .string(entry.to)),
            ("recipients", .array(entry.recipients.map { .string($0) })), ("subject", .string(entry.subject)),
            ("at", .string(entry.at.rfc3339)), ("size", .number(.init(entry.size))),
        ])
        object["template"] = template.map { .string($0) }
        object["job"] = entry.job.map { .string($0.text) }
        return .object(object)
    }

    /// `GET /api/messages/ID`: all of one mail but the contents of its files.
    func messageJSON(_ mail: CapturedMail.Mail) throws(Failure) -> Response {
        let message = mail.message
        let reader = try SpoolReader(path: spoolPath)
        var object = json(mail.entry, template: template(of: mail.entry, reader)).object ?? JSON.Object()
        object["fields"] = .array(
            message.fields.map { .object(.init([("name", .string($0.name)), ("value", .string($0.value))])) })
        object["text"] = message.text.map { .string($0.text) }
        object["html"] = message.html.map { .string($0.text) }
        object["links"] = .array(MailLinks(message).all.map { .string($0) })
        object["attachments"] = .array(
            message.parts.enumerated().filter { _, part in
                part.isAttachment || (part.cid == nil && !part.type.begins(with: "text/"))
            }.map { index, part in
                .object(
                    .init([
                        ("name", part.filename.map { .string($0) } ?? .null), ("type", .string(part.type)),
                        ("size", .number(.init(part.content.count))),
                        ("url", .string(Link(["mail", mail.entry.name, "part", String(index)]).text)),
                    ]))
            })
        return Response(json: .object(object))
    }
}
