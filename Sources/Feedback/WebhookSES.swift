internal import JSON
internal import Message
internal import Signatures
internal import Text
internal import Time

// Amazon SES: a notification or an event of a configuration set, alone or in the envelope of Amazon SNS.
extension WebhookRequest {
    func ses() throws(WebhookError) -> [Report] {
        guard let envelope = value.object else { throw .malformed("not an object") }
        guard envelope["Type"]?.string != nil, envelope["TopicArn"] != nil else { return try sesEvent(envelope) }
        if let address = envelope.text("SubscribeURL") { throw .confirmation(address: address) }
        guard let text = envelope.text("Message") else { throw .malformed("the envelope has no Message") }
        // SNS says of a new topic that it works, in plain words.
        guard let message = try? JSON(parsing: text), let event = message.object else { return [] }
        return try sesEvent(event)
    }

    private func sesEvent(_ event: JSON.Object) throws(WebhookError) -> [Report] {
        guard let type = event.text("notificationType") ?? event.text("eventType") else {
            throw .malformed("no notificationType, nor eventType")
        }
        guard let mail = event.object("mail") else { throw .malformed("the event has no mail") }
        let key = type.prefix(1).lowercasedASCII + type.dropFirst()
        let detail = event.object(key) ?? event.object("deliveryDelay") ?? JSON.Object()
        var recipients: [Report.Recipient] = []
        switch type {
        case "Bounce": recipients = sesBounces(detail)
        case "Complaint":
            if detail.text("complaintFeedbackType")?.isExactly("not-spam") == true { return [] }
            recipients = detail.objects("complainedRecipients").compactMap { $0.text("emailAddress") }
                .map { plain($0, .complained, reply: detail.text("complaintFeedbackType")) }
        case "Delivery":
            let reply = detail.text("smtpResponse")
            recipients = detail.texts("recipients").map { plain($0, .delivered, reply: reply) }
        case "DeliveryDelay":
            recipients = detail.objects("delayedRecipients").compactMap { recipient in
                recipient.text("emailAddress").map { address in
                    failed(
                        address, .delayed, text: recipient.text("diagnosticCode"), status: recipient.text("status"),
                        isPermanent: false,
                        fallback: detail.text("delayType")?.isExactly("MailboxFull") == true ? .full : .temporary)
                }
            }
        case "Reject":
            recipients = mail.texts("destination").map {
                failed($0, .bounced, text: detail.text("reason"), isPermanent: true, fallback: .content)
            }
        default: return []
        }
        var report = report(
            .ses,
            named: [
                type, detail.text("feedbackId") ?? mail.text("messageId"), detail.text("timestamp"),
            ] + recipients.map(\.address))
        report.recipients = recipients
        report.at = detail.time("timestamp") ?? mail.time("timestamp")
        report.clues.relayIDs = mail.texts("messageId")
        report.clues.messageIDs =
            mail.objects("headers").filter { $0.text("name")?.lowercasedASCII.isExactly("message-id") == true }
            .flatMap { messageIDs($0.text("value")) } + messageIDs(mail.object("commonHeaders")?.text("messageId"))
        report.clues.jobIDs = jobIDs(mail["headers"]) + jobIDs(mail["tags"])
        return recipients.isEmpty ? [] : [report]
    }

    private func sesBounces(_ bounce: JSON.Object) -> [Report.Recipient] {
        let isPermanent: Bool? =
            switch bounce.text("bounceType") {
            case "Permanent": true
            case "Transient": false
            default: nil
            }
        let kind = bounce.text("bounceSubType") ?? ""
        let fallback: Report.Class =
            switch kind {
            case "NoEmail", "Suppressed", "OnAccountSuppressionList": .badAddress
            case "MailboxFull": .full
            case "MessageTooLarge", "ContentRejected", "AttachmentRejected": .content
            case "General": isPermanent == true ? .badAddress : .temporary
            default: .unknown
            }
        return bounce.objects("bouncedRecipients").compactMap { recipient in
            guard let address = recipient.text("emailAddress") else { return nil }
            var told = failed(
                address, .bounced, text: recipient.text("diagnosticCode"), status: recipient.text("status"),
                isPermanent: isPermanent, fallback: fallback)
            // SES refused it because of what it had learned before.
            if kind.ends(with: "uppressed") || kind.ends(with: "SuppressionList") { told.class = .badAddress }
            return told
        }
    }

    /// The signature of SNS: RSA over named members of the envelope.
    func checkSES(_ topics: [String], _ keys: [PublicKey]) throws(WebhookError) {
        guard let envelope = value.object, let type = envelope.text("Type"), let text = envelope.text("Signature"),
            let signature = Base64.decode(Array(text.utf8), .lenient)
        else { throw .refused("the body has no Signature of Amazon SNS") }
        let names =
            type.isExactly("Notification")
            ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        var signed = ""
        for name in names {
            if let value = envelope[name]?.string { signed += "\(name)\n\(value)\n" }
        }
        let digest: PublicKey.Digest = envelope.text("SignatureVersion")?.isExactly("2") == true ? .sha256 : .sha1
        guard keys.contains(where: { $0.isSignature(signature, of: Array(signed.utf8), digest) }) else {
            throw .refused("the Signature of Amazon SNS is not the certificate's")
        }
        guard let topic = envelope.text("TopicArn"), topics.holds(exactly: topic) else {
            throw .refused("the TopicArn is not the key's")
        }
    }
}

/// Reads a mail that carries a webhook's body: SES through a topic of SNS that mails. Nil for any other mail.
func relayNotification(in message: FoundMessage, by table: FeedbackTable) -> [Report]? {
    guard let part = message.parts.first, part.type.isExactly("text/plain"),
        let start = part.content.firstIndex(where: { !$0.isSpace }), part.content[start] == UInt8(ascii: "{"),
        let read = try? JSON.prefix(of: unfolded(part.content[start...])), read.value.object?["mail"] != nil
    else { return nil }
    let request = WebhookRequest(body: [], value: read.value, headers: [], table: table)
    guard var reports = try? request.ses() else { return nil }
    for index in reports.indices { reports[index].source = "mail" }
    return reports
}

/// A text of JSON whose long lines a server has broken, each with a space before its rest.
private func unfolded(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == 0x0D || byte == 0x0A else {
            out.append(byte)
            continue
        }
        if byte == 0x0D, rest.first == 0x0A { rest = rest.dropFirst() }
        if rest.first == 0x20 { rest = rest.dropFirst() }
    }
    return out
}
