package import JSON
package import Message
internal import Text

/// The envelope of the job that a message is made into.
package struct JobEnvelope {
    /// Nil is the null sender.
    package var sender: Address?
    /// Each is taken once.
    package var recipients: [Address]
    /// The author of a message that names none.
    package var author: (name: String?, address: Address)
    /// The job's `dsn`.
    package var notifications: JSON.Object

    package init(
        sender: Address?, recipients: [Address], author: (name: String?, address: Address), notifications: JSON.Object
    ) {
        self.sender = sender
        self.recipients = recipients
        self.author = author
        self.notifications = notifications
    }

    /// The job's `envelope`.
    var json: JSON {
        var seen: Set<Address> = []
        let once = recipients.filter { seen.insert($0).inserted }
        return .object(
            JSON.Object([
                ("from", .string(sender?.text ?? "")), ("to", .array(once.map { .string($0.text) })),
            ]))
    }
}

extension PostedMessage {
    /// The job that carries the message as it is. The envelope stands first: lists look at a bounded part of the file.
    package func job(_ envelope: JobEnvelope) -> JSON.Object {
        var job = JSON.Object([("envelope", envelope.json)])
        if !envelope.notifications.isEmpty { job["dsn"] = .object(envelope.notifications) }
        if !hasFrom {
            var author = JSON.Object([("email", .string(envelope.author.address.text))])
            author["name"] = envelope.author.name.map { .string($0) }
            job["from"] = .object(author)
        }
        let bytes = completed(without: AskedFields.names)
        if let text = String(utf8: bytes.span) {
            job["message"] = .string(text)
        } else {
            // Of another character set: every byte as it came.
            let text = String(decoding: Base64.encode(bytes), as: UTF8.self)
            job["message"] = .object(.init([("base64", .string(text))]))
        }
        return job
    }
}
