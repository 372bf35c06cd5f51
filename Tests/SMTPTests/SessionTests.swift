import SMTP
import Testing
import Time

@Suite("Session")
struct SessionTests {
    private let ok = Reply(code: 250, "2.0.0 Ok: queued as 1")
    private let go = Reply(code: 354, "Go")
    private let never = Reply(code: 550, "No")
    private let greeting = Reply(code: 250, "relay.test\nPIPELINING\nSIZE")

    private func session(_ lines: String = "PIPELINING") -> Session {
        Session(Capabilities(Reply(code: 250, "relay.test\n\(lines)")), helo: "me")
    }

    private func envelope(_ names: String..., size: Int = 1, utf8: Bool = false) throws -> Envelope {
        let names = names.isEmpty ? ["r"] : names
        return try Envelope(sender: "", recipients: names.map { "\($0)@x" }, size: size, needsSMTPUTF8: utf8)
    }

    /// The actions as words.
    private func words(_ actions: [Session.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .write(let bytes):
                String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map { $0.prefix(4) }
                    .joined(separator: "+")
            case .commit: "commit"
            case .writeBody: "body"
            case .finish(let outcome):
                "finish "
                    + outcome.recipients.map { recipient in
                        switch recipient {
                        case .sent: "sent"
                        case .deferred: "deferred"
                        case .refused: "refused"
                        case .inDoubt: "inDoubt"
                        case .tooMany: "tooMany"
                        case .notTried: "notTried"
                        }
                    }.joined(separator: ",")
            case .close: "close"
            }
        }
    }

    /// Hears the replies; what the last one brought about.
    private func after(_ replies: Reply..., in session: inout Session) -> [String] {
        var last: [String] = []
        for reply in replies {
            last = words(session.received(reply))
            if last == ["commit"] {
                last = words(session.proceed())
                session.bodyWritten()
            }
        }
        return last
    }

    @Test("Carries one message after the other, each in one group")
    func carries() throws {
        var it = session()
        for (count, text) in ["queued as 1", "queued as 2"].enumerated() {
            #expect(words(it.begin(try envelope())) == ["MAIL+RCPT+DATA"])
            #expect(!it.isIdle)
            #expect(after(ok, ok, go, in: &it) == ["body"])
            #expect(it.awaited == .dot)
            #expect(after(Reply(code: 250, text), in: &it) == ["finish sent"])
            #expect(it.isIdle)
            #expect(it.awaited == nil)
            #expect(it.patience == nil)
            #expect(it.count == count + 1)
        }
    }

    @Test("Nothing is sent behind a body: its reply could not be told from the next one's")
    func alone() throws {
        var it = session()
        _ = it.begin(try envelope())
        _ = after(ok, ok, go, in: &it)
        #expect(!it.isIdle)
    }

    @Test("Believes a refusal when a second EHLO is answered in its place")
    func proven() throws {
        var it = session()
        _ = it.begin(try envelope())
        #expect(after(ok, never, never, in: &it) == ["EHLO"])
        #expect(it.awaited == .reset)
        #expect(!it.isIdle)
        #expect(after(greeting, in: &it) == ["finish refused"])
        // It has reset the session, too.
        #expect(words(it.begin(try envelope())) == ["MAIL+RCPT+DATA"])
    }

    @Test(
        "Believes no refusal that another reply follows",
        arguments: [
            Reply(code: 250, "2.1.0 Ok"), Reply(code: 354, "Go"), Reply(code: 250, "other.test"),
        ])
    func disbelieved(reply: Reply) throws {
        var it = session()
        _ = it.begin(try envelope())
        _ = after(ok, never, never, in: &it)
        let actions = it.received(reply)
        #expect(words(actions) == ["finish notTried", "close"])
        guard case .finish(let outcome) = actions[0], case .outOfStep = outcome.fault else {
            Issue.record("not out of step")
            return
        }
    }

    @Test("Believes a refusal that the end of the connection, or a refusal of EHLO, follows")
    func lastWord() throws {
        for end in 0..<3 {
            var it = session()
            _ = it.begin(try envelope())
            _ = after(never, never, never, in: &it)
            let actions =
                switch end {
                case 0: it.interrupted(.closed("gone"))
                case 1: it.received(Reply(code: 421, "Bye"))
                default: it.received(Reply(code: 503, "Duplicate EHLO"))
                }
            #expect(words(actions) == ["finish refused", "close"])
        }
    }

    @Test("A refusal at the dot that a reply too many follows is in doubt")
    func refusedAtTheDot() throws {
        var it = session()
        _ = it.begin(try envelope())
        #expect(after(ok, ok, go, never, in: &it) == ["EHLO"])
        #expect(after(ok, in: &it) == ["finish inDoubt", "close"])
    }

    @Test("A dot's reply that repeats the last one, or is about an address, needs proof: once on a connection")
    func repeated() throws {
        var it = session()
        _ = it.begin(try envelope())
        #expect(after(ok, ok, go, ok, in: &it) == ["finish sent"])
        _ = it.begin(try envelope())
        #expect(after(ok, ok, go, ok, in: &it) == ["EHLO"])
        // The first reply came twice, and this is the second message's own.
        #expect(after(never, in: &it) == ["finish inDoubt", "close"])
        var other = session()
        _ = other.begin(try envelope())
        #expect(after(ok, ok, go, Reply(code: 250, "2.1.0 Ok"), in: &other) == ["EHLO"])
        #expect(after(greeting, in: &other) == ["finish sent"])
        _ = other.begin(try envelope())
        #expect(after(ok, ok, go, Reply(code: 250, "2.1.0 Ok"), in: &other) == ["EHLO"])
        #expect(after(greeting, in: &other) == ["finish sent"])
        _ = other.begin(try envelope())
        #expect(after(ok, ok, go, Reply(code: 250, "2.1.0 Ok"), in: &other) == ["finish sent"])
    }

    @Test("A session without PIPELINING proves its refusals, too: a reply may come once more, later")
    func stepByStep() throws {
        var it = session("SIZE")
        #expect(words(it.begin(try envelope("bad", "good"))) == ["MAIL"])
        #expect(after(ok, in: &it) == ["RCPT"])
        #expect(after(never, in: &it) == ["RCPT"])
        #expect(after(never, in: &it) == ["EHLO"])
        #expect(after(ok, in: &it) == ["finish notTried,notTried", "close"])
        // Who cannot greet twice is believed.
        var old = Session(Capabilities(Reply(code: 250, "relay.test")), helo: "me")
        _ = old.begin(try envelope())
        #expect(after(ok, never, in: &old) == ["finish refused"])
    }

    @Test("Waits for the reply to RSET")
    func reset() throws {
        var it = session()
        let later = Reply(code: 450, "Later")
        _ = it.begin(try envelope())
        #expect(after(ok, later, later, in: &it) == ["finish deferred"])
        #expect(words(it.begin(try envelope())) == ["RSET", "MAIL+RCPT+DATA"])
        #expect(it.awaited == .reset)
        #expect(after(ok, in: &it) == [])
        #expect(it.awaited == .mail)
        // A failure of RSET is the connection's end, not the job's.
        var other = session()
        _ = other.begin(try envelope())
        _ = after(ok, later, later, in: &other)
        _ = other.begin(try envelope())
        #expect(after(never, in: &other) == ["finish notTried", "close"])
    }

    @Test("Ends what is under way with the connection")
    func interrupted() throws {
        var it = session()
        _ = it.begin(try envelope())
        _ = after(ok, ok, go, in: &it)
        #expect(words(it.interrupted(.closed("gone"))) == ["finish inDoubt", "close"])
        #expect(it.interrupted(.timedOut) == [])
        #expect(it.received(ok) == [])
        #expect(!it.isIdle)
    }

    @Test("Refuses what the server cannot take, without asking it")
    func local() throws {
        var it = session("PIPELINING\nSIZE 100")
        for (envelope, expected) in [
            (try envelope(size: 101), "message size 101 exceeds the relay's limit of 100"),
            (try envelope("ü"), "a non-ASCII address or header, and the relay does not offer SMTPUTF8"),
        ] {
            guard case .finish(let outcome) = it.begin(envelope).first,
                case .refused(let cause) = outcome.recipients[0]
            else {
                Issue.record("not refused")
                return
            }
            #expect(cause.text == expected)
        }
        #expect(it.isIdle)
        #expect(it.count == 0)
        #expect(words(it.begin(try envelope(size: 100))) == ["MAIL+RCPT+DATA"])
    }

    @Test("Takes any byte while idle for the end", arguments: [Reply(code: 421, "Idle"), Reply(code: 250, "Ok")])
    func idle(reply: Reply) {
        var it = session()
        #expect(words(it.received(reply)) == ["close"])
        #expect(!it.isIdle)
    }

    @Test("A shifted reply never lets a body out, and refuses nobody")
    func shifted() throws {
        var it = session()
        _ = it.begin(try envelope())
        #expect(after(ok, ok, go, ok, in: &it) == ["finish sent"])
        _ = it.begin(try envelope())
        // A second reply to the dot: from here on each reply stands where the one before belongs.
        #expect(after(ok, ok, ok, in: &it) == ["finish notTried", "close"])
        var other = session()
        _ = other.begin(try envelope())
        _ = after(ok, ok, go, never, greeting, in: &other)
        _ = other.begin(try envelope())
        #expect(after(never, ok, ok, in: &other) == ["finish notTried", "close"])
    }

    @Test("An abort closes")
    func abort() throws {
        var it = session()
        _ = it.begin(try envelope())
        for reply in [ok, ok, go] { _ = it.received(reply) }
        #expect(words(it.abort()) == ["finish notTried", "close"])
    }

    @Test("Waits as long as RFC 5321 says")
    func patience() throws {
        var it = session()
        _ = it.begin(try envelope())
        for reply in [ok, ok, go] { _ = it.received(reply) }
        _ = it.proceed()
        #expect(it.patience == .minutes(3))
        it.bodyWritten()
        #expect(it.patience == .minutes(10))
        #expect(Timeouts().shortest == .minutes(2))
    }

    @Test("Reads LIMITS")
    func limits() {
        let offered = Capabilities(Reply(code: 250, "relay.test\nLIMITS RCPTMAX=20 MAILMAX=5 X=1"))
        #expect(offered.recipientLimit == 20)
        #expect(offered.messageLimit == 5)
    }
}
