import Configuration
import Glibc
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
            sender: try Address(parsing: "zoe@example.com"),
            recipients: [.init(try Address(parsing: "bob@example.org"))],
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
            ($0.returned, $0.envelopeID) = ("HDRS", "a+2Bb")
            $0.recipients[0].notify = "SUCCESS,FAILURE"
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

    @Test("Recipients may ask for different notifications, and bring the address that they had first")
    func notifications() throws {
        let (eve, amy) = (try Address(parsing: "eve@example.org"), try Address(parsing: "amy@example.org"))
        let made = try job("From: zoe@example.com\n\ntext\n") {
            $0.recipients[0].notify = "NEVER"
            $0.recipients += [
                .init(eve, notify: "DELAY,FAILURE", original: "rfc822;eve+2Bx@example.net"), .init(amy),
                .init(amy, notify: "NEVER"),
            ]
        }
        #expect(
            made.value.object?["dsn"] == [
                "recipients": [
                    "bob@example.org": ["notify": ["never"]],
                    "eve@example.org": ["notify": ["delay", "failure"], "original": "rfc822;eve+2Bx@example.net"],
                ]
            ])
        let same = try job("From: zoe@example.com\n\ntext\n") {
            $0.recipients[0].notify = "DELAY"
            $0.recipients.append(.init(eve, notify: "DELAY", original: "rfc822;e@x.example"))
        }
        #expect(
            same.value.object?["dsn"] == [
                "notify": ["delay"], "recipients": ["eve@example.org": ["original": "rfc822;e@x.example"]],
            ])
    }

    @Test("The same message with a Message-ID has the same id, another another, and one without has its own each time")
    func ids() throws {
        let text = "From: zoe@example.com\nMessage-ID: <1@x>\n\ntext\n"
        #expect(try job(text).id == job(text).id)
        #expect(try job(text).id.text.hasPrefix("mid-"))
        #expect(try job(text).id != job(text + "more\n").id)
        let other = try Address(parsing: "eve@example.org")
        #expect(try job(text).id != job(text) { $0.recipients = [.init(other)] }.id)
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

    @Test("A template that outspool.conf does not give the box is refused with its reason")
    func outOfTheBox() throws {
        let file = try ConfigurationFile(
            parsing: "[dropbox shop]\ntemplates = hello\n[dropbox web]\ntasks = order\n", name: "outspool.conf")
        let permissions = try BoxPermissions(file.sections("dropbox"))
        func reply(_ box: String, templates: String?) -> Reply? {
            var access = Access(box: box)
            access.templates = .all
            do throws(PostingRefusal) {
                let address = try? Address(parsing: "bob@example.org")
                let text =
                    "From: z@example.com\r\nX-Outspool-Template: order\r\n"
                    + "X-Outspool-Params: {\"number\":1}\r\n\r\n"
                let posting = Posting(
                    sender: address, recipients: address.map { [.init($0)] } ?? [], message: Array(text.utf8),
                    access: access, origin: "host.example", maxJobSize: 1 << 20)
                _ = try JobMaker(templates: templates).job(of: posting, under: permissions)
                return nil
            } catch { return error.reply }
        }
        let seen = scratch.path("templates")
        #expect(reply("/spool/drop/shop", templates: seen)?.code == 550)
        let said = reply("/spool/drop/shop", templates: seen)?.text
        #expect(said?.contains("the drop box shop may not use order") == true)
        #expect(reply("/spool/drop/shop", templates: nil)?.code == 550)
        for box in ["/spool/drop/web", "/spool/drop/other", "/spool"] { #expect(reply(box, templates: seen) == nil) }
        #expect(reply("/spool/drop/web", templates: nil) == nil)
        try scratch.write("#!/bin/sh\n", to: "templates/order/run")
        chmod(scratch.path("templates/order/run"), 0o755)
        for name in ["subject.mustache", "text.mustache"] { unlink(scratch.path("templates/order/\(name)")) }
        #expect(reply("/spool/drop/web", templates: seen) == nil)
        #expect(reply("/spool/drop/other", templates: seen)?.text.contains("may not ask for the task order") == true)
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
