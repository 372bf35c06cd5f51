import Foundation
package import Message

/// A message, and what has to be read in it.
package struct ExpectedMail {
    /// For the complaint.
    package var name: String
    package var bytes: [UInt8]
    package var subject: String
    package var id: String
    /// Seconds since 1970.
    package var date: Int64
    /// By the name of the field, in lower case.
    package var boxes: [String: [Mailbox]] = [:]
    /// Nil: some text, which is made from the HTML.
    package var text: String?
    package var html: String?
    /// Those that the message carries, with the cids by which the HTML names them.
    package var files: [Attachment] = []
    package var headers: [(name: String, value: String)] = []
    /// The text that is made from the HTML may be empty.
    package var mayBeSilent = false

    package init(name: String, bytes: [UInt8], subject: String, id: String, date: Int64) {
        self.name = name
        self.bytes = bytes
        self.subject = subject
        self.id = id
        self.date = date
    }

    func line() throws -> Data {
        func orNull(_ value: String?) -> Any { value as Any? ?? NSNull() }
        let files = files.map { file in
            [
                "name": orNull(file.filename), "cid": orNull(file.cid),
                "content": Data(file.content).base64EncodedString(),
                "type": String((file.contentType ?? "application/octet-stream").prefix { $0 != ";" }),
            ]
        }
        let boxes = boxes.mapValues { list in
            list.map { [$0.name ?? "", $0.address.local, $0.address.domain, $0.address.text] }
        }
        return try JSONSerialization.data(withJSONObject: [
            "name": name, "raw": Data(bytes).base64EncodedString(), "subject": subject, "id": id, "date": Int(date),
            "boxes": boxes, "text": orNull(text), "html": orNull(html), "files": files,
            "headers": headers.map { [$0.name, $0.value] }, "mayBeSilent": mayBeSilent,
        ])
    }
}
