internal import JSON
internal import Signatures
internal import Text

// Mailgun: one event with a signature beside it.
extension WebhookRequest {
    func mailgun() throws(WebhookError) -> [Report] {
        guard let event = value.object?.object("event-data"), let kind = event.text("event") else {
            throw .malformed("no event-data")
        }
        guard let address = event.text("recipient") else { return [] }
        let status = event.object("delivery-status") ?? JSON.Object()
        let words = [status.text("message"), status.text("description")].compactMap(\.self).first
        let code = status.number("code").flatMap { Int(exactly: $0) }
        let recipient: Report.Recipient
        switch kind {
        case "failed":
            let isPermanent = event.text("severity")?.isExactly("permanent") ?? true
            let fallback: Report.Class =
                switch event.text("reason") {
                case "suppress-bounce": .badAddress
                case "suppress-complaint", "suppress-unsubscribe", "espblock": .policy
                case "old", "generic": .temporary
                case "bounce": isPermanent ? .badAddress : .temporary
                default: isPermanent ? .unknown : .temporary
                }
            var told = failed(
                address, isPermanent ? .bounced : .delayed, text: words, status: status.text("enhanced-code"),
                code: code,
                isPermanent: isPermanent, fallback: fallback)
            if event.text("reason")?.begins(with: "suppress-") == true { told.class = fallback }
            recipient = told
        case "rejected":
            recipient = failed(
                address, .bounced, text: event.object("reject")?.text("reason") ?? words, isPermanent: true,
                fallback: .policy)
        case "complained": recipient = plain(address, .complained)
        case "delivered": recipient = plain(address, .delivered, reply: words)
        default: return []
        }
        var report = report(
            .mailgun, named: [event.text("id"), kind, address, event.number("timestamp").map { "\($0)" }])
        report.recipients = [recipient]
        report.at = event.time("timestamp")
        let headers = event.object("message")?.object("headers")
        report.clues.messageIDs = messageIDs(headers?.text("message-id"))
        report.clues.jobIDs = jobIDs(event["user-variables"])
        return [report]
    }

    /// HMAC-SHA256 over the timestamp and a token: all that Mailgun signs. The event beside it is not covered.
    func checkMailgun(_ secret: [UInt8]) throws(WebhookError) {
        guard let signature = value.object?.object("signature"), let time = signature.text("timestamp"),
            let token = signature.text("token"), let text = signature.text("signature")
        else { throw .refused("the body has no signature") }
        let code = HMAC.sha256(Array((time + token).utf8), key: secret)
        let digits = code.flatMap { [UInt8.hexDigit($0 >> 4).lowercased, UInt8.hexDigit($0).lowercased] }
        guard HMAC.areSame(digits, Array(text.lowercasedASCII.utf8)) else {
            throw .refused("the signature is not the key's")
        }
    }
}
