internal import JSON
internal import Text

// Resend: one event, signed as Standard Webhooks say.
extension WebhookRequest {
    func resend() throws(WebhookError) -> [Report] {
        guard let event = value.object, let type = event.text("type"), let data = event.object("data") else {
            throw .malformed("no type, or no data")
        }
        let addresses = data.texts("to")
        let recipients: [Report.Recipient]
        switch type {
        case "email.bounced":
            let bounce = data.object("bounce") ?? JSON.Object()
            let isPermanent: Bool? =
                switch bounce.text("type") {
                case "Permanent": true
                case "Transient", "Temporary": false
                default: nil
                }
            let kind = bounce.text("subType") ?? ""
            let isSuppressed = kind.lowercasedASCII.holds("suppress")
            let words = bounce.texts("diagnosticCode").first ?? bounce.text("message")
            recipients = addresses.map { address in
                let fallback: Report.Class =
                    isSuppressed || (isPermanent == true && (kind.isExactly("General") || kind.isExactly("NoEmail")))
                    ? .badAddress : kind.isExactly("MailboxFull") ? .full : isPermanent == false ? .temporary : .unknown
                var told = failed(address, .bounced, text: words, isPermanent: isPermanent, fallback: fallback)
                if isSuppressed { (told.class, told.isPermanent) = (.badAddress, true) }
                return told
            }
        case "email.failed":
            recipients = addresses.map {
                failed($0, .bounced, text: data.object("failed")?.text("reason"), isPermanent: true, fallback: .unknown)
            }
        case "email.suppressed":
            recipients = addresses.map {
                failed(
                    $0, .bounced, text: data.object("suppressed")?.text("message"), isPermanent: true,
                    fallback: .badAddress)
            }
        case "email.delivery_delayed":
            recipients = addresses.map { failed($0, .delayed, text: nil, isPermanent: false, fallback: .temporary) }
        case "email.complained": recipients = addresses.map { plain($0, .complained) }
        case "email.delivered": recipients = addresses.map { plain($0, .delivered) }
        default: return []
        }
        if recipients.isEmpty { return [] }
        var report = report(
            .resend,
            named: (header("svix-id") ?? header("webhook-id")).map { [$0] }
                ?? [type, data.text("email_id"), event.text("created_at")] + recipients.map(\.address))
        report.recipients = recipients
        report.at = event.time("created_at")
        report.clues.relayIDs = data.texts("email_id")
        report.clues.messageIDs = messageIDs(data.text("message_id"))
        report.clues.jobIDs = jobIDs(data["headers"]) + jobIDs(data["tags"])
        return [report]
    }
}
