import IDNA
import JSON
import Mail
import Message
import SMTPServer
import Scratch
import Spool
import Testing

@testable import Submission

@Suite("Jobs of messages")
struct JobMakerTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.write("Order {{number}}\n", to: "templates/order/subject.mustache")
        try scratch.write("Your order {{number}}\n", to: "templates/order/text.mustache")
        try scratch.write("from = shop@example.com\n", to: "templates/order/template.conf")
        try scratch.write(
            #"{"type":"object","properties":{"number":{"type":"integer"}},"required":["number"]}"#,
            to: "templates/order/schema.json")
    }

    /// The job of a message, its lines separated by LF here.
    func job(_ message: String, _ change: (inout Posting) -> Void = { _ in }) throws -> JobMaker.MadeJob {
        var access = Access(box: "/spool/drop/shop")
        access.templates = .all
        var posting = Posting(
            sender: try Address(parsing: "zoe@example.com"), recipients: [try Address(parsing: "bob@example.org")],
            message: Array(message.replacing("\n", with: "\r\n").utf8), access: access, origin: "host.example",
            maxJobSize: 1 << 20)
        change(&posting)
        return try JobMaker(templates: scratch.path("templates")).job(of: posting)
    }

    func refusal(_ message: String, _ change: (inout Posting) -> Void = { _ in }) -> Reply? {
        do {
            _ = try job(message, change)
            return nil
        } catch { return (error as? PostingRefusal)?.reply }
    }

    @Test("A message becomes a job that carries it")
    func message() throws {
        let made = try job("From: Zoe <zoe@example.com>\nTo: bob\nSubject: x\n\ntext\n") {
            ($0.notify, $0.returned, $0.envelopeID) = ("SUCCESS,FAILURE", "HDRS", "a+2Bb")
        }
        #expect(made.value.object?["envelope"] == ["from": "zoe@example.com", "to": ["bob@example.org"]])
        #expect(
            made.value.object?["message"]
                == "From: Zoe <zoe@example.com>\nTo: bob@host.example\nSubject: x\n\ntext\n")
        #expect(
            made.value.object?["dsn"]
                == ["notify": ["success", "failure"], "return": "headers", "envelopeId": "a+b"])
        #expect(made.object == made.value.encoded + [0x0A])
    }

    @Test("The same message with a Message-ID has the same id, another another, and one without has its own each time")
    func ids() throws {
        let text = "From: zoe@example.com\nMessage-ID: <1@x>\n\ntext\n"
        #expect(try job(text).id == job(text).id)
        #expect(try job(text).id.text.hasPrefix("mid-"))
        #expect(try job(text).id != job(text + "more\n").id)
        let other = try Address(parsing: "eve@example.org")
        #expect(try job(text).id != job(text) { $0.recipients = [other] }.id)
        let without = "From: zoe@example.com\n\ntext\n"
        #expect(try job(without).id != job(without).id)
    }

    @Test("A template is asked for by header fields")
    func template() throws {
        let made = try job(
            """
            From: Zoe <zoe@example.com>
            To: Bob <bob@example.org>
            Reply-To: help@example.com
            Subject: dropped
            X-Outspool-Template: order
            X-Outspool-Params: {"number":
              17}
            X-Outspool-Id: order-17
            X-Outspool-Priority: high
            X-Outspool-Tag: a, b
            X-OUTSPOOL-TAG: c
            X-Outspool-Locale: de
            X-Outspool-Send-At: 2100-01-01T00:00:00Z

            dropped
            """)
        #expect(made.id.text == "order-17")
        #expect(made.isGiven)
        let job = try #require(made.value.object)
        #expect(job["template"] == "order")
        #expect(job["params"] == ["number": 17])
        #expect(job["from"] == ["name": "Zoe", "email": "zoe@example.com"])
        #expect(job["to"] == [["name": "Bob", "email": "bob@example.org"]])
        #expect(job["replyTo"] == ["help@example.com"])
        #expect(job["priority"] == "high")
        #expect(job["locale"] == "de")
        #expect(job["sendAt"] == "2100-01-01T00:00:00Z")
        #expect(job["tags"] == ["a", "b", "c"])
        #expect(job["message"] == nil)
    }

    @Test("Without a template the fields are taken out of the message")
    func plain() throws {
        let made = try job("From: zoe@example.com\nX-Outspool-Tag: a\nX-Outspool-Other: stays\n\ntext\n")
        let message = try #require(made.value.object?["message"]?.string)
        #expect(message.contains("X-Outspool-Other: stays"))
        #expect(!message.contains("X-Outspool-Tag"))
        #expect(made.value.object?["tags"] == ["a"])
    }

    @Test("Parameters may come as encoded-words")
    func encoded() throws {
        let word = "=?utf-8?b?eyJudW1iZXIiOg==?= =?utf-8?b?MTd9?="
        let made = try job("From: z@example.com\nX-Outspool-Template: order\nX-Outspool-Params: \(word)\n\n")
        #expect(made.value.object?["params"] == ["number": 17])
    }

    @Test(
        "A mistake is told with its place",
        arguments: [
            ("X-Outspool-Template: order", "/params"),
            ("X-Outspool-Template: order\nX-Outspool-Params: {\"number\":\"x\"}", "/params/number"),
            ("X-Outspool-Template: order\nX-Outspool-Params: {", "X-Outspool-Params"),
            ("X-Outspool-Template: order\nX-Outspool-Params: []", "is array, not an object"),
            ("X-Outspool-Params: {}", "X-Outspool-Params"), ("X-Outspool-Id: a/b", "X-Outspool-Id"),
            ("X-Outspool-Id: a\nX-Outspool-Id: b", "is there twice"),
            ("X-Outspool-Send-At: tomorrow", "/sendAt"), ("X-Outspool-Priority: urgent", "/priority"),
            ("X-Outspool-Expires-At: 2001-01-01T00:00:00Z", "/expiresAt"),
            ("X-Outspool-Template: oder", "did you mean order?"),
        ])
    func mistakes(fields: String, words: String) throws {
        let reply = try #require(refusal("From: zoe@example.com\n\(fields)\n\ntext\n"))
        #expect(reply.code == 554)
        #expect(reply.text.contains(words), "\(reply.text)")
    }

    @Test("A template that the client may not ask for is refused")
    func forbidden() throws {
        for templates in [Access.Templates.none, .some(["hello"])] {
            let reply = refusal("X-Outspool-Template: order\nX-Outspool-Params: {\"number\":1}\n\n") {
                $0.access.templates = templates
            }
            #expect(reply?.code == 550)
        }
    }

    @Test("Authors are held against the senders that the client may use")
    func authors() throws {
        let entry = try Staging.Entry(parsing: "@example.com")
        #expect(refusal("From: ceo@example.org\n\nx\n") { $0.access.senders = [entry] }?.code == 550)
        #expect(
            refusal("From: zoe@example.com\nSender: x@example.org\n\nx\n") { $0.access.senders = [entry] }?.code == 550)
        #expect(refusal("From: zoe@example.com\n\nx\n") { $0.access.senders = [entry] } == nil)
    }

    @Test("Loops, and what is larger than a job may be")
    func limits() {
        let hops = String(repeating: "Received: from a by b; Tue, 1 Dec 2026 10:00:00 +0000\n", count: 51)
        #expect(refusal(hops + "From: z@example.com\n\nx\n")?.enhanced == "5.4.6")
        #expect(refusal("From: z@example.com\n\ntext\n") { $0.maxJobSize = 50 }?.code == 552)
    }

    @Test("The mark of a box", arguments: [("/s/drop/shop", "@shop"), ("/s/drop/local", "+7@local"), ("/s", "")])
    func marks(box: String, mark: String) { #expect(Access(box: box).mark(user: 7) == mark) }
}
