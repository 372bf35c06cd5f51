internal import JSON
internal import Text

// Postmark: one record; who sends it is known by the authorization that the webhook was given.
extension WebhookRequest {
    func postmark() throws(WebhookError) -> [Report] {
        try events().compactMap { event in
            guard let record = event.text("RecordType"), let address = event.text("Email") ?? event.text("Recipient")
            else {
                return nil
            }
            let recipient: Report.Recipient
            switch record {
            case "Bounce":
                guard let told = postmarkBounce(address, event) else { return nil }
                recipient = told
            case "SpamComplaint": recipient = plain(address, .complained)
            case "Delivery": recipient = plain(address, .delivered, reply: event.text("Details"))
            default: return nil
            }
            let time = event.text("BouncedAt") ?? event.text("DeliveredAt")
            var report = report(
                .postmark,
                named: [record, event.number("ID").map { "\($0)" } ?? event.text("MessageID"), address, time])
            report.recipients = [recipient]
            report.at = event.time("BouncedAt") ?? event.time("DeliveredAt")
            report.clues.relayIDs = event.texts("MessageID")
            report.clues.jobIDs = jobIDs(event["Metadata"])
            return report
        }
    }

    /// By its type of bounce; nil for a type that tells of no mail.
    private func postmarkBounce(_ address: String, _ event: JSON.Object) -> Report.Recipient? {
        let type = event.text("Type") ?? ""
        let words = event.text("Details") ?? event.text("Description")
        func bounce(_ fallback: Report.Class, isPermanent: Bool, kind: Report.Kind = .bounced) -> Report.Recipient {
            failed(address, kind, text: words, isPermanent: isPermanent, fallback: fallback)
        }
        /// The relay's own list or filter says more than the words.
        func decided(_ class: Report.Class, isPermanent: Bool) -> Report.Recipient {
            var told = bounce(`class`, isPermanent: isPermanent)
            (told.class, told.isPermanent) = (`class`, isPermanent)
            return told
        }
        switch type {
        case "HardBounce": return bounce(.badAddress, isPermanent: true)
        case "BadEmailAddress": return decided(.badAddress, isPermanent: true)
        case "Transient", "DnsError": return bounce(.temporary, isPermanent: false, kind: .delayed)
        case "SoftBounce", "Undeliverable": return bounce(.temporary, isPermanent: false)
        case "Blocked": return bounce(.policy, isPermanent: false)
        case "ManuallyDeactivated": return decided(.policy, isPermanent: true)
        case "SpamNotification", "VirusNotification": return decided(.content, isPermanent: true)
        case "DMARCPolicy": return decided(.auth, isPermanent: true)
        case "SpamComplaint": return plain(address, .complained)
        case "AutoResponder", "AddressChange", "ChallengeVerification": return plain(address, .autoReply, reply: words)
        case "Subscribe", "Unsubscribe", "TemplateRenderingFailed", "OpenRelayTest": return nil
        default: return bounce(.unknown, isPermanent: false)
        }
    }
}
