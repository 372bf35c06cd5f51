import Testing

@testable import Submission

/// Inputs that two servers in a row have understood as different numbers of messages.
@Suite("Smuggling")
struct SmugglingTests {
    static let second = "MAIL FROM:<admin@example.com>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: two\r\n\r\n"

    @Test(
        "One message, or none",
        arguments: [
            "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\r\n.\r\r\n", "\r\n\0.\r\n",
            "\r\n.\0\r\n", "\n\n.\n\n", "\r\n.\r\r\n", "\r\n. \r\n", "\r\n.\u{85}", "\r\n\u{FF0E}\r\n",
        ], [1, 5, 4096])
    func ends(trick: String, size: Int) {
        var client = TalkingClient()
        client.begin()
        let answers = client.send(
            "DATA\r\nSubject: one\r\n\r\ntext" + trick + Self.second + "end\r\n.\r\n", inPiecesOf: size)
        // All up to the true end is the one message.
        #expect(TalkingClient.codes(answers).count == 2, "\(answers)")
        #expect(client.postings.count <= 1)
        #expect(client.postings.allSatisfy { $0.sender?.text == "zoe@example.com" })
        let hasBare = trick.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" }
        #expect(answers.hasSuffix(hasBare ? "lines end with CR LF\r\n" : "queued as ID\r\n"))
    }

    @Test("Two messages that end rightly are two")
    func two() {
        var client = TalkingClient()
        client.begin()
        _ = client.send("DATA\r\nSubject: one\r\n\r\ntext\r\n.\r\n" + Self.second + "end\r\n.\r\n")
        #expect(client.postings.map(\.sender?.text) == ["zoe@example.com", "admin@example.com"])
    }

    @Test("A command line that ends with LF alone is refused")
    func commands() {
        var client = TalkingClient()
        #expect(TalkingClient.codes(client.send("EHLO x\nMAIL FROM:<a@b.c>\r\n")) == ["500", "503"])
    }

    @Test("Commands behind STARTTLS in one packet are not taken as protected")
    func injection() {
        var client = TalkingClient { rules, _ in rules.offersTLS = true }
        _ = client.say("EHLO client.example")
        #expect(client.say("STARTTLS", "MAIL FROM:<evil@example.com>") != "220 2.0.0")
        #expect(client.beganTLS == 0)
    }

    @Test("Line ends in commands and addresses do not get into replies or the log")
    func lines() {
        var client = TalkingClient()
        _ = client.say("EHLO client.example", "MAIL FROM:<>", "RCPT TO:<a\u{2028}b c@x>", "RCPT TO:<\u{1b}[31m x@y>")
        for line in client.logs {
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(line)")
        }
    }
}
