internal import JSON
internal import Signatures
internal import Text

// SendGrid: a list of events, signed with ECDSA.
extension WebhookRequest {
    func sendGrid() throws(WebhookError) -> [Report] {
        try events().compactMap { event in
            guard let address = event.text("email"), let kind = event.text("event") else { return nil }
            let reason = event.text("reason") ?? event.text("response")
            let status = event.text("status")
            let recipient: Report.Recipient
            switch kind {
            case "bounce", "blocked":
                // Both words have been used for the mails that the next attempt may deliver.
                let isBlock =
                    kind.utf8.elementsEqual("blocked".utf8) || event.text("type")?.isExactly("blocked") == true
                recipient = failed(
                    address, .bounced, text: reason, status: status, isPermanent: !isBlock,
                    fallback: isBlock ? .policy : .badAddress)
            case "dropped": recipient = sendGridDrop(address, reason: reason ?? "")
            case "deferred":
                recipient = failed(
                    address, .delayed, text: reason, status: status, isPermanent: false, fallback: .temporary)
            case "delivered": recipient = plain(address, .delivered, reply: reason)
            case "spamreport": recipient = plain(address, .complained)
            default: return nil
            }
            var report = report(
                .sendgrid,
                named: event.text("sg_event_id").map { [$0] }
                    ?? [kind, address, event.text("sg_message_id"), event.number("timestamp").map { "\($0)" }])
            report.recipients = [recipient]
            report.at = event.time("timestamp")
            // Behind the first dot it names the servers that it went through.
            report.clues.relayIDs =
                event.text("sg_message_id").map { [$0.halves(at: ".").map { String($0.0) } ?? $0] } ?? []
            report.clues.messageIDs = messageIDs(event.text("smtp-id"))
            report.clues.jobIDs = jobIDs(.object(event)) + jobIDs(event["unique_args"])
            return report
        }
    }

    /// It refused the mail by a list of its own.
    private func sendGridDrop(_ address: String, reason: String) -> Report.Recipient {
        var told = failed(address, .bounced, text: reason, isPermanent: true, fallback: .policy)
        let word = reason.lowercasedASCII
        if word.holds("bounced address") || word.holds("invalid") { told.class = .badAddress }
        if word.holds("unsubscribed") || word.holds("spam reporting") { told.class = .policy }
        if word.holds("spam content") { told.class = .content }
        told.isPermanent = true
        return told
    }

    /// The Event Webhook's signature: over the timestamp in the header and the body.
    func checkSendGrid(_ key: PublicKey) throws(WebhookError) {
        guard let text = header("x-twilio-email-event-webhook-signature"),
            let time = header("x-twilio-email-event-webhook-timestamp")
        else { throw .refused("the request has no X-Twilio-Email-Event-Webhook-Signature") }
        let signature = Base64.decode(Array(text.utf8), .lenient) ?? []
        guard key.isSignature(signature, of: Array(time.utf8) + body, .sha256) else {
            throw .refused("the signature in X-Twilio-Email-Event-Webhook-Signature is not the key's")
        }
    }
}
