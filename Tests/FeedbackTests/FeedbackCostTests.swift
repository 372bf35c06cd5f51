import Scratch
import Testing

@testable import Feedback

@Suite("What hostile mails cost", .serialized, .ownThreads)
struct FeedbackCostTests {
    /// Generous for a debug build on a busy machine; what grows as a square takes hours.
    private func isQuick(_ body: () -> Void) -> Bool { ContinuousClock().measure { body() } < .seconds(60) }

    @Test(
        "A mail of a megabyte costs its length, whatever it is full of",
        arguments: [
            "@", "a@b ", "a@b.example\n", "<", "5.1.", "550 ", "user unknown ", "Received: from x for a@b;\n",
            "X-Failed-Recipients: a@b\n",
            "Final-Recipient: rfc822; a@b.example\n\n", "=?utf-8?q?a?= ",
            "--b\nContent-Type: message/delivery-status\n\n", "To: a@b\n ",
            "----- original message\n", "\u{1B}$B", "\"a\"@",
        ])
    func mails(piece: String) {
        let fill = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        let head = "From: MAILER-DAEMON@x\nSubject: failure notice\n"
        let report =
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        for mail in [fill, head + "\n" + fill, head + "X: " + fill, report + fill] {
            var count = 0
            #expect(isQuick { count = FeedbackReader.read(Array(mail.utf8)).flatMap(\.recipients).count })
            #expect(count <= 500)
        }
    }

    @Test("Beyond its first megabyte a mail is not read")
    func limit() {
        let head = Array(
            "From: MAILER-DAEMON@x\nSubject: failure notice\n\n<a@b.example>:\n550 5.1.1 User unknown\n".utf8)
        let long = head + [UInt8](repeating: 0x20, count: FeedbackReader.limit)
        let reports = FeedbackReader.read(long)
        #expect(reports.flatMap(\.recipients).map(\.address) == ["a@b.example"])
        #expect(FeedbackReader.read(long + Array("\n<c@d.example>:\n550".utf8)) == reports)
    }

    @Test("A body of webhooks costs its length")
    func webhooks() {
        let event = #"{"email":"a@b.example","event":"bounce","reason":"550 5.1.1 user unknown"}"#
        let body = Array(("[" + Array(repeating: event, count: 12_000).joined(separator: ",") + "]").utf8)
        var count = 0
        #expect(isQuick { count = (try? Webhook.read(body, from: .sendgrid))?.count ?? 0 })
        #expect(count == Webhook.eventLimit)
    }
}
