import SMTP
import Testing

/// Events go in, actions come out; no socket. RFC 2033.
@Suite("LMTP")
struct LMTPTests {
    static let ok = Reply(code: 250, "2.1.0 Ok")
    static let go = Reply(code: 354, "Go ahead")
    static let full = Reply(code: 452, "4.2.2 <r1@x> Mailbox full")
    static let never = Reply(code: 550, "5.7.1 Never")
    static let bye = Reply(code: 421, "4.3.2 Bye")

    private func capabilities(_ pipelining: Bool = true) -> Capabilities {
        let offered = pipelining ? "host.x\nPIPELINING" : "host.x\nENHANCEDSTATUSCODES"
        return Capabilities(Reply(code: 250, offered), in: .lmtp)
    }

    private func envelope(_ recipients: Int) throws -> Envelope {
        try Envelope(sender: "s@x", recipients: (0..<recipients).map { "r\($0)@x" }, size: 1)
    }

    /// A transaction whose dot is with the server, of recipients with these replies to RCPT.
    private func sent(_ replies: [Reply], pipelining: Bool = false) throws -> Transaction {
        var it = Transaction(try envelope(replies.count), capabilities(pipelining), isFirst: true)
        _ = it.start()
        for reply in [Self.ok] + replies { _ = it.received(reply) }
        #expect(it.received(Self.go) == .commit(replies.indices.filter { replies[$0].kind == .positive }))
        _ = it.proceed()
        it.bodyWritten()
        return it
    }

    private func outcome(_ action: Transaction.Action) -> TransactionOutcome? {
        if case .finish(let outcome) = action { outcome } else { nil }
    }

    @Test("Each accepted recipient has the reply of its turn")
    func mixed() throws {
        var it = try sent([Self.ok, Self.ok, Self.never, Self.ok])
        #expect(!it.hasRepliesDue)
        #expect(it.received(Self.ok) == .none)
        #expect(it.hasRepliesDue)
        #expect(it.received(Self.full) == .none)
        let end = try #require(outcome(it.received(Self.never)))
        #expect(
            end.recipients
                == [
                    .sent(Self.ok), .deferred(.reply(Self.full)), .refused(.reply(Self.never)),
                    .refused(.reply(Self.never)),
                ])
        #expect(end.fault == .none && end.reuse == .asIs && end.phase == .dot)
        #expect(!it.hasRepliesDue)
    }

    @Test("DATA is not in the group: without a recipient there is no reply to the dot")
    func group() throws {
        var it = Transaction(try envelope(1), capabilities(), isFirst: true)
        #expect(it.start() == .write(Array("MAIL FROM:<s@x>\r\nRCPT TO:<r0@x>\r\n".utf8)))
        #expect(it.received(Self.ok) == .none)
        #expect(outcome(it.received(Self.never))?.recipients == [.refused(.reply(Self.never))])
    }

    @Test("Whom the end of the connection left without a reply is in doubt, and nobody else")
    func cutOff() throws {
        for why in [Interruption.closed("gone"), .timedOut] {
            var it = try sent([Self.ok, Self.ok])
            _ = it.received(Self.never)
            let end = try #require(outcome(it.interrupted(why)))
            #expect(end.recipients.first == .refused(.reply(Self.never)))
            #expect(end.recipients.last == .inDoubt("\(why) while waiting for the reply to the end of the message"))
            #expect(end.reuse == .close)
        }
    }

    @Test("421 is one recipient's reply, and the last use of the connection")
    func closing() throws {
        var it = try sent([Self.ok, Self.ok])
        #expect(it.received(Self.bye) == .none)
        let end = try #require(outcome(it.received(Self.ok)))
        #expect(end.recipients == [.deferred(.reply(Self.bye)), .sent(Self.ok)])
        #expect(end.reuse == .close)
        guard case .interrupted(.dot, _) = end.fault else { Issue.record("\(end.fault)"); return }
    }

    @Test("A reply that names another recipient, or answers nothing, leaves all in doubt")
    func disorder() throws {
        for reply in [Self.full, Self.go] {
            var it = try sent([Self.ok, Self.ok])
            if reply == Self.go { _ = it.received(Self.ok) }
            let end = try #require(outcome(it.received(reply)))
            #expect(end.recipients.allSatisfy { if case .inDoubt = $0 { true } else { false } })
            guard case .outOfStep = end.fault else { Issue.record("\(end.fault)"); return }
        }
    }

    // The session.

    /// A session in which these replies came after the dot, and what it did about the last of them.
    private func afterDot(_ replies: [Reply]) throws -> (Session, [Session.Action]) {
        var session = Session(capabilities(), helo: "me.x")
        _ = session.begin(try envelope(2))
        for reply in [Self.ok, Self.ok, Self.ok, Self.go] { _ = session.received(reply) }
        _ = session.proceed()
        session.bodyWritten()
        var actions: [Session.Action] = []
        for reply in replies { actions = session.received(reply) }
        return (session, actions)
    }

    @Test("What not all took is believed when LHLO is answered")
    func proof() throws {
        var (session, actions) = try afterDot([Self.never, Self.ok])
        #expect(actions == [.write(Array("LHLO me.x\r\n".utf8))])
        #expect(session.awaited == .reset)
        actions = session.received(Reply(code: 250, "host.x\nPIPELINING"))
        guard case .finish(let outcome)? = actions.first else { Issue.record("\(actions)"); return }
        #expect(outcome.recipients == [.refused(.reply(Self.never)), .sent(Self.ok)])
        #expect(session.isIdle)
    }

    @Test("A reply more than there are recipients leaves all in doubt")
    func oneTooMany() throws {
        var (session, actions) = try afterDot([Self.never, Self.ok])
        actions = session.received(Self.ok)
        guard case .finish(let outcome)? = actions.first else { Issue.record("\(actions)"); return }
        #expect(outcome.recipients.allSatisfy { if case .inDoubt = $0 { true } else { false } })
    }

    @Test("What all took needs no proof")
    func taken() throws {
        let (session, actions) = try afterDot([Reply(code: 250, "2.0.0 <r0@x> Saved"), Self.ok])
        guard case .finish(let outcome)? = actions.first else { Issue.record("\(actions)"); return }
        #expect(outcome.recipients.allSatisfy { $0.isSent })
        #expect(session.isIdle)
    }
}
