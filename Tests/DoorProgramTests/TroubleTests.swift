import Foundation
import Scratch
import Testing

@Suite("Trouble at the door", .serialized, .ownThreads)
struct DoorTroubleTests {
    private static let mail = "Subject: x\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n."

    private func begin(_ client: RawClient) throws {
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<zoe@example.com>", expect: 250)
        try client.ask("RCPT TO:<bob@example.org>", expect: 250)
        try client.ask("DATA", expect: 354)
    }

    @Test("The second try of a message whose reply was lost is the same job")
    func again() throws {
        let place = try DoorProcess()
        var ids: Set<String> = []
        for _ in 0..<3 {
            let client = try RawClient(place.port)
            try begin(client)
            ids.insert(try client.ask(Self.mail))
        }
        #expect(ids.count == 1)
        #expect(try place.jobs().count == 1)
        #expect(try ids.first == "250 2.0.0 Ok: queued as \(#require(place.jobs().keys.first))\r\n")
    }

    @Test("An id that another job has is refused")
    func taken() throws {
        let place = try DoorProcess()
        let client = try RawClient(place.port)
        for (text, code) in [("one", 250), ("one", 250), ("two", 554)] {
            try begin(client)
            try client.ask("Subject: x\r\nX-Outspool-Id: order-1\r\n\r\n\(text)\r\n.", expect: code)
            try client.ask("RSET", expect: 250)
        }
        #expect(try Array(place.jobs().keys) == ["order-1"])
    }

    @Test("A template that outspool.conf does not give the box is refused, and given after SIGHUP")
    func templates() throws {
        let scratch = try DoorProcess.spool()
        for name in ["new", "tmp"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path("spool/drop/shop/\(name)"), withIntermediateDirectories: true)
        }
        try scratch.write("[dropbox shop]\ntemplates = hello\n[relay main]\nurl = smtp://x\n", to: "outspool.conf")
        let place = try DoorProcess(
            ["templates = all"], main: ["daemon_configuration = outspool.conf"], in: scratch, box: "spool/drop/shop")
        let client = try RawClient(place.port)
        let mail = "From: z@example.com\r\nX-Outspool-Template: order\r\n\r\n."
        try begin(client)
        let reply = try client.ask(mail)
        #expect(reply.hasPrefix("550 5.7.1 ") && reply.contains("the drop box shop may not use order"), "\(reply)")
        try scratch.write("[dropbox shop]\ntemplates = hello, order\n", to: "outspool.conf")
        place.send(SIGHUP)
        try waitUntil("the new configuration") {
            try client.ask("MAIL FROM:<zoe@example.com>", expect: 250)
            try client.ask("RCPT TO:<bob@example.org>", expect: 250)
            try client.ask("DATA", expect: 354)
            return try client.ask(mail).hasPrefix("250")
        }
        try scratch.write("[dropbox shop]\ntemplate = hello\n", to: "outspool.conf")
        place.send(SIGHUP)
        try waitUntil("the log") { place.log.contains("outspool.conf:2: unknown key 'template'") }
        #expect(place.isRunning)
        let smtpd = Program.built("outspool-smtpd").in(scratch.path)
        let broken = try smtpd.run(["--config", "smtpd.conf", "--check"])
        #expect(broken.status == 78 && broken.err.contains("outspool.conf:2"), "\(broken)")
        try FileManager.default.removeItem(atPath: scratch.path("outspool.conf"))
        #expect(try smtpd.run(["--config", "smtpd.conf", "--check"]).status == 78)
    }

    @Test("A box that is not there is the client's to try again, and taken when it is back")
    func missing() throws {
        let place = try DoorProcess()
        try FileManager.default.moveItem(atPath: place.scratch.path("spool"), toPath: place.scratch.path("away"))
        let client = try RawClient(place.port)
        try begin(client)
        try client.ask(Self.mail, expect: 451)
        try FileManager.default.moveItem(atPath: place.scratch.path("away"), toPath: place.scratch.path("spool"))
        try client.ask("MAIL FROM:<zoe@example.com>", expect: 250)
        try client.ask("RCPT TO:<bob@example.org>", expect: 250)
        try client.ask("DATA", expect: 354)
        try client.ask(Self.mail, expect: 250)
        try waitUntil("the log") { place.log.contains("warning: ") && place.log.contains("No such file") }
    }

    @Test("Silent clients are sent away, whatever they were about")
    func silence() throws {
        let place = try DoorProcess(main: ["timeout = 1s"])
        let idle = try RawClient(place.port)
        let half = try RawClient(place.port)
        try begin(half)
        try half.send("Subject: x\r\n")
        for client in [idle, half] { #expect(client.end().text == "421 4.4.2 Error: timeout exceeded\r\n") }
        #expect(try place.jobs().isEmpty)
        try waitUntil("the log") { place.log.contains("timeout after DATA from localhost[127.0.0.1]") }
    }

    @Test("A client that never stops is sent away, too")
    func drip() throws {
        let place = try DoorProcess(main: ["session_timeout = 1s"])
        let client = try RawClient(place.port)
        try begin(client)
        try waitUntil("the end") { !client.offer("x") || place.log.contains("disconnect from") }
        try waitUntil("the log") { place.log.contains("timeout after DATA") }
    }

    @Test("Connections beyond max_sessions get 421")
    func sessions() throws {
        let place = try DoorProcess(main: ["max_sessions = 2"])
        let clients = [try RawClient(place.port), try RawClient(place.port)]
        let third = try RawClient(place.port, greeting: false)
        #expect(try third.reply() == "421 4.7.0 Error: too many connections\r\n")
        try clients[0].ask("QUIT", expect: 221)
        _ = clients[0].end()
        try waitUntil("a free place") { try RawClient(place.port, greeting: false).reply().hasPrefix("220 ") }
    }

    @Test("All messages under way share their room")
    func room() throws {
        let place = try DoorProcess(main: ["max_receiving = 300K", "max_message_size = 200K"])
        let clients = try (0..<3).map { _ in try RawClient(place.port) }
        let text = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 2000)
        for client in clients { try begin(client) }
        for client in clients { try client.send("Subject: x\r\n\r\n" + text) }
        var codes: [String] = []
        for client in clients {
            try client.send(".\r\n")
            codes += try client.codes(1)
        }
        #expect(codes.contains("452"))
        #expect(codes.contains("250"))
        #expect(try place.jobs().count == codes.count { $0 == "250" })
        // The room is free again.
        try begin(clients[0])
        try clients[0].send("Subject: x\r\n\r\n" + text + ".\r\n")
        #expect(try clients[0].codes(1) == ["250"])
    }

    @Test("A connection that ends in a message leaves nothing")
    func half() throws {
        let place = try DoorProcess()
        let client = try RawClient(place.port)
        try begin(client)
        try client.send("Subject: x\r\n\r\ntext\r\n.\r")
        client.finishSending()
        #expect(client.end().text == "")
        try waitUntil("the log") { place.log.contains("lost connection from localhost[127.0.0.1]") }
        #expect(try place.jobs().isEmpty)
        #expect(try place.scratch.list("spool/tmp").isEmpty)
    }

    @Test("SIGTERM ends it, with a word to clients that wait")
    func stop() throws {
        let place = try DoorProcess()
        let client = try RawClient(place.port)
        place.send(SIGTERM)
        #expect(client.end().text == "421 4.3.2 Service shutting down\r\n")
        #expect(place.status == 0)
    }

    @Test(
        "systemd's sockets are served, and an idle server ends",
        .enabled(if: Machine.program("systemd-socket-activate") != nil))
    func activation() throws {
        let scratch = try DoorProcess.spool()
        let port = try Machine.freePort()
        try scratch.write("idle_exit = 1s\n[listener test]\nbox = \(scratch.path("spool"))\n", to: "smtpd.conf")
        let running = try RunningProgram(
            Program("/usr/bin/systemd-socket-activate"),
            [
                "--listen=127.0.0.1:\(port)", Program.built("outspool-smtpd").path, "--config",
                scratch.path("smtpd.conf"),
            ])
        try waitUntil("the socket", details: { running.err }) { running.err.contains("Listening on") }
        let client = try RawClient(UInt16(port))
        try begin(client)
        try client.ask(Self.mail, expect: 250)
        try client.ask("QUIT", expect: 221)
        #expect(try scratch.list("spool/new").count == 1)
        #expect(running.status == 0, "\(running.err)")
        #expect(running.err.contains("idle: "))
    }

    @Test("pflogsumm counts connections and refusals", .enabled(if: Machine.program("pflogsumm") != nil))
    func pflogsumm() throws {
        let place = try DoorProcess(["senders = @example.com"])
        for sender in ["zoe@example.com", "www-data@web1", "root@web1"] {
            let client = try RawClient(place.port)
            try client.ask("EHLO client.example", expect: 250)
            try client.ask("MAIL FROM:<\(sender)>", expect: sender.hasSuffix("example.com") ? 250 : 553)
            try client.ask("QUIT", expect: 221)
        }
        #expect(place.stop() == 0)
        let log = try place.scratch.write(place.log, to: "log")
        let ran = try Program("/usr/sbin/pflogsumm").run(["--syslog-name=outspool", "--smtpd-stats", log])
        #expect(ran.status == 0, "\(ran)")
        #expect(ran.out.contains(/\s2\s+rejected/), "\(ran.out)")
        #expect(ran.out.contains(/\s3\s+connections/), "\(ran.out)")
    }

    @Test("Metrics count what was answered")
    func metrics() throws {
        let place = try DoorProcess(main: ["metrics_file = metrics"])
        let client = try RawClient(place.port)
        try begin(client)
        try client.ask(Self.mail, expect: 250)
        try client.ask("QUIT", expect: 221)
        #expect(place.stop() == 0)
        let text = try place.scratch.read("metrics")
        #expect(text.contains("outspool_smtpd_messages_total{reply=\"250\"} 1\n"))
        #expect(text.contains("outspool_smtpd_connections_total 1\n"))
    }
}
