import Feedback
import Testing

@Suite("Files of feedback/new")
struct FeedbackFileTests {
    private typealias Header = FeedbackFile.Request.Header

    @Test("A webhook is what was written")
    func roundTrip() {
        let request = FeedbackFile.Request(
            provider: "mailgun", headers: [Header("Content-Type", "application/json"), Header("X-A", "b: c")],
            body: Array("{\"a\":\n\n1}".utf8))
        #expect(FeedbackFile(request.file) == .webhook(request))
    }

    @Test(
        "What does not begin as a webhook is a mail",
        arguments: ["", "From: a@example.com\n\nhi\n", " Outspool-Webhook: ses\n\n{}", "outspool-webhook: ses\n\n{}"])
    func mails(text: String) { #expect(FeedbackFile(Array(text.utf8)) == .mail(Array(text.utf8))) }

    @Test(
        "A header without an end, or without sense, has no body",
        arguments: [
            "Outspool-Webhook:", "Outspool-Webhook: ses", "Outspool-Webhook: ses\nA: b",
            "Outspool-Webhook: ses\n" + String(repeating: "A: b\n", count: 200) + "\n{}",
        ])
    func broken(text: String) {
        guard case .webhook(let request) = FeedbackFile(Array(text.utf8)) else {
            Issue.record("it is a mail")
            return
        }
        #expect(request.body.isEmpty)
    }

    @Test("Lines may end in CR LF, and one that is no field is passed over")
    func lenient() {
        let text = "Outspool-Webhook:\tses \r\nno field\r\nA:b\r\n\r\n{}"
        #expect(
            FeedbackFile(Array(text.utf8))
                == .webhook(.init(provider: "ses", headers: [Header("A", "b")], body: Array("{}".utf8))))
    }
}
