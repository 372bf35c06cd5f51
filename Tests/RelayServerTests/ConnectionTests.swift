import Relay
import SMTP
import Scratch
import Testing
import Time

/// Our side of the wire against servers that do as they are told.
@Suite("Relay connection", .serialized, .ownThreads)
struct ConnectionTests {
    static let greeting = ["send 220 mx ESMTP\\r\\n", "line:EHLO client.test"]
    static let pipelining = greeting + ["send 250-mx\\r\\n250 PIPELINING\\r\\n"]
    static let plain = greeting + ["send 250 mx\\r\\n"]
    static let group = ["line:MAIL FROM:<s@example.com>", "line:RCPT TO:<r@example.com>", "line:DATA"]

    private func exchange(_ steps: [String], _ prepare: (Exchange) -> Void = { _ in }) throws -> (
        [String], TestServer, Exchange
    ) {
        let server = try TestServer(["script"] + steps)
        let exchange = try Exchange(server)
        prepare(exchange)
        return (try exchange.run(), server, exchange)
    }

    @Test("Delivers, one command after the other")
    func plain() throws {
        let (events, server, _) = try exchange(
            Self.plain + [
                "line:MAIL", "send 250 2.1.0 ok\\r\\n", "line:RCPT", "send 250 2.1.5 ok\\r\\n", "line:DATA",
                "send 354 go\\r\\n", "body", "send 250 2.0.0 queued\\r\\n", "line:QUIT", "send 221 bye\\r\\n",
            ])
        #expect(events == ["ready", "sent", "retired"])
        #expect(
            try server.heard() == "EHLO client.test\r\nMAIL FROM:<s@example.com>\r\nRCPT TO:<r@example.com>\r\nDATA\r\n"
                + "Subject: x\r\n\r\n..Hello\r\n.\r\nQUIT\r\n")
    }

    @Test("Understands replies that come byte by byte")
    func slow() throws {
        let (events, _, _) = try exchange(
            Self.pipelining + Self.group + [
                "slow 250-2.1.0 a\\n250 2.1.0 ok\\r\\n250\\r\\n354 go\\r\\n", "body",
                "slow 250 2.0.0 queued\\r\\n", "line:QUIT", "close",
            ])
        #expect(events == ["ready", "sent", "retired"])
    }

    @Test("Sends the next message when the first has its reply, and none before")
    func oneByOne() throws {
        let message = Self.group + ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body"]
        let (events, _, _) = try exchange(
            Self.pipelining + message + ["send 250 one\\r\\n"] + message + ["send 250 two\\r\\n", "line:QUIT", "close"]
        ) { $0.messages = 2 }
        #expect(events == ["ready", "sent", "sent", "retired"])
    }

    @Test(
        "Tells what became of it",
        arguments: [
            ("421 to MAIL", ["send 421 busy\\r\\n", "close"], "deferred 421 interrupted(MAIL)", "lost"),
            ("end at MAIL", ["close"], "deferred interrupted(MAIL)", "lost"),
            (
                "451 to MAIL", ["send 451 a\\r\\n503 b\\r\\n503 c\\r\\n", "line:QUIT", "close"], "deferred 451",
                "retired"
            ),
            (
                "550 to RCPT",
                [
                    "send 250 a\\r\\n550 b\\r\\n503 c\\r\\n", "line:EHLO", "send 250-mx\\r\\n250 PIPELINING\\r\\n",
                    "line:QUIT", "close",
                ], "refused 550", "retired"
            ),
            ("end at DATA", ["send 250 a\\r\\n250 b\\r\\n", "close"], "deferred interrupted(DATA)", "lost"),
            (
                "lone dot",
                [
                    "send 250 a\\r\\n550 b\\r\\n354 c\\r\\n", "line:.", "send 554 none\\r\\n", "line:EHLO",
                    "send 250-mx\\r\\n250 PIPELINING\\r\\n",
                    "line:QUIT", "close",
                ],
                "refused 550", "retired"
            ),
            (
                "end at the dot", ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "close"],
                "inDoubt interrupted(the end of the message)", "lost"
            ),
            (
                "reset at the dot", ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "reset"],
                "inDoubt interrupted(the end of the message)", "lost"
            ),
            (
                "554 to the dot",
                [
                    "send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 554 spam\\r\\n", "line:EHLO",
                    "send 250-mx\\r\\n250 PIPELINING\\r\\n",
                    "line:QUIT", "close",
                ],
                "refused 554", "retired"
            ),
            (
                "421 to the dot", ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 421 full\\r\\n", "close"],
                "deferred 421 interrupted(the end of the message)", "lost"
            ),
            ("nonsense", ["send 250 a\\r\\nhello\\r\\n", "hang"], "notTried outOfStep", "lost"),
            (
                "a refusal and a reply too many",
                ["send 250 a\\r\\n550 b\\r\\n554 c\\r\\n250 d\\r\\n", "line:EHLO", "hang"], "notTried outOfStep", "lost"
            ),
            (
                "too many replies", ["send 250 a\\r\\n250 b\\r\\n250 c\\r\\n354 d\\r\\n", "hang"],
                "notTried outOfStep", "lost"
            ),
            (
                "stray reply",
                ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 250 ok\\r\\n250 stray\\r\\n", "hang"], "sent",
                "idle"
            ),
            (
                "half a stray reply",
                ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 250 ok\\r\\n42", "hang"], "sent", "idle"
            ),
        ] as [(String, [String], String, String)])
    func outcomes(name: String, steps: [String], outcome: String, end: String) throws {
        let (events, _, _) = try exchange(Self.pipelining + Self.group + steps)
        #expect(events == ["ready", outcome, end], "\(name)")
    }

    @Test(
        "Gives up waiting",
        arguments: [
            (.mail, [], "deferred silent(MAIL)"), (.data, ["send 250 a\\r\\n250 b\\r\\n"], "deferred silent(DATA)"),
            (.dot, ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body"], "inDoubt silent(the end of the message)"),
        ] as [(Phase, [String], String)])
    func timeouts(phase: Phase, steps: [String], outcome: String) throws {
        let (events, server, _) = try exchange(Self.pipelining + Self.group + steps + ["hang"]) {
            switch phase {
            case .mail: $0.settings.timeouts.mail = .milliseconds(100)
            case .data: $0.settings.timeouts.data = .milliseconds(100)
            default: $0.settings.timeouts.dot = .milliseconds(100)
            }
        }
        #expect(events == ["ready", outcome, "lost"])
        #expect(!(try server.heard().contains("QUIT")))
    }

    @Test("Without PIPELINING two replies at once are one too many")
    func early() throws {
        let (events, server, _) = try exchange(
            Self.plain + ["line:MAIL", "send 250 a\\r\\n250 b\\r\\n", "hang"])
        #expect(events == ["ready", "notTried outOfStep", "lost"])
        #expect(!(try server.heard().contains("RCPT")))
    }

    @Test("A reply that comes too slowly is none")
    func trickle() throws {
        let (events, _, _) = try exchange(
            Self.pipelining + Self.group + ["slow 250 \(String(repeating: "x", count: 600))\\r\\n", "hang"]
        ) { $0.settings.timeouts.mail = .milliseconds(150) }
        #expect(events == ["ready", "deferred silent(MAIL)", "lost"])
    }

    @Test("Gives up a body that nobody reads, without a dot")
    func bodyTimeout() throws {
        let (events, _, _) = try exchange(
            Self.pipelining + Self.group + ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "some:1000", "hold"]
        ) {
            $0.body = [UInt8](repeating: 0x61, count: 20_000_000)
            $0.settings.timeouts.block = .milliseconds(300)
        }
        #expect(events == ["ready", "deferred silent(sending the message)", "lost"])
    }

    @Test("Hears an answer in the middle of the body", arguments: ["close", "reset", "hang"])
    func early(end: String) throws {
        let (events, _, _) = try exchange(
            Self.pipelining + Self.group
                + [
                    "send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "some:100000", "send 552 5.3.4 too big\\r\\n",
                    "some:1000000", end,
                ]
        ) { $0.body = [UInt8](repeating: 0x61, count: 20_000_000) }
        #expect(events == ["ready", "refused 552", "lost"])
    }

    @Test("Sends nothing of the body without the commit")
    func abort() throws {
        let (events, server, _) = try exchange(
            Self.pipelining + Self.group + ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body"]
        ) { $0.commit = { _, _ in false } }
        #expect(events == ["ready", "notTried aborted", "lost"])
        #expect(try server.heard().hasSuffix("DATA\r\nno dot"))
    }

    @Test("Asks for the commit with those that were accepted")
    func accepted() throws {
        var asked: [[Int]] = []
        let (events, _, _) = try exchange(
            Self.pipelining + ["line:MAIL", "line:RCPT", "line:RCPT", "line:RCPT"]
                + [
                    "send 250 a\\r\\n550 b\\r\\n250 c\\r\\n451 d\\r\\n", "line:RCPT", "send 550 b\\r\\n", "line:RCPT",
                    "send 451 d\\r\\n", "line:DATA", "send 354 e\\r\\n", "body", "send 250 f\\r\\n",
                    "line:QUIT", "close",
                ]
        ) {
            $0.recipients = ["a@x", "b@x", "c@x"]
            $0.commit = { _, indices in
                asked.append(indices)
                return true
            }
        }
        #expect(asked == [[1]])
        #expect(events == ["ready", "refused 550,sent,deferred 451", "retired"])
    }

    @Test(
        "Drops a connection on which the relay speaks or hangs up while idle",
        arguments: [["send 421 idle\\r\\n", "close"], ["close"], ["send 2", "hang"]])
    func idle(steps: [String]) throws {
        let (events, _, _) = try exchange(
            Self.pipelining + Self.group + ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 250 d\\r\\n"]
                + steps
        ) { $0.quits = false }
        #expect(events == ["ready", "sent", "idle"])
    }

    @Test("Says QUIT after a time without work")
    func idleTimeout() throws {
        let (events, server, _) = try exchange(Self.pipelining + ["line:QUIT", "send 221 bye\\r\\n"]) {
            $0.settings.idleTimeout = .milliseconds(50)
            $0.onReady = { _ in }
        }
        #expect(events == ["ready", "retired"])
        #expect(try server.heard().hasSuffix("QUIT\r\n"))
    }

    @Test("Does not wait long for the reply to QUIT")
    func quitIsBounded() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let (events, _, _) = try exchange(Self.pipelining + ["hang"]) { $0.onReady = { $0.quit() } }
        #expect(events == ["ready", "retired"])
        #expect(clock.now - start < .seconds(10))
    }

    @Test("Retires after so many messages")
    func retires() throws {
        let (events, _, exchange) = try exchange(
            Self.pipelining + Self.group + [
                "send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body", "send 250 d\\r\\n", "line:QUIT", "close",
            ]
        ) {
            $0.messages = 2
            $0.settings.messagesPerConnection = 1
        }
        #expect(events == ["ready", "sent", "retired"])
        #expect(exchange.messages == 1)
    }

    @Test("Completes what is under way when it is closed")
    func close() throws {
        let (events, server, _) = try exchange(
            Self.pipelining + Self.group + ["send 250 a\\r\\n250 b\\r\\n354 c\\r\\n", "body"]
        ) { exchange in
            exchange.commit = { [unowned exchange] connection, _ in
                exchange.loop.later {
                    connection.close()
                    exchange.loop.stop()
                }
                return true
            }
            exchange.body = [UInt8](repeating: 0x61, count: 10_000_000)
        }
        #expect(events == ["ready", "notTried aborted"])
        #expect(try server.heard().hasSuffix("no dot"))
    }

    @Test("Refuses locally what the relay cannot take, and goes on")
    func tooBig() throws {
        let (events, _, exchange) = try exchange(
            Self.greeting + ["send 250-mx\\r\\n250 SIZE 10\\r\\n", "line:QUIT", "close"])
        #expect(events == ["ready", "refused", "retired"])
        #expect(
            exchange.outcomes.first?.recipients == [
                .refused(.local(.tooBig, "message size 19 exceeds the relay's limit of 10"))
            ])
    }

    @Test("Gives a message back where there is no room")
    func noRoom() throws {
        let (events, _, _) = try exchange(Self.plain + ["line:MAIL", "close"]) { exchange in
            exchange.messages = 2
            exchange.onReady = { [unowned exchange] in
                exchange.send($0)
                exchange.send($0)
            }
        }
        #expect(events == ["ready", "notTried stale", "deferred interrupted(MAIL)", "lost"])
    }

    @Test("Tells nothing any more once it is closed", arguments: ["127.0.0.1", "relay.invalid"])
    func closedEarly(host: String) throws {
        let server = try TestServer(["script"] + Self.pipelining + ["line:QUIT", "close"])
        let exchange = try Exchange(server)
        let early = RelayConnection(exchange.curl, to: try RelaySettings(url: "smtp://\(host):\(server.port)"))
        early.onReady = { _ in Issue.record("ready") }
        early.onFailure = { Issue.record("\($0)") }
        early.onClosed = { _ in Issue.record("closed") }
        early.connect()
        early.close()
        early.quit()
        exchange.onReady = { $0.quit() }
        #expect(try exchange.run() == ["ready", "retired"])
    }
}
