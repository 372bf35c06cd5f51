import IDNA
import Mail
import Message
import SMTPServer
import Testing

@testable import Submission

@Suite("Who may send what")
struct WhoMayTests {
    /// A door that other machines reach.
    static func guarded() -> TalkingClient {
        var client = TalkingClient { rules, _ in
            (rules.offersLogin, rules.allowsLoginWithoutTLS, rules.requiresLogin) = (true, true, true)
        }
        var access = Access(box: "/spool/drop/zoe")
        access.senders = [try! Staging.Entry(parsing: "@example.com")]
        client.logins["zoe"] = ("secret", access)
        return client
    }

    /// The tricks by which relays were found open.
    @Test(
        "Without a login nothing is relayed",
        arguments: [
            ("<a@b.c>", "<victim@example.org>"), ("<>", "<victim@example.org>"), ("<root@localhost>", "<v@x.y>"),
            ("<a@mx.example>", "<victim@example.org>"), ("<a@[127.0.0.1]>", "<victim@example.org>"),
            ("<a@b.c>", "<victim%example.org@mx.example>"), ("<a@b.c>", "<victim%example.org@[127.0.0.1]>"),
            ("<a@b.c>", "<\"victim@example.org\">"), ("<a@b.c>", "<\"victim%example.org\"@mx.example>"),
            ("<a@b.c>", "<@mx.example:victim@example.org>"), ("<a@b.c>", "<example.org!victim>"),
            ("<a@b.c>", "<example.org!victim@mx.example>"), ("<a@b.c>", "<victim@example.org@mx.example>"),
            ("<a@b.c>", "<victim@example.org>, <x@mx.example>"), ("<a@b.c> AUTH=<a@b.c>", "<victim@example.org>"),
        ])
    func tricks(sender: String, recipient: String) {
        var client = Self.guarded()
        _ = client.say("EHLO mx.example")
        #expect(client.say("MAIL FROM:\(sender)") != "250 2.1.0")
        #expect(client.say("RCPT TO:\(recipient)").hasPrefix("5"))
        #expect(client.say("DATA").hasPrefix("5"))
        #expect(client.postings.isEmpty)
    }

    @Test(
        "A login is believed with its password only",
        arguments: [
            ("AUTH PLAIN AHpvZQBzZWNyZXQ=", "235 2.7.0"), ("AUTH PLAIN AHpvZQB3cm9uZw==", "535 5.7.8"),
            ("AUTH PLAIN AGJvYgBzZWNyZXQ=", "535 5.7.8"), ("AUTH PLAIN AHpvZQA=", "535 5.7.8"),
            ("AUTH PLAIN =", "501 5.5.2"), ("AUTH PLAIN !", "501 5.5.2"), ("AUTH CRAM-MD5", "504 5.5.4"),
            ("AUTH PLAIN AHpvZQBzZWNyZXQAeA==", "501 5.5.2"), ("AUTH", "501 5.5.4"),
        ])
    func plain(command: String, reply: String) {
        var client = Self.guarded()
        _ = client.say("EHLO client.example")
        #expect(client.say(command) == reply)
        #expect(client.say("MAIL FROM:<zoe@example.com>") == (reply.hasPrefix("235") ? "250 2.1.0" : "530 5.7.0"))
    }

    @Test("LOGIN asks for user and password")
    func login() {
        var client = Self.guarded()
        _ = client.say("EHLO client.example")
        #expect(client.send("AUTH LOGIN\r\n") == "334 VXNlcm5hbWU6\r\n")
        #expect(client.send("em9l\r\n") == "334 UGFzc3dvcmQ6\r\n")
        #expect(client.say("c2VjcmV0") == "235 2.7.0")
        #expect(client.say("AUTH LOGIN") == "503 5.5.1")
        #expect(client.send("RSET\r\n") == "250 2.0.0 Ok\r\n")
    }

    @Test("An exchange can be broken off, and a guess counts as an error")
    func guesses() {
        var client = Self.guarded()
        _ = client.say("EHLO client.example")
        _ = client.say("AUTH LOGIN")
        #expect(client.say("*") == "501 5.7.0")
        var last = ""
        for _ in 0..<20 where !client.isClosed { last = client.say("AUTH PLAIN AHpvZQB3cm9uZw==") }
        #expect(last == "421 4.7.0")
        #expect(client.logs.contains { $0.contains("SASL PLAIN authentication failed: user=zoe") })
        #expect(!client.logs.contains { $0.contains("wrong") })
    }

    @Test("A login has its own box and senders")
    func own() throws {
        var client = Self.guarded()
        _ = client.say("EHLO client.example", "AUTH PLAIN AHpvZQBzZWNyZXQ=")
        #expect(client.say("MAIL FROM:<ceo@example.org>") == "553 5.7.1")
        #expect(client.logs.last?.hasPrefix("NOQUEUE: reject: MAIL from localhost[127.0.0.1]: 553 5.7.1") == true)
        _ = client.say("MAIL FROM:<zoe@example.com>", "RCPT TO:<bob@example.org>", "DATA", "Subject: x", "", ".")
        #expect(try #require(client.postings.first).access.box == "/spool/drop/zoe")
        #expect(client.logs.last == "ID: client=localhost[127.0.0.1], sasl_method=PLAIN, sasl_username=zoe")
    }

    @Test("envelope_from takes the place of every sender but the null sender", arguments: ["www-data@host", ""])
    func forced(sender: String) throws {
        let bounces = try Address(parsing: "bounces@example.com")
        var client = TalkingClient { _, access in
            access.envelopeFrom = bounces
            access.senders = []
        }
        _ = client.say("EHLO c", "MAIL FROM:<\(sender)>", "RCPT TO:<bob@example.org>", "DATA", "Subject: x", "", ".")
        #expect(try #require(client.postings.first).sender?.text == (sender.isEmpty ? nil : "bounces@example.com"))
    }
}
