internal import Message
internal import Text
internal import Time

/// Reads mails that tell what came of others: delivery status notifications (RFC 3464), complaints (RFC 5965),
/// dispositions (RFC 8098), automatic replies (RFC 3834), and bounces in forms of their own.
///
/// Anyone can write such a mail: a report from one is never verified. See ``Report/isVerified``.
package enum FeedbackReader {
    /// As much of a mail is read. What reports say is before the original, and its header is at its beginning.
    package static let limit = 1 << 20

    /// Reads a mail; empty where it tells nothing about another mail.
    ///
    /// Takes any bytes. The time is linear in them, and at most that of ``limit`` bytes.
    package static func read(_ mail: [UInt8], by table: FeedbackTable = .standard) -> [Report] {
        var message = FoundMessage(mail, limit: limit)
        var sentTo: [String] = []
        if !message.parts.contains(where: { $0.type.begins(with: "message/") && !$0.isOriginal }),
            let inner = message.parts.first(where: { $0.type.isExactly("message/rfc822") })
        {
            // A gateway has put a report into another mail.
            let embedded = FoundMessage(inner.content, limit: limit)
            if embedded.part("message/delivery-status") != nil {
                sentTo = MailReading(message, by: table).sentTo
                message = embedded
            }
        }
        var reading = MailReading(message, by: table, alsoSentTo: sentTo)
        if let part = message.part("message/feedback-report") {
            guard reading.takeComplaint(AbuseReport(part.content[...])) else { return [] }
        } else if let part = message.part("message/delivery-status") ?? message.part("message/global-delivery-status") {
            reading.takeStatus(DeliveryStatus(part.content[...]))
        } else if let part = message.part("message/disposition-notification")
            ?? message.part("message/global-disposition-notification")
        {
            reading.takeDisposition(FoundHeader(part.content))
        } else if let notifications = relayNotification(in: message, by: table) {
            return notifications
        } else if reading.isPlainComplaint {
            guard reading.takeComplaint(AbuseReport(reading.notice.text[...])) else { return [] }
        } else if reading.isBounce {
            reading.takeOwnForm()
        } else if reading.isAutoReply {
            reading.takeAutoReply()
        }
        return reading.report.map { [$0] } ?? []
    }
}

extension FoundMessage {
    func part(_ type: String) -> Part? { parts.first { $0.type.isExactly(type) } }
}
