import Testing

@testable import Feedback

/// One event in the form that a relay's documentation gives it, and what it tells; nil where it tells nothing.
struct Payload: Sendable, CustomTestStringConvertible {
    let provider: Provider
    let body: String
    var expected: (kind: Report.Kind, class: Report.Class, isPermanent: Bool)?
    /// The relay names the event itself.
    var isNamed = false

    var testDescription: String { "\(provider): \(body.prefix(300))" }
}

private func ses(_ type: String, _ detail: String) -> String {
    let name = type.prefix(1).lowercased() + type.dropFirst()
    return """
        {"eventType":"\(type)","\(name)":{"timestamp":"2026-11-23T17:44:11.502Z",\(detail)},"mail":{
        "timestamp":"2026-11-23T17:44:10.000Z","messageId":"0102018a-mail","destination":["kijitora@example.net"],
        "tags":{"outspool-id":["20261123T174411Z-7f3a"],"ses:source-ip":["192.0.2.1"]}}}
        """
}

private func sesBounce(_ type: String, _ subType: String, _ recipient: String) -> String {
    ses(
        "Bounce",
        #""bounceType":"\#(type)","bounceSubType":"\#(subType)","bouncedRecipients":[{"emailAddress":"kijitora@example.net"\#(recipient)}]"#
    )
}

private func sendgrid(_ event: String, _ more: String) -> String {
    #"[{"email":"kijitora@example.net","timestamp":1795455851,"event":"\#(event)","sg_message_id":"a.b","outspool_id":"20261123T174411Z-7f3a"\#(more)}]"#
}

private func postmark(_ record: String, _ more: String) -> String {
    #"{"RecordType":"\#(record)","ID":42,"MessageID":"883953f4","Metadata":{"X-Outspool-Id":"20261123T174411Z-7f3a"},\#(more)}"#
}

private func postmarkBounce(_ type: String, _ details: String) -> String {
    postmark(
        "Bounce",
        #""Type":"\#(type)","Email":"kijitora@example.net","BouncedAt":"2026-11-23T17:44:11Z","Details":"\#(details)""#)
}

private func mailgun(_ event: String, _ more: String) -> String {
    #"{"event-data":{"event":"\#(event)","timestamp":1795455851.5,"recipient":"kijitora@example.net","user-variables":{"outspool_id":"20261123T174411Z-7f3a"},"message":{"headers":{"message-id":"20261123T174411Z-7f3a@example.com"}}\#(more)}}"#
}

private func resend(_ type: String, _ more: String) -> String {
    #"{"type":"\#(type)","created_at":"2026-11-23T17:44:11.000Z","data":{"email_id":"56761188-7520","to":["kijitora@example.net"],"headers":[{"name":"X-Outspool-Id","value":"20261123T174411Z-7f3a"}]\#(more)}}"#
}

private func brevo(_ event: String, _ more: String) -> String {
    #"{"event":"\#(event)","email":"kijitora@example.net","ts_epoch":1795455851000,"message-id":"<20261123T174411Z-7f3a@example.com>","X-Mailin-custom":"{\"outspool_id\":\"20261123T174411Z-7f3a\"}"\#(more)}"#
}

let payloads: [Payload] = [
    Payload(
        provider: .ses,
        body: sesBounce("Permanent", "General", #","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown""#),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .ses, body: sesBounce("Permanent", "OnAccountSuppressionList", ""),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .ses, body: sesBounce("Transient", "MailboxFull", #","diagnosticCode":"smtp; 452 4.2.2 over quota""#),
        expected: (.bounced, .full, false)),
    Payload(provider: .ses, body: sesBounce("Transient", "ContentRejected", ""), expected: (.bounced, .content, false)),
    Payload(provider: .ses, body: sesBounce("Transient", "General", ""), expected: (.bounced, .temporary, false)),
    Payload(
        provider: .ses,
        body: ses(
            "Complaint",
            #""complaintFeedbackType":"abuse","feedbackId":"f1","complainedRecipients":[{"emailAddress":"kijitora@example.net"}]"#
        ),
        expected: (.complained, .complaint, false)),
    Payload(
        provider: .ses,
        body: ses(
            "Complaint",
            #""complaintFeedbackType":"not-spam","complainedRecipients":[{"emailAddress":"kijitora@example.net"}]"#)),
    Payload(
        provider: .ses,
        body: ses("Delivery", #""recipients":["kijitora@example.net"],"smtpResponse":"250 2.6.0 Message received""#),
        expected: (.delivered, .delivered, false)),
    Payload(
        provider: .ses,
        body: ses(
            "DeliveryDelay",
            #""delayType":"TransientCommunicationFailure","delayedRecipients":[{"emailAddress":"kijitora@example.net","status":"4.4.1"}]"#
        ), expected: (.delayed, .temporary, false)),
    Payload(
        provider: .ses, body: ses("Reject", #""reason":"Bad content""#), expected: (.bounced, .content, true)),
    Payload(provider: .ses, body: ses("Open", #""userAgent":"x""#)),
    Payload(provider: .ses, body: ses("Send", #""x":1"#)),

    Payload(
        provider: .sendgrid,
        body: sendgrid("bounce", #","type":"bounce","status":"5.1.1","reason":"550 5.1.1 no such user""#),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .sendgrid,
        body: sendgrid("bounce", #","type":"blocked","status":"5.7.1","reason":"550 5.7.1 blocked""#),
        expected: (.bounced, .policy, false)),
    Payload(
        provider: .sendgrid, body: sendgrid("dropped", #","reason":"Bounced Address""#),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .sendgrid, body: sendgrid("dropped", #","reason":"Spam Reporting Address""#),
        expected: (.bounced, .policy, true)),
    Payload(
        provider: .sendgrid, body: sendgrid("deferred", #","response":"451 4.7.1 try later""#),
        expected: (.delayed, .policy, false)),
    Payload(
        provider: .sendgrid, body: sendgrid("delivered", #","response":"250 OK""#),
        expected: (.delivered, .delivered, false)),
    Payload(provider: .sendgrid, body: sendgrid("spamreport", ""), expected: (.complained, .complaint, false)),
    Payload(provider: .sendgrid, body: sendgrid("open", "")),
    Payload(provider: .sendgrid, body: sendgrid("processed", "")),
    Payload(provider: .sendgrid, body: sendgrid("unsubscribe", "")),

    Payload(
        provider: .postmark, body: postmarkBounce("HardBounce", "smtp;550 5.1.1 The account does not exist"),
        expected: (.bounced, .badAddress, true), isNamed: false),
    Payload(
        provider: .postmark, body: postmarkBounce("SoftBounce", "smtp;452 4.2.2 mailbox full"),
        expected: (.bounced, .full, false)),
    Payload(
        provider: .postmark, body: postmarkBounce("Transient", "smtp;451 try again later"),
        expected: (.delayed, .temporary, false)),
    Payload(
        provider: .postmark, body: postmarkBounce("SpamNotification", "550 spam"), expected: (.bounced, .content, true)),
    Payload(provider: .postmark, body: postmarkBounce("DMARCPolicy", "no"), expected: (.bounced, .auth, true)),
    Payload(
        provider: .postmark, body: postmarkBounce("AutoResponder", "away"), expected: (.autoReply, .autoReply, false)),
    Payload(provider: .postmark, body: postmarkBounce("Unsubscribe", "")),
    Payload(
        provider: .postmark,
        body: postmark("SpamComplaint", #""Email":"kijitora@example.net","BouncedAt":"2026-11-23T17:44:11Z""#),
        expected: (.complained, .complaint, false)),
    Payload(
        provider: .postmark,
        body: postmark(
            "Delivery", #""Recipient":"kijitora@example.net","DeliveredAt":"2026-11-23T17:44:11Z","Details":"ok""#),
        expected: (.delivered, .delivered, false)),
    Payload(provider: .postmark, body: postmark("Open", #""Recipient":"kijitora@example.net""#)),

    Payload(
        provider: .mailgun,
        body: mailgun(
            "failed",
            #","severity":"permanent","reason":"bounce","delivery-status":{"code":550,"message":"5.1.1 no such user here"}"#
        ),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .mailgun,
        body: mailgun(
            "failed",
            #","severity":"temporary","reason":"generic","delivery-status":{"code":452,"message":"4.2.2 over quota"}"#),
        expected: (.delayed, .full, false)),
    Payload(
        provider: .mailgun,
        body: mailgun(
            "failed",
            #","severity":"permanent","reason":"suppress-bounce","delivery-status":{"code":605,"message":"Not delivering to previously bounced address"}"#
        ), expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .mailgun, body: mailgun("delivered", #","delivery-status":{"code":250,"message":"OK"}"#),
        expected: (.delivered, .delivered, false)),
    Payload(provider: .mailgun, body: mailgun("complained", ""), expected: (.complained, .complaint, false)),
    Payload(
        provider: .mailgun, body: mailgun("rejected", #","reject":{"reason":"Sandbox subdomains"}"#),
        expected: (.bounced, .policy, true)),
    Payload(provider: .mailgun, body: mailgun("opened", "")),
    Payload(provider: .mailgun, body: mailgun("accepted", "")),

    Payload(
        provider: .resend,
        body: resend(
            "email.bounced",
            #","bounce":{"type":"Permanent","subType":"General","message":"The recipient's email address does not exist"}"#
        ),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .resend,
        body: resend(
            "email.bounced",
            #","bounce":{"type":"Permanent","subType":"Suppressed","message":"on the suppression list"}"#),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .resend,
        body: resend("email.bounced", #","bounce":{"type":"Transient","subType":"MailboxFull","message":"later"}"#),
        expected: (.bounced, .full, false)),
    Payload(provider: .resend, body: resend("email.delivered", ""), expected: (.delivered, .delivered, false)),
    Payload(provider: .resend, body: resend("email.delivery_delayed", ""), expected: (.delayed, .temporary, false)),
    Payload(provider: .resend, body: resend("email.complained", ""), expected: (.complained, .complaint, false)),
    Payload(
        provider: .resend, body: resend("email.failed", #","failed":{"reason":"reached_daily_quota"}"#),
        expected: (.bounced, .unknown, true)),
    Payload(provider: .resend, body: resend("email.opened", "")),
    Payload(provider: .resend, body: resend("email.sent", "")),

    Payload(
        provider: .brevo, body: brevo("hard_bounce", #","reason":"550 5.1.1 user unknown""#),
        expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .brevo, body: brevo("soft_bounce", #","reason":"452 4.2.2 mailbox full""#),
        expected: (.bounced, .full, false)),
    Payload(provider: .brevo, body: brevo("invalid_email", ""), expected: (.bounced, .badAddress, true)),
    Payload(
        provider: .brevo, body: brevo("blocked", #","reason":"blocked : due to blacklist user""#),
        expected: (.bounced, .policy, true)),
    Payload(provider: .brevo, body: brevo("deferred", ""), expected: (.delayed, .temporary, false)),
    Payload(provider: .brevo, body: brevo("spam", ""), expected: (.complained, .complaint, false)),
    Payload(provider: .brevo, body: brevo("delivered", ""), expected: (.delivered, .delivered, false)),
    Payload(provider: .brevo, body: brevo("request", "")),
    Payload(provider: .brevo, body: brevo("unique_opened", "")),
]
