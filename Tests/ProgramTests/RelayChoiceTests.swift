import Foundation
import Scratch
import Testing

/// Which relay a mail goes to, and how it looks there.
@Suite("Choice of the relay", .serialized, .ownThreads)
struct RelayChoiceTests {
    /// A place with a relay main and, behind it, a relay rest.
    private func place(_ main: String, sink: [String] = []) throws -> Workplace {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(
            port: try place.sink(options: sink),
            relay: "tls = none\n\(main)\n[relay rest]\nurl = smtp://127.0.0.1:\(port)\ntls = none")
        _ = try place.daemon()
        return place
    }

    private func relays(_ place: Workplace, _ id: String) throws -> [String] {
        try place.history(id).compactMap { $0["event"] as? String == "sending" ? $0["relay"] as? String : nil }
    }

    @Test("By the job's sender; its own relay comes first where it stands first")
    func bySender() throws {
        let place = try place("senders = news@example.com")
        try place.hello("news", #","from":"news@example.com""#)
        try place.hello("shop", #","from":"shop@example.com""#)
        for id in ["news", "shop"] { try place.wait(for: id, in: "done") }
        #expect(try relays(place, "news") == ["main"])
        #expect(try relays(place, "shop") == ["rest"])
    }

    @Test("By the recipient's domain: one mail goes out by two relays, and nobody gets it twice")
    func byDomain() throws {
        let place = try place("domains = a.example")
        try place.drop(
            "both",
            #"{"template":"hello","to":["x@a.example","y@b.example","z@a.example"],"params":{"name":"x"}}"#)
        try place.wait(for: "both", in: "done")
        #expect(try relays(place, "both") == ["main", "rest"])
        let sent = try place.history("both").filter { $0["event"] as? String == "sent" }
        #expect(sent.count == 2)
        #expect((sent[0]["to"] as? [String]) == ["x@a.example", "z@a.example"])
        #expect((sent[1]["to"] as? String) == "y@b.example")
    }

    @Test("What one relay puts off waits, while the other's recipients have their mail")
    func partly() throws {
        let place = try place("domains = a.example", sink: ["--fail", "rcpt=450 4.2.1 Later"])
        try place.drop("both", #"{"template":"hello","to":["x@a.example","y@b.example"],"params":{"name":"x"}}"#)
        try place.wait(for: "both", in: "retry/01-30s")
        let events = try place.history("both")
        #expect(events.contains { $0["event"] as? String == "sent" && $0["to"] as? String == "y@b.example" })
        #expect(events.contains { $0["event"] as? String == "deferred" && $0["to"] as? String == "x@a.example" })
    }

    @Test("A mail that one relay cannot take goes to the next: too big, or an address that is not ASCII")
    func unfit() throws {
        let place = try place("", sink: ["--max-size", "600", "--no-offer", "SMTPUTF8"])
        try place.hello("small")
        try place.drop(
            "big", "{\"to\":\"a@example.com\",\"subject\":\"s\",\"text\":\"\(String(repeating: "x ", count: 600))\"}")
        try place.drop("bcc", #"{"to":"a@example.com","bcc":"zoë@example.com","subject":"s","text":"t"}"#)
        for id in ["small", "big", "bcc"] { try place.wait(for: id, in: "done") }
        #expect(try relays(place, "small") == ["main"])
        #expect(try relays(place, "big") == ["rest"])
        #expect(try relays(place, "bcc") == ["main", "rest"])
    }

    @Test("A mail that no relay takes waits, and says why")
    func none() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "tls = none\nsenders = other@example.com")
        _ = try place.daemon()
        try place.hello("lost")
        try place.wait(for: "lost", in: "retry/01-30s")
        #expect((try place.history("lost").last?["reason"] as? String)?.hasPrefix("no relay takes it") == true)
    }

    @Test("A relay adds its header fields, and names its own sender to the server")
    func headers() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink(),
            relay: "tls = none\nheader = X-Key: {{id}}\nheader = X-Own: no\nenvelope_from = bounces@example.com")
        _ = try place.daemon()
        try place.hello("one", #","headers":{"x-own":"yes"}"#)
        try place.wait(for: "one", in: "done")
        let mail = try #require(place.mails().first)
        #expect(mail.contains("X-Key: one"))
        #expect(!mail.contains("X-Own: no"))
        #expect(mail.contains("<bounces@example.com>"))
    }

    @Test("An 8-bit body is encoded for a relay without 8BITMIME, and stays as it is for one with it")
    func eightBit() throws {
        let message =
            #"From: a@example.com\nSubject: x\nContent-Type: text/plain; charset=utf-8\n"#
            + #"Content-Transfer-Encoding: 8bit\n\nGrüße aus Köln\n"#
        for (options, encoding) in [(["--strict", "--no-offer", "8BITMIME"], "base64"), (["--strict"], "8bit")] {
            let place = try Workplace()
            try place.configure(port: try place.sink(options: options))
            _ = try place.daemon()
            try place.drop("eight", "{\"to\":\"b@example.com\",\"message\":\"\(message)\"}")
            try place.wait(for: "eight", in: "done")
            let mail = try #require(place.mails().first)
            #expect(mail.contains("Content-Transfer-Encoding: \(encoding)"))
            #expect(mail.contains(encoding == "8bit" ? "Grüße aus Köln" : "R3LDvMOfZSBhdXMgS8O2bG4NCg=="))
        }
    }

    @Test("More recipients than the relay takes go in further mails at once")
    func manyRecipients() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "tls = none\nrecipients_per_mail = 7")
        _ = try place.daemon()
        let recipients = (0..<100).map { "\"r\($0)@example.com\"" }.joined(separator: ",")
        try place.drop("many", "{\"to\":\"a@example.com\",\"bcc\":[\(recipients)],\"subject\":\"s\",\"text\":\"t\"}")
        try place.wait(for: "many", in: "done")
        #expect(place.mails().count == 15)
        #expect(try place.events("many").count == 30)
    }
}
