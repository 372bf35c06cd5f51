import Foundation
import Scratch
import Testing

@Suite("Sessions over a raw socket", .serialized, .ownThreads)
struct SocketTests {
    @Test("A pipelined group is answered in order, and stored")
    func pipelined() throws {
        let sink = try SinkProcess(["--maildir", "mail", "--log", "log"])
        let client = try RawClient(sink.port)
        try client.ask("EHLO client.example", expect: 250)
        try client.send(
            "MAIL FROM:<a@example.com> SIZE=99\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<x>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        #expect(try client.codes(5) == ["250", "250", "501", "250", "354"])
        try client.send("Subject: one\r\n\r\n..\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<e@f> NOTIFY=NEVER\r\nDATA\r\n")
        #expect(try client.codes(4) == ["250", "250", "250", "354"])
        try client.send("Subject: two\r\n\r\n.\r\nQUIT\r\n")
        #expect(try client.codes(2) == ["250", "221"])
        #expect(client.end() == ("", .closed))

        let messages = try sink.messages()
        #expect(messages.count == 2)
        let first = try #require(messages.first { $0.contains("Subject: one") })
        let header = first.components(separatedBy: "\r\n")
        #expect(
            header.prefix(5) == [
                "Return-Path: <a@example.com>", "Delivered-To: b@example.com", "X-Original-To: b@example.com",
                "Delivered-To: c@d", "X-Original-To: c@d",
            ])
        #expect(first.contains("\r\nReceived: from client.example ([127.0.0.1])\r\n\tby mx.example with ESMTP id "))
        #expect(first.contains("; helo=client.example; tls=none; user=none; body=none; smtputf8=no; size=99\r\n"))
        #expect(first.hasSuffix("\r\nX-Sink-Long-Lines: 0000000\r\nSubject: one\r\n\r\n.\r\n"))
        let second = try #require(messages.first { $0.contains("Subject: two") })
        #expect(second.hasPrefix("Return-Path: <>\r\n"))
        #expect(second.contains("\r\nX-Sink-DSN: <e@f>; notify=NEVER;\r\n"))

        let log = try sink.scratch.read("log").split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(log.map { $0["event"] as? String } == ["refused", "message", "message"])
        #expect(log.last?["from"] as? String == "")
        #expect(log.last?["to"] as? [String] == ["e@f"])
        #expect(log.last?["size"] as? Int == 16)
        #expect(log.last?["stored"] as? Bool == true)
        let names = try sink.scratch.list("mail/new")
        #expect(names.contains(log.last?["file"] as? String ?? ""))
        #expect(try sink.scratch.list("mail/tmp") == [])
        #expect(sink.stop() == 0)
    }

    @Test(
        "CR or LF alone in a message is refused, and the session goes on", arguments: ["a\n.\nb", "a\n.\r\nb", "a\rb"])
    func smuggling(body: String) throws {
        let sink = try SinkProcess(["--maildir", "mail"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "dot")
        #expect(try client.ask("\(body)\r\n.").hasPrefix("550 5.5.2"))
        try client.ask("MAIL FROM:<a@example.com>", expect: 250)
        #expect(try sink.messages().isEmpty)
    }

    @Test("Lines that never end, or end with LF alone, are refused and cost no memory")
    func endlessLine() throws {
        let sink = try SinkProcess()
        let client = try RawClient(sink.port)
        try client.ask("NOOP " + String(repeating: "x", count: 3_000_000), expect: 500)
        try client.ask("NOOP " + String(repeating: "x", count: 1000), expect: 500)
        try client.send("NOOP\n")
        #expect(try client.reply().hasPrefix("500 5.5.2"))
        try client.ask("NOOP", expect: 250)
    }

    @Test("A message beyond the limit is refused after its end; SIZE says so before")
    func tooBig() throws {
        let sink = try SinkProcess(["--maildir", "mail", "--max-size", "100K"])
        let client = try RawClient(sink.port)
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<a@b> SIZE=102401", expect: 552)
        for (lines, code) in [(1025, 552), (1024, 250)] {
            try client.ask("MAIL FROM:<a@b>", expect: 250)
            try client.ask("RCPT TO:<a@b>", expect: 250)
            try client.ask("DATA", expect: 354)
            let line = String(repeating: "x", count: 98) + "\r\n"
            try client.ask(String(repeating: line, count: lines) + ".", expect: code)
        }
        #expect(try sink.messages().count == 1)
    }

    @Test("A long message goes to its file in parts; its long lines are counted at the end")
    func spilled() throws {
        let sink = try SinkProcess(["--maildir", "mail"])
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "dot")
        let body = String(repeating: String(repeating: "y", count: 2000) + "\r\n", count: 600)
        try client.ask(body + ".", expect: 250)
        let message = try #require(try sink.messages().first)
        #expect(message.hasSuffix("X-Sink-Long-Lines: 0000600\r\n" + body))
    }

    @Test("Strictness refuses what is else only noted")
    func strict() throws {
        let long = String(repeating: "y", count: 999)
        for (options, codes) in [([], ["250", "250"]), (["--strict"], ["550", "554"])] as [([String], [String])] {
            let sink = try SinkProcess(options)
            let client = try RawClient(sink.port)
            for (body, code) in zip([long, "ä"], codes) {
                try client.prepare(upTo: "dot")
                #expect(try client.ask(body + "\r\n.").hasPrefix(code))
            }
            try client.prepare(upTo: "data")
            try client.send("DATA\r\nx\r\n")
            #expect(try client.codes(1) == [options.isEmpty ? "354" : "503"])
        }
    }

    @Test(
        "With SMTPUTF8 only a body needs BODY=8BITMIME",
        arguments: [
            (" SMTPUTF8", "Subject: ä\r\n\r\nx", "250"), (" SMTPUTF8", "Subject: x\r\n\r\nä", "554"),
            (" SMTPUTF8 BODY=8BITMIME", "Subject: x\r\n\r\nä", "250"), ("", "Subject: ä\r\n\r\nx", "554"),
        ])
    func international(parameters: String, message: String, code: String) throws {
        let sink = try SinkProcess(["--strict"])
        let client = try RawClient(sink.port)
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<a@b>\(parameters)", expect: 250)
        try client.ask("RCPT TO:<tomáš@example.com>", expect: parameters.isEmpty ? 553 : 250)
        if parameters.isEmpty { try client.ask("RCPT TO:<a@b>", expect: 250) }
        try client.ask("DATA", expect: 354)
        #expect(try client.ask(message + "\r\n.").hasPrefix(code))
    }

    @Test("Who pipelines without an offer is told so")
    func withheld() throws {
        let sink = try SinkProcess(["--no-offer", "PIPELINING,ENHANCEDSTATUSCODES"])
        let client = try RawClient(sink.port)
        let offer = try client.ask("EHLO client.example")
        #expect(!offer.contains("PIPELINING") && !offer.contains("ENHANCED") && offer.contains("8BITMIME"))
        #expect(try client.ask("RSET") == "250 Ok\r\n")
        try client.send("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n")
        #expect(client.end() == ("554 PIPELINING was not offered\r\n", .closed))
    }

    @Test("Without a Maildir, mail is counted; the summary says how much")
    func counted() throws {
        let directory = try Scratch()
        let sink = try SinkProcess(in: directory)
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "rset")
        #expect(try directory.list("") == [])
        #expect(
            sink.complaints()
                == "outspool-sink: 1 sessions, 1 messages (0 refused), 20 octets, 0 faults\n")
        #expect(try SinkProcess(["--quiet"]).complaints() == "")
    }

    @Test("Credentials come from a file, and mail waits for them")
    func credentialFile() throws {
        let directory = try Scratch()
        try directory.write("# users\njoe:se:cret\n", to: "users")
        let sink = try SinkProcess(["--auth-file", "users", "--require-auth", "--auth-without-tls"], in: directory)
        let client = try RawClient(sink.port)
        #expect(try client.ask("EHLO c").contains("250-AUTH PLAIN LOGIN\r\n"))
        try client.ask("MAIL FROM:<a@b>", expect: 530)
        try client.ask("AUTH PLAIN " + Data("\0joe\0wrong".utf8).base64EncodedString(), expect: 535)
        try client.ask("AUTH PLAIN", expect: 334)
        try client.ask(Data("\0joe\0se:cret".utf8).base64EncodedString(), expect: 235)
        try client.ask("MAIL FROM:<a@b>", expect: 250)
    }

    @Test("A Maildir that cannot take a message is a temporary failure")
    func cannotStore() throws {
        let sink = try SinkProcess(["--maildir", "mail"])
        try FileManager.default.removeItem(atPath: sink.scratch.path("mail/tmp"))
        let client = try RawClient(sink.port)
        try client.prepare(upTo: "dot")
        try client.ask("text\r\n.", expect: 451)
        try client.ask("NOOP", expect: 250)
        #expect(sink.complaints().contains("cannot store a message: "))
    }

    @Test("An abandoned message leaves nothing behind, and the end is clean while clients wait")
    func abandoned() throws {
        let sink = try SinkProcess(["--maildir", "mail"])
        let waiting = try RawClient(sink.port)
        let half = String(repeating: "half a message\r\n", count: 40_000)
        do {
            let client = try RawClient(sink.port)
            try client.prepare(upTo: "dot")
            try client.send(half)
            client.finishSending()
            #expect(client.end() == ("", .closed))
        }
        #expect(try sink.scratch.list("mail/tmp") == [])
        try waiting.prepare(upTo: "dot")
        try waiting.send(half)
        #expect(sink.stop() == 0)
        #expect(try sink.scratch.list("mail/tmp") == [])
        #expect(try sink.messages().isEmpty)
    }

    @Test("Everything that came before the client closed its half is answered")
    func halfClosed() throws {
        let sink = try SinkProcess(["--delay", "mail=5ms"])
        let client = try RawClient(sink.port)
        try client.send("EHLO c\r\nMAIL FROM:<a@b>\r\nRSET\r\n")
        client.finishSending()
        let (text, end) = client.end()
        #expect(text.hasSuffix("250 2.1.0 Ok\r\n250 2.0.0 Ok\r\n"))
        #expect(end == .closed)
    }

    @Test("A session in which nothing happens ends with 421")
    func timeout() throws {
        let sink = try SinkProcess(["--timeout", "50ms"])
        let client = try RawClient(sink.port)
        #expect(client.end() == ("421 4.4.2 Timeout\r\n", .closed))
    }

    @Test("More sessions than allowed are turned away; many are served")
    func manySessions() throws {
        let sink = try SinkProcess(["--max-sessions", "200"])
        let clients = try (0..<200).map { _ in try RawClient(sink.port) }
        let refused = try RawClient(sink.port, greeting: false)
        #expect(refused.end().text == "421 4.3.2 Too many sessions\r\n")
        for client in clients { try client.ask("EHLO c", expect: 250) }
    }
}
