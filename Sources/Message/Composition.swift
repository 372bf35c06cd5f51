internal import Text
package import Time

/// A mail as its sender means it, before it is written out.
///
/// It has no bcc: those recipients are in the envelope only.
package struct Composition: Sendable {
    package var from: Mailbox
    /// Who sent it, if that is not the author.
    package var sender: Mailbox?
    package var replyTo: [Mailbox] = []
    package var to: [Mailbox] = []
    package var cc: [Mailbox] = []
    package var subject: String
    /// If nil, the text is made from the HTML.
    package var text: String?
    package var html: String?
    /// In their order, after the fields above.
    package var headers: [ExtraHeader] = []
    package var attachments: [Attachment] = []
    package var date: Timestamp
    package var messageID: MessageID

    package init(from: Mailbox, subject: String, date: Timestamp, messageID: MessageID) {
        self.from = from
        self.subject = subject
        self.date = date
        self.messageID = messageID
    }
}

/// A message as it travels, and what a relay must offer to take it.
package struct ComposedMessage: Equatable, Sendable {
    /// Lines end in CRLF, the last one too; dots are not doubled yet.
    package var bytes: [UInt8]
    /// It has octets above 0x7F: `BODY=8BITMIME`, RFC 6152. Those of the header are said by SMTPUTF8 too, and some
    /// servers want both.
    package var needs8Bit: Bool
    /// The header has UTF-8 that is not encoded: RFC 6531 and 6532.
    package var needsSMTPUTF8: Bool
    /// A line has more than the 998 octets that RFC 5321 promises to carry: one of the header, or of a message that is
    /// signed.
    package var hasLongLines: Bool

    package init(bytes: [UInt8], needs8Bit: Bool, needsSMTPUTF8: Bool, hasLongLines: Bool) {
        self.bytes = bytes
        self.needs8Bit = needs8Bit
        self.needsSMTPUTF8 = needsSMTPUTF8
        self.hasLongLines = hasLongLines
    }
}

extension Composition {
    /// Checks what ``compose()`` refuses in a subject, further fields and files, and writes nothing.
    package static func check(
        subject: String, headers: [ExtraHeader], attachments: [Attachment]
    ) throws(CompositionError) {
        for (index, attachment) in attachments.enumerated() {
            do throws(CompositionError) {
                try attachment.check()
                _ = try attachment.leaf(.attachment)
            } catch {
                throw CompositionError("attachments[\(index)]", error.reason)
            }
        }
        try check(subject: subject, headers: headers)
    }

    /// Writes the message out. The same composition gives the same bytes.
    ///
    /// - Throws: if there is neither text nor HTML, or if a field holds what a message cannot.
    package func compose() throws(CompositionError) -> ComposedMessage {
        let root = try root()
        let boundaries = Boundaries(for: root, id: messageID)
        let recipients = (to.count + cc.count) * 80 + subject.utf8.count * 4
        var wire = Wire(reserving: 600 + recipients + headers.count * 100 + root.estimatedSize)
        try writeHeader(to: &wire)
        wire.append("MIME-Version: 1.0")
        wire.endLine()
        wire.part(root, boundaries)
        wire.endLastLine()
        let mailboxes = [[from], sender.map { [$0] } ?? [], replyTo, to, cc]
        let needsSMTPUTF8 = mailboxes.contains { $0.contains(where: \.address.needsSMTPUTF8) }
        return ComposedMessage(
            bytes: wire.bytes, needs8Bit: root.has8Bit || needsSMTPUTF8, needsSMTPUTF8: needsSMTPUTF8,
            hasLongLines: false)
    }

    /// Text and HTML are alternatives; files that the HTML shows are related to it; all
    /// others are mixed with what is read.
    ///
    /// Readers show the last alternative that they know, so that a blank one hides the other: it is left out, and so is
    /// a blank text next to HTML. RFC 2046, section 5.1.4.
    private func root() throws(CompositionError) -> Part {
        let (html, attachments) = related(html: text != nil && html.map(HTMLText.isBlank) == true ? nil : html)
        var inline: [Part] = []
        var attached: [Part] = []
        for (index, (attachment, isShown)) in attachments.enumerated() {
            do throws(CompositionError) {
                try self.attachments[index].check()
                let leaf = Part.leaf(try attachment.leaf(isShown ? .inline : .attachment))
                if isShown { inline.append(leaf) } else { attached.append(leaf) }
            } catch {
                throw CompositionError("attachments[\(index)]", error.reason)
            }
        }
        var body: Part
        if let html {
            body = Part.leaf(Leaf("html", BodyText(html.utf8)))
            if !inline.isEmpty { body = .multipart(.related, [body] + inline) }
            let own = text.map { Array($0.utf8) } ?? []
            let plain = own.isBlank ? HTMLText.text(of: html) : own
            if !plain.isBlank { body = .multipart(.alternative, [.leaf(Leaf("plain", BodyText(plain))), body]) }
        } else if let text {
            body = .leaf(Leaf("plain", BodyText(text.utf8)))
        } else {
            throw CompositionError("text", "neither text nor html")
        }
        if !attached.isEmpty { body = .multipart(.mixed, [body] + attached) }
        return body
    }

    private static func check(subject: String, headers: [ExtraHeader]) throws(CompositionError) {
        if let bad = subject.firstControl(but: 0x09) {
            throw CompositionError("subject", "a control character, \(String(bad).quoted)")
        }
        var unique: Set<ExactText> = []
        for header in headers {
            try header.check()
            let lowercase = header.name.lowercasedASCII
            if ExtraHeader.isUnique(lowercase), !unique.insert(ExactText(lowercase)).inserted {
                throw CompositionError("headers", "\(header.name.quoted): twice")
            }
        }
    }

    private func writeHeader(to wire: inout Wire) throws(CompositionError) {
        try Composition.check(subject: subject, headers: headers)
        wire.field("Date", date.rfc5322)
        wire.field("From", [from])
        if let sender { wire.field("Sender", [sender]) }
        wire.field("Reply-To", replyTo)
        wire.field("To", to)
        if to.isEmpty, cc.isEmpty { wire.field("To", "undisclosed-recipients:;") }
        wire.field("Cc", cc)
        wire.begin("Subject")
        wire.unstructured(subject, limit: Wire.longestPlain)
        wire.endLine()
        wire.field("Message-ID", messageID.text)
        var saysHowSubmitted = false
        for header in headers {
            saysHowSubmitted = saysHowSubmitted || header.name.lowercasedASCII == "auto-submitted"
            wire.begin(header.name)
            wire.unstructured(header.value, limit: ExtraHeader.longestWord)
            wire.endLine()
        }
        if !saysHowSubmitted { wire.field("Auto-Submitted", "auto-generated") }
    }
}

extension Wire {
    /// A field of mailboxes; no field without any.
    fileprivate mutating func field(_ name: String, _ mailboxes: [Mailbox]) {
        if mailboxes.isEmpty { return }
        begin(name)
        self.mailboxes(mailboxes)
        endLine()
    }
}

/// Why a message cannot be composed: the job or the template is at fault.
package struct CompositionError: Error, Equatable, CustomStringConvertible {
    /// The job's field, such as `subject` or `attachments[2]`.
    package let field: String
    package let reason: String

    /// ``field`` as a JSON pointer: `/attachments/2`.
    package var pointer: String {
        "/" + field.replacing("[", with: "/", maxReplacements: 1).replacing("]", with: "", maxReplacements: 1)
    }

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    /// One line, `headers: "To": has a field of its own, to`; what is untrusted in it is quoted.
    package var description: String { "\(field): \(reason)" }
}
