import Scratch
import Testing

@Suite("Misbehaviour on demand", .serialized, .ownThreads)
struct MisbehaviourTests {
    private static let commands = [
        "ehlo": "EHLO client.example", "mail": "MAIL FROM:<a@example.com>", "rcpt": "RCPT TO:<b@example.com>",
        "data": "DATA", "dot": "Subject: x\r\n\r\ntext\r\n.", "rset": "RSET", "quit": "QUIT",
    ]
    private static let usual = [
        "mail": "250 2.1.0 Ok\r\n", "rcpt": "250 2.1.5 Ok\r\n", "data": "354 End data with <CR><LF>.<CR><LF>\r\n",
        "rset": "250 2.0.0 Ok\r\n", "quit": "221 2.0.0 Bye\r\n",
    ]

    @Test("At every command: a reply instead", arguments: ["ehlo", "mail", "rcpt", "data", "dot", "rset"])
    func reply(phase: String) throws {
        let sink = try SinkProcess(["--fail", "\(phase)=451 4.7.1 Later:1"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: phase)
        #expect(try client.ask(Self.commands[phase] ?? "") == "451 4.7.1 Later\r\n")
        // It had no effect, and it was the only one.
        if phase == "dot" {
            try client.ask("DATA", expect: 503)
        } else {
            #expect(try client.ask(Self.commands[phase] ?? "").hasPrefix(phase == "data" ? "354" : "250"))
        }
    }

    @Test(
        "At every command: the end of the connection",
        arguments: ["ehlo", "mail", "rcpt", "data", "dot", "rset", "quit"], ["close", "reset"])
    func ends(phase: String, action: String) throws {
        let sink = try SinkProcess(["--fail", "\(phase)=\(action)"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: phase)
        try client.send("\(Self.commands[phase] ?? "")\r\n")
        #expect(client.end() == ("", action == "close" ? .closed : .reset))
    }

    @Test("Before the greeting", arguments: ["connect", "greeting"])
    func greeting(phase: String) throws {
        for (action, text, end) in [
            ("close", "", .closed), ("reset", "", .reset), ("421 4.3.0 Busy", "421 4.3.0 Busy\r\n", .closed),
        ] as [(String, String, RawClient.End)] {
            let sink = try SinkProcess(["--fail", "\(phase)=\(action)"])
            #expect(try RawClient(sink.port, greeting: false).end() == (text, end))
        }
        let sink = try SinkProcess(["--fail", "\(phase)=554 5.3.2 No mail here"])
        let client = try RawClient(sink.port, greeting: false)
        #expect(try client.reply() == "554 5.3.2 No mail here\r\n")
        try client.ask("EHLO c", expect: 503)
        try client.ask("QUIT", expect: 221)
    }

    @Test("Silence is silence, and half a reply is no more", arguments: ["mail", "data"])
    func silence(phase: String) throws {
        let usual = Self.usual[phase] ?? ""
        for (action, text) in [("silence", ""), ("half", String(usual.prefix(usual.utf8.count / 2)))] {
            let sink = try SinkProcess(["--fail", "\(phase)=\(action)"])
            let client = try RawClient(sink.port)
            try client.prepare(upTo: phase)
            try client.send("\(Self.commands[phase] ?? "")\r\nNOOP\r\n")
            client.finishSending()
            // Mute, but not blind: it sees the client go.
            #expect(client.end() == (text, .closed))
        }
    }

    @Test("A dripping reply is whole, and what follows waits for it")
    func drip() throws {
        let sink = try SinkProcess(["--fail", "rcpt=drip:1", "--drip-every", "2ms"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "rcpt")
        let clock = ContinuousClock()
        let start = clock.now
        try client.send("RCPT TO:<b@example.com>\r\nRSET\r\n")
        #expect(try client.line() == "250 2.1.5 Ok\r\n")
        #expect(clock.now - start >= .milliseconds(13 * 2))
        #expect(try client.line() == "250 2.0.0 Ok\r\n")
    }

    @Test("Garbage is no reply, and the session goes on")
    func garbage() throws {
        let sink = try SinkProcess(["--fail", "mail=garbage:1"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "mail")
        try client.send("MAIL FROM:<a@b>\r\n")
        let line = try client.line()
        #expect(line.utf8.count > 200 && !line.hasPrefix("2"))
        try client.ask("MAIL FROM:<a@b>", expect: 250)
    }

    @Test("An endless reply fills what the client has, and no more of the server")
    func endless() throws {
        let sink = try SinkProcess(["--fail", "ehlo=endless:1"])
        let client = try RawClient(sink.port)
        try client.send("EHLO c\r\n")
        for _ in 0..<50_000 { #expect(try client.line().hasPrefix("250-")) }
        try RawClient(sink.port).ask("EHLO c", expect: 250)
    }

    @Test(
        "An early reply comes before its command, which then gets none",
        arguments: [("mail", "ehlo"), ("rcpt", "mail"), ("data", "rcpt"), ("dot", "data"), ("rset", "dot")])
    func early(phase: String, after: String) throws {
        let sink = try SinkProcess(["--fail", "\(phase)=early:1"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: after)
        try client.ask(Self.commands[after] ?? "")
        #expect(try client.line().hasPrefix(phase == "data" ? "354" : "250"))
        try client.send("\(Self.commands[phase] ?? "")\r\n")
        if phase == "data" { try client.send(".\r\n") }
        if phase == "data" { #expect(try client.line().hasPrefix("250")) }
        #expect(try client.ask("NOOP") == "250 2.0.0 Ok\r\n")
    }

    @Test("In the middle of a message")
    func body() throws {
        for (action, end) in [("close", RawClient.End.closed), ("reset", .reset)] {
            let sink = try SinkProcess(["--fail", "body=\(action)", "--maildir", "mail"])
            let client = try RawClient(sink.port)
            try client.prepare(upTo: "dot")
            try client.send("Subject: the first bytes\r\n")
            #expect(client.end() == ("", end))
            #expect(try sink.messages().isEmpty)
        }
        let sink = try SinkProcess(["--fail", "body=552 5.2.2 Full:1"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "dot")
        try client.send("Subject: the first bytes\r\n")
        #expect(try client.line() == "552 5.2.2 Full\r\n")
        try client.send("the rest\r\n.\r\n")
        #expect(try client.ask("NOOP") == "250 2.0.0 Ok\r\n")
    }

    @Test("After the dot the message is stored, whatever becomes of the reply; a refusal stores nothing")
    func dot() throws {
        for (action, count) in [("close", 1), ("reset", 1), ("half", 1), ("250 2.0.0 Fine", 1), ("450 4.2.0 No", 0)] {
            let sink = try SinkProcess(["--fail", "dot=\(action)", "--maildir", "mail", "--log", "log"])
            let client = try RawClient(sink.port)
            try client.prepare(upTo: "dot")
            try client.send("text\r\n.\r\n")
            client.finishSending()
            _ = client.end()
            #expect(try sink.messages().count == count, "\(action)")
            #expect(try sink.scratch.read("log").contains("\"stored\":\(count == 1)"))
        }
    }

    @Test("An idle connection can be closed by the server")
    func idle() throws {
        let sink = try SinkProcess(["--fail", "idle=421 4.4.2 Idle too long:1", "--delay", "idle=5ms"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "rset")
        #expect(client.end() == ("421 4.4.2 Idle too long\r\n", .closed))
        let slow = try SinkProcess(["--fail", "idle=drip", "--drip-every", "1ms"])
        let dripping = try RawClient(slow.port)
        try dripping.prepare(upTo: "rset")
        #expect(try dripping.line().hasPrefix("250 "))
        let other = try RawClient(sink.port)
        try other.prepare(upTo: "rset")
        try other.ask("NOOP", expect: 250)
    }

    @Test("Only for one recipient, or once for each")
    func matched() throws {
        let sink = try SinkProcess([
            "--fail", "rcpt(zoe@example.com)=550-5.1.1 No\\n550 5.1.1 Really not", "--fail",
            "rcpt=451 4.7.1 Greylisted:1/rcpt",
            "--fail", "mail(spam@example.com)=554 5.7.1 No spam",
        ])
        let client = try RawClient(sink.port)
        try client.ask("EHLO c", expect: 250)
        try client.ask("MAIL FROM:<spam@example.com>", expect: 554)
        try client.ask("MAIL FROM:<a@example.com>", expect: 250)
        #expect(try client.ask("RCPT TO:<Zoe@example.com>") == "550-5.1.1 No\r\n550 5.1.1 Really not\r\n")
        for code in [451, 250] {
            for name in ["tom", "tim"] { try client.ask("RCPT TO:<\(name)@example.com>", expect: code) }
        }
    }

    @Test("A delay holds one session and not the others")
    func delay() throws {
        let sink = try SinkProcess(["--delay", "dot=60ms"])
        let slow = try RawClient(sink.port)
        try slow.prepare(upTo: "dot")
        let clock = ContinuousClock()
        let start = clock.now
        try slow.send("text\r\n.\r\nNOOP\r\n")
        let quick = try RawClient(sink.port)
        try quick.prepare(upTo: "dot")
        #expect(try slow.codes(2) == ["250", "250"])
        #expect(clock.now - start >= .milliseconds(60))
    }
}
