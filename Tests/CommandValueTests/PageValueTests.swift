import Message
import Spool
import Testing
import Time

@testable import Command

@Suite("What pages compute")
struct PageValueTests {
    @Test("Counts become what was added between two of them, over a daemon's restart, too")
    func rates() {
        var rates = Rates()
        func daemon(_ second: Int64, sent: Int, started: Int64) -> DaemonStatus {
            var status = DaemonStatus(at: Timestamp(seconds: second), state: "running")
            status.started = Timestamp(seconds: started)
            status.totals = [.sent: sent]
            return status
        }
        rates.add(daemon(10, sent: 5, started: 1))
        rates.add(daemon(20, sent: 12, started: 1))
        rates.add(daemon(20, sent: 12, started: 1))
        rates.add(daemon(30, sent: 3, started: 25))
        #expect(rates.samples.map { $0.added[.sent] } == [7, 3])
        #expect(rates.count(.sent, since: Timestamp(seconds: 25)) == 3)
        for second in Int64(31)...2000 { rates.add(daemon(second, sent: 3, started: 25)) }
        #expect(rates.samples.count == 360)
    }

    @Test(
        "Links are those of tags and of texts, each once, without a sentence's end",
        arguments: [
            ("<a href=\"https://x.example/?a=1&amp;b=2\">", "", ["https://x.example/?a=1&b=2"]),
            ("<A HREF='https://a.example/'> href=\"https://no.example/\"", "", ["https://a.example/"]),
            ("<a data-href=\"https://no.example\" href=https://b.example>x", "", ["https://b.example"]),
            ("<a href=\"javascript:x()\"><a href=\"mailto:z@x.example\">", "", ["mailto:z@x.example"]),
            ("", "See https://c.example/x. Or (http://d.example)!", ["https://c.example/x", "http://d.example"]),
            ("<a href=\"https://e.example\">", "https://e.example", ["https://e.example"]),
        ])
    func links(_ html: String, _ text: String, _ links: [String]) {
        let parts = [
            html.isEmpty ? "" : "--b\r\nContent-Type: text/html\r\n\r\n\(html)\r\n",
            text.isEmpty ? "" : "--b\r\nContent-Type: text/plain\r\n\r\n\(text)\r\n",
        ]
        let mail = "Content-Type: multipart/alternative; boundary=b\r\n\r\n\(parts.joined())--b--\r\n"
        #expect(MailLinks(ReadMessage(Array(mail.utf8))).all == links)
    }

    @Test("A picture that is named a thousand times does not make a page of gigabytes")
    func pictures() {
        let picture = String(repeating: "A", count: 4 << 20)
        let names = String(repeating: "<img src=\"cid:a\">", count: 1000)
        let mail =
            "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\(names)\r\n--b\r\n"
            + "Content-Type: image/png\r\nContent-ID: <a>\r\n\r\n\(picture)\r\n--b--\r\n"
        let html = ReadMessage(Array(mail.utf8)).selfContainedHTML ?? ""
        #expect(html.utf8.count < 64 << 20 && html.hasPrefix("<img src=\"data:image/png;base64,"))
    }
}
