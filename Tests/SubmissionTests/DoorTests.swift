import IDNA
import Message
import SMTPServer
import Testing

@testable import Submission

@Suite("A session of the door")
struct DoorTests {
    static let session =
        "EHLO client.example\r\nMAIL FROM:<zoe@example.com> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<bob@example.org>\r\n"
        + "RCPT TO:<root>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\nQUIT\r\n"

    @Test("All of it in one packet or byte by byte is the same", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        var client = TalkingClient()
        let answers = client.send(Self.session, inPiecesOf: size)
        #expect(TalkingClient.codes(answers) == ["250", "250", "250", "250", "354", "250", "250", "221"])
        #expect(answers.contains("250 2.0.0 Ok: queued as ID\r\n"))
        #expect(client.isClosed)
        let posting = try #require(client.postings.first)
        #expect(client.postings.count == 1)
        #expect(posting.sender?.text == "zoe@example.com")
        #expect(posting.recipients.map(\.address.text) == ["bob@example.org", "root@host.example"])
        #expect(String(decoding: posting.message, as: UTF8.self) == "Subject: x\r\n\r\n.dot\r\n")
        #expect(client.logs == ["ID: client=localhost[127.0.0.1]"])
        #expect(client.door.summary == "ehlo=1 mail=1 rcpt=2 data=1 noop=1 quit=1 commands=7")
    }

    @Test("EHLO tells what there is")
    func extensions() {
        var client = TalkingClient { rules, _ in
            (rules.offersTLS, rules.offersLogin) = (true, true)
        }
        let before = client.send("EHLO client.example\r\n")
        for word in [
            "PIPELINING", "SIZE 10485760", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN",
            "LIMITS RCPTMAX=1000",
        ] {
            #expect(before.contains("250-\(word)\r\n") || before.contains("250 \(word)\r\n"), "\(word)")
        }
        #expect(!before.contains("AUTH"))
        #expect(client.say("STARTTLS") == "220 2.0.0")
        #expect(client.beganTLS == 1)
        let after = client.send("EHLO client.example\r\n")
        #expect(after.contains("AUTH PLAIN LOGIN") && !after.contains("STARTTLS"))
    }

    @Test(
        "What is refused, and how",
        arguments: [
            (["MAIL FROM:<a@b.c>"], "503 5.5.1"), (["RCPT TO:<a@b.c>"], "503 5.5.1"), (["DATA"], "503 5.5.1"),
            (["EHLO c", "MAIL FROM:<a@b.c>", "DATA"], "554 5.5.1"),
            (["EHLO c", "MAIL FROM:<a@b.c>", "MAIL FROM:<a@b.c>"], "503 5.5.1"),
            (["EHLO c", "MAIL FROM:<a@b.c> SIZE=99999999"], "552 5.3.4"),
            (["EHLO c", "MAIL FROM:<a@b.c> FOO=1"], "555 5.5.4"), (["EHLO c", "MAIL FROM:<a b@c>"], "501 5.1.7"),
            (["EHLO c", "MAIL FROM:<ä@b.c>"], "553 5.6.7"), (["EHLO c", "MAIL FROM:<ä@b.c> SMTPUTF8"], "250 2.1.0"),
            (["EHLO c", "MAIL FROM:<>"], "250 2.1.0"), (["EHLO c", "MAIL FROM: a@b.c"], "250 2.1.0"),
            (["EHLO c", "MAIL FROM:<>", "RCPT TO:<x y>"], "501 5.1.3"),
            (["EHLO c", "MAIL FROM:<>", "RCPT TO:<>"], "501 5.1.3"),
            (["EHLO c", "MAIL FROM:<>", "RCPT TO:<a@b.c> NOTIFY=NEVER", "RCPT TO:<d@b.c>"], "250 2.1.5"),
            (["EHLO c", "MAIL FROM:<>", "RCPT TO:<a@b.c> NOTIFY=NEVER", "RCPT TO:<d@b.c> NOTIFY=NEVER"], "250 2.1.5"),
            (["EHLO c", "STARTTLS"], "502 5.5.1"), (["EHLO c", "AUTH PLAIN"], "503 5.5.1"), (["VRFY a"], "252 2.0.0"),
            (["EXPN a"], "502 5.5.1"), (["ETRN a"], "502 5.5.1"), (["FOO"], "500 5.5.2"), (["HELP"], "214 2.0.0"),
            (["RSET"], "250 2.0.0"), (["EHLO"], "501 5.5.4"), (["NOOP x\u{7}"], "500 5.5.2"),
            (["NOOP " + String(repeating: "x", count: 1000)], "500 5.5.2"),
        ] as [([String], String)])
    func refusals(lines: [String], reply: String) {
        var client = TalkingClient()
        var last = ""
        for line in lines { last = client.say(line) }
        #expect(last == reply)
        #expect(client.postings.isEmpty)
    }

    @Test("A session ends after too many errors, and after too many commands that do nothing")
    func errors() {
        var client = TalkingClient()
        for _ in 0..<19 { #expect(client.say("FOO") == "500 5.5.2") }
        #expect(!client.isClosed)
        #expect(client.say("FOO") == "421 4.7.0")
        #expect(client.isClosed)
        var idle = TalkingClient()
        for _ in 0..<100 { #expect(idle.say("NOOP") == "250 2.0.0") }
        #expect(idle.say("NOOP") == "421 4.7.0")
        #expect(idle.isClosed)
    }

    @Test(
        "What another protocol begins with ends the session",
        arguments: ["GET / HTTP/1.1", "POST /x HTTP/1.1", "Host: localhost", "\u{16}\u{3}\u{1}"])
    func protocols(line: String) {
        var client = TalkingClient()
        #expect(client.say(line, "EHLO x", "MAIL FROM:<a@b.c>") == "421 4.7.0")
        #expect(client.isClosed)
    }

    @Test("A flood of commands waits where it came from")
    func flood() {
        var client = TalkingClient { rules, _ in rules.maxIdleCommands = 100_000 }
        let line = Array("NOOP\r\n".utf8)
        var taken = 0
        while client.door.wantsInput, taken < 1 << 22 {
            var door = client.door
            line.withUnsafeBytes { door.receive($0) }
            taken += line.count
            while door.next() != nil {}
            client = TalkingClient(door)
        }
        #expect(!client.door.wantsInput)
        #expect(taken < 256 << 10)
        #expect(client.door.output.count < Door.outputLimit + 1024)
    }

    @Test("A message that no room is left for is refused for now, and the session goes on")
    func shed() {
        var client = TalkingClient()
        client.begin()
        _ = client.say("DATA", "Subject: x", "", "text")
        var door = client.door
        #expect(door.heldSize > 0)
        door.shed()
        #expect(door.heldSize == 0)
        client = TalkingClient(door)
        #expect(client.say("more", ".") == "452 4.3.1")
        #expect(client.postings.isEmpty)
        #expect(client.say("MAIL FROM:<zoe@example.com>") == "250 2.1.0")
    }

    @Test("A message over the limit is refused when it has come, and its bytes are not kept")
    func tooBig() {
        var client = TalkingClient { rules, _ in rules.maxMessageSize = 1000 }
        client.begin()
        _ = client.say("DATA")
        for _ in 0..<100 {
            _ = client.say(String(repeating: "x", count: 70))
            #expect(client.door.heldSize <= 1072)
        }
        #expect(client.say(".") == "552 5.3.4")
    }

    @Test("A refusal of the disk is the client's to try again")
    func temporary() {
        var client = TalkingClient()
        client.result = .failure(PostingRefusal(Reply(451, "4.3.0", "Error: queue file write error")))
        client.begin()
        #expect(client.say("DATA", "Subject: x", "", ".") == "451 4.3.0")
        #expect(
            client.logs.last?.hasPrefix("NOQUEUE: reject: END-OF-MESSAGE from localhost[127.0.0.1]: 451 4.3.0") == true)
    }
}

extension TalkingClient {
    init(_ door: Door) {
        self.init()
        self.door = door
    }
}
