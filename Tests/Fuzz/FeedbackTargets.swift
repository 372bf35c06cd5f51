internal import Feedback

/// Any mail gives the same reports each time, whatever its line ends are, and what they quote fits a line.
func fuzzFeedback(_ input: [UInt8]) {
    let reports = FeedbackReader.read(input)
    must(FeedbackReader.read(input) == reports, "the same each time")
    check(reports)
    must(reports.allSatisfy { !$0.isVerified && $0.source == "mail" }, "a mail is never verified")
    if !input.contains(0x0D), input.count < 1 << 16 {
        let other = input.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
        must(FeedbackReader.read(other) == reports, "the same with CRLF")
    }
}

/// Any body of any relay gives reports or one error, and none passes for signed.
func fuzzWebhook(_ input: [UInt8]) {
    let provider = Provider.allCases[Int(input.first ?? 0) % Provider.allCases.count]
    let body = Array(input.dropFirst())
    let reports = (try? Webhook.read(body, from: provider)) ?? []
    check(reports)
    must(reports.allSatisfy { !$0.isVerified && $0.source == provider.rawValue }, "nothing is verified without a key")
    // A key that no request of these was made with.
    let point =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
    let isPublic = provider == .ses || provider == .sendgrid
    let text = isPublic ? (provider == .ses ? "arn:aws:sns:x:1:y\n" : "") + point : "AQIDBAUGBwgJCgsMDQ4P"
    guard let key = try? WebhookKey(Array(text.utf8), for: provider) else {
        must(false, "the key can be read")
        return
    }
    do throws(WebhookError) {
        _ = try Webhook.read(body, from: provider, headers: [], key: key)
        must(false, "a request without its signature is refused")
    } catch { must(!error.description.isEmpty, "an error has words") }
    // A key's file is the operator's, and may be any.
    _ = try? WebhookKey(body, for: provider)
    if let table = try? FeedbackTable(body, name: "t") { _ = FeedbackReader.read(body, by: table) }
}

private func check(_ reports: [Report]) {
    for report in reports {
        must(!report.id.isEmpty && !report.recipients.isEmpty, "a report has an id, and tells of a recipient")
        must(report.recipients.count <= 500, "recipients are bounded")
        for recipient in report.recipients {
            let reply = recipient.reply ?? "-"
            must(1...500 ~= reply.utf8.count, "a reply has at most 500 bytes")
            must(!reply.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a reply is one line")
            must(recipient.kind != .delayed || !recipient.isPermanent, "a delay is not permanent")
        }
    }
}
