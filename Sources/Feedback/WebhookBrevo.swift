internal import JSON
internal import Text
internal import Time

// Brevo: one event, or a batch of them; who sends them is known by the authorization that the webhook was given.
extension WebhookRequest {
    func brevo() throws(WebhookError) -> [Report] {
        try events().compactMap { event in
            guard let kind = event.text("event"), let address = event.text("email") else { return nil }
            let reason = event.text("reason")
            let recipient: Report.Recipient
            switch kind {
            case "hard_bounce", "hardBounce":
                recipient = failed(address, .bounced, text: reason, isPermanent: true, fallback: .badAddress)
            case "soft_bounce", "softBounce":
                recipient = failed(address, .bounced, text: reason, isPermanent: false, fallback: .temporary)
            case "invalid_email", "invalid":
                recipient = failed(address, .bounced, text: reason, isPermanent: true, fallback: .badAddress)
            case "blocked", "error":
                recipient = failed(
                    address, .bounced, text: reason, isPermanent: kind.utf8.elementsEqual("blocked".utf8),
                    fallback: kind.utf8.elementsEqual("blocked".utf8) ? .policy : .unknown)
            case "deferred":
                recipient = failed(address, .delayed, text: reason, isPermanent: false, fallback: .temporary)
            case "spam", "complaint": recipient = plain(address, .complained)
            case "delivered": recipient = plain(address, .delivered, reply: reason)
            default: return nil
            }
            // In milliseconds; the others in seconds.
            let time = event.number("ts_epoch").map { $0 / 1000 } ?? event.number("ts_event") ?? event.number("ts")
            var report = report(
                .brevo, named: [kind, address, event.text("message-id"), time.map { "\($0)" } ?? event.text("date")])
            report.recipients = [recipient]
            report.at =
                time.flatMap { abs($0) < 9e9 ? Timestamp(nanoseconds: Int64($0 * 1000) * 1_000_000) : nil }
                ?? event.time("date")
            report.clues.messageIDs = messageIDs(event.text("message-id"))
            let custom = event["X-Mailin-custom"]
            report.clues.jobIDs = jobIDs(custom) + jobIDs(custom?.string.flatMap { try? JSON(parsing: $0) })
            return report
        }
    }
}
