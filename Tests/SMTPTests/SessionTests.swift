import SMTP
import Testing
import Time

@Suite("Session")
struct SessionTests {
    private let ok = Reply(code: 250, "Ok")
    private let go = Reply(code: 354, "Go")
    private let never = Reply(code: 550, "No")

    private func session(pipelining: Bool = true, limit: Int? = nil) -> Session {
        var offered = Capabilities()
        offered.pipelining = pipelining
        offered.size = limit != nil
        offered.sizeLimit = limit
        return Session(offered)
    }

    private func envelope(_ name: String = "r", size: Int = 1, utf8: Bool = false) throws -> Envelope {
        try Envelope(sender: "", recipients: ["\(name)@x"], size: size, needsSMTPUTF8: utf8)
    }

    /// The actions as words.
    private func words(_ actions: [Session.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .write(let bytes):
                String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map { $0.prefix(4) }
                    .joined(separator: "+")
            case .commit(let ticket, _): "commit \(ticket)"
            case .writeBody(let ticket): "body \(ticket)"
            case .finish(let ticket, let outcome):
                "finish \(ticket) "
                    + outcome.recipients.map { recipient in
                        switch recipient {
                        case .sent: "sent"
                        case .deferred: "deferred"
                        case .refused: "refused"
                        case .inDoubt: "inDoubt"
                        case .notTried: "notTried"
                        }
                    }.joined(separator: ",")
            case .close: "close"
            }
        }
    }

    /// Brings the first transaction past its commit.
    private func started(_ session: inout Session) throws {
        #expect(words(session.begin(try envelope()).1) == ["MAIL+RCPT+DATA"])
        #expect(session.room == .none)
        #expect(words(session.received(ok)) == [])
        #expect(words(session.received(ok)) == [])
        #expect(words(session.received(go)) == ["commit 1"])
        #expect(session.room == .none)
        #expect(words(session.proceed()) == ["body 1"])
        #expect(session.room == .behind)
    }

    @Test("Sends the next transaction's commands behind the body: one round trip a message")
    func behind() throws {
        var it = session()
        try started(&it)
        #expect(words(it.begin(try envelope()).1) == ["MAIL+RCPT+DATA"])
        #expect(it.room == .none)
        it.bodyWritten()
        #expect(it.awaited == .dot)
        #expect(words(it.received(ok)) == ["finish 1 sent"])
        #expect(it.awaited == .mail)
        _ = it.received(ok)
        _ = it.received(ok)
        #expect(words(it.received(go)) == ["commit 2"])
        #expect(words(it.proceed()) == ["body 2"])
        it.bodyWritten()
        #expect(words(it.received(ok)) == ["finish 2 sent"])
        #expect(it.room == .idle)
        #expect(it.awaited == nil)
        #expect(it.patience == nil)
        #expect(it.count == 2)
    }

    @Test("Returns the next transaction untouched when the connection ends under the first")
    func interrupted() throws {
        var it = session()
        try started(&it)
        _ = it.begin(try envelope())
        it.bodyWritten()
        let actions = it.interrupted(.closed("gone"))
        #expect(words(actions) == ["finish 1 inDoubt", "finish 2 notTried", "close"])
        guard case .finish(_, let outcome) = actions[1], case .stale = outcome.fault else {
            Issue.record("the relay was blamed")
            return
        }
        #expect(it.interrupted(.timedOut) == [])
        #expect(it.received(ok) == [])
        #expect(it.room == .none)
    }

    @Test("Closes after an answer in the middle of a body")
    func early() throws {
        var it = session()
        try started(&it)
        _ = it.begin(try envelope())
        #expect(words(it.received(never)) == ["finish 1 refused", "finish 2 notTried", "close"])
    }

    @Test("Resets after a transaction that stopped half way, in the same group as the next")
    func reset() throws {
        var it = session()
        _ = it.begin(try envelope())
        _ = it.received(ok)
        _ = it.received(never)
        #expect(words(it.received(never)) == ["finish 1 refused"])
        #expect(it.room == .idle)
        #expect(words(it.begin(try envelope()).1) == ["RSET", "MAIL+RCPT+DATA"])
        #expect(it.awaited == .reset)
        #expect(words(it.received(ok)) == [])
        #expect(it.awaited == .mail)
    }

    @Test("Waits for the reply to RSET without PIPELINING")
    func resetOneByOne() throws {
        var it = session(pipelining: false)
        #expect(words(it.begin(try envelope()).1) == ["MAIL"])
        #expect(words(it.received(ok)) == ["RCPT"])
        #expect(words(it.received(never)) == ["finish 1 refused"])
        #expect(words(it.begin(try envelope()).1) == ["RSET"])
        #expect(words(it.received(ok)) == ["MAIL"])
        // A failure of RSET is the connection's end, not the job's.
        var other = session(pipelining: false)
        _ = other.begin(try envelope())
        _ = other.received(ok)
        _ = other.received(never)
        _ = other.begin(try envelope())
        #expect(words(other.received(never)) == ["finish 2 notTried", "close"])
    }

    @Test("Needs no RSET after MAIL was refused")
    func mailRefused() throws {
        var it = session()
        _ = it.begin(try envelope())
        for _ in 0..<2 { #expect(it.received(never) == []) }
        #expect(words(it.received(never)) == ["finish 1 refused"])
        #expect(words(it.begin(try envelope()).1) == ["MAIL+RCPT+DATA"])
    }

    @Test("Has no room behind a body without PIPELINING")
    func noRoom() throws {
        var it = session(pipelining: false)
        _ = it.begin(try envelope())
        _ = it.received(ok)
        _ = it.received(ok)
        _ = it.received(go)
        _ = it.proceed()
        #expect(it.room == .none)
    }

    @Test("Refuses what the server cannot take, without asking it")
    func local() throws {
        var it = session(limit: 100)
        let (_, tooBig) = it.begin(try envelope(size: 101))
        guard case .finish(1, let outcome) = tooBig.first, case .refused(let cause) = outcome.recipients[0] else {
            Issue.record("not refused")
            return
        }
        #expect(cause.enhanced?.description == "5.3.4")
        #expect(cause.text == "message size 101 exceeds the relay's limit of 100")
        let (_, utf8) = it.begin(try envelope("ü"))
        guard case .finish(2, let second) = utf8.first, case .refused(let why) = second.recipients[0] else {
            Issue.record("not refused")
            return
        }
        #expect(why.enhanced?.description == "5.6.7")
        #expect(it.room == .idle)
        #expect(it.count == 0)
        #expect(words(it.begin(try envelope(size: 100)).1) == ["MAIL+RCPT+DATA"])
    }

    @Test("Takes any byte while idle for the end", arguments: [Reply(code: 421, "Idle"), Reply(code: 250, "Ok")])
    func idle(reply: Reply) {
        var it = session()
        #expect(words(it.received(reply)) == ["close"])
        #expect(it.room == .none)
    }

    @Test("A shifted reply never lets a body out")
    func shifted() throws {
        var it = session()
        try started(&it)
        _ = it.begin(try envelope())
        it.bodyWritten()
        #expect(words(it.received(ok)) == ["finish 1 sent"])
        // A second reply to the dot: from here on each reply stands where the one before belongs.
        #expect(it.received(ok) == [])
        #expect(it.received(ok) == [])
        #expect(words(it.received(ok)) == ["finish 2 deferred", "close"])
    }

    @Test("An abort closes")
    func abort() throws {
        var it = session()
        _ = it.begin(try envelope())
        _ = it.received(ok)
        _ = it.received(ok)
        _ = it.received(go)
        #expect(words(it.abort()) == ["finish 1 notTried", "close"])
    }

    @Test("Waits as long as RFC 5321 says")
    func patience() throws {
        var it = session()
        try started(&it)
        #expect(it.patience == .minutes(3))
        it.bodyWritten()
        #expect(it.patience == .minutes(10))
        #expect(Timeouts().shortest == .minutes(2))
    }
}
