import SMTP
import Testing

/// Events go in, actions come out; no socket.
@Suite("Transaction")
struct TransactionTests {
    static let ok = Reply(code: 250, "2.1.0 Ok")
    static let go = Reply(code: 354, "Go ahead")
    static let later = Reply(code: 451, "4.7.1 Later")
    static let never = Reply(code: 550, "5.7.1 Never")
    static let bye = Reply(code: 421, "4.3.2 Bye")

    private func capabilities(_ pipelining: Bool) -> Capabilities {
        var offered = Capabilities()
        offered.pipelining = pipelining
        offered.size = true
        offered.eightBitMIME = true
        return offered
    }

    private func envelope(_ recipients: Int = 2) throws -> Envelope {
        try Envelope(sender: "s@x", recipients: (0..<recipients).map { "r\($0)@x" }, size: 42, needs8Bit: true)
    }

    private func transaction(_ pipelining: Bool, _ recipients: Int = 2, isFirst: Bool = true) throws -> Transaction {
        Transaction(try envelope(recipients), capabilities(pipelining), isFirst: isFirst)
    }

    private func text(_ action: Transaction.Action) -> String? {
        if case .write(let bytes) = action { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    @Test("Sends one group for one recipient where PIPELINING is offered")
    func pipelined() throws {
        var it = try transaction(true, 1)
        #expect(text(it.start()) == "MAIL FROM:<s@x> SIZE=42 BODY=8BITMIME\r\nRCPT TO:<r0@x>\r\nDATA\r\n")
        #expect(it.received(Self.ok) == .none)
        #expect(it.received(Self.ok) == .none)
        #expect(it.received(Self.go) == .commit([0]))
        #expect(it.proceed() == .writeBody)
        it.bodyWritten()
        let done = Reply(code: 251, "2.0.0 Taken")
        #expect(
            it.received(done)
                == .finish(
                    TransactionOutcome(recipients: [.sent(done)], phase: .dot, committed: true, reuse: .asIs)))
    }

    @Test("Stops before DATA for several recipients, and asks again for one that was refused among others")
    func group() throws {
        var it = try transaction(true)
        #expect(text(it.start()) == "MAIL FROM:<s@x> SIZE=42 BODY=8BITMIME\r\nRCPT TO:<r0@x>\r\nRCPT TO:<r1@x>\r\n")
        #expect(it.received(Self.ok) == .none)
        #expect(it.received(Self.never) == .none)
        #expect(text(it.received(Self.ok)) == "RCPT TO:<r0@x>\r\n")
        #expect(text(it.received(Self.never)) == "DATA\r\n")
        #expect(it.received(Self.go) == .commit([1]))
        #expect(it.proceed() == .writeBody)
        it.bodyWritten()
        #expect(
            it.received(Self.ok)
                == .finish(
                    TransactionOutcome(
                        recipients: [.refused(.reply(Self.never)), .sent(Self.ok)], phase: .dot, committed: true,
                        reuse: .asIs)))
    }

    @Test("Believes nothing where a refusal was another recipient's")
    func swapped() throws {
        var it = try transaction(true)
        _ = it.start()
        for reply in [Self.ok, Self.never] { _ = it.received(reply) }
        #expect(text(it.received(Self.ok)) == "RCPT TO:<r0@x>\r\n")
        let outcome = try #require(outcome(&it, of: Self.ok))
        #expect(outcome.recipients == [.notTried, .notTried])
        #expect(kind(outcome.fault) == "unordered")
    }

    @Test("A refusal that names its recipient is not asked for again; one that names another is out of step")
    func named() throws {
        var it = try transaction(true)
        _ = it.start()
        _ = it.received(Self.ok)
        _ = it.received(Reply(code: 550, "5.1.1 <R0@X>: Recipient address rejected"))
        #expect(text(it.received(Self.ok)) == "DATA\r\n")
        var other = try transaction(true)
        _ = other.start()
        _ = other.received(Self.ok)
        _ = other.received(Reply(code: 550, "5.1.1 <r1@x>: Recipient address rejected"))
        #expect(kind(try #require(outcome(&other, of: Self.ok)).fault) == "outOfStep")
    }

    private func outcome(_ it: inout Transaction, of reply: Reply) -> TransactionOutcome? {
        if case .finish(let outcome) = it.received(reply) { outcome } else { nil }
    }

    @Test("Sends one command after the other where it is not")
    func oneByOne() throws {
        var it = try transaction(false)
        #expect(text(it.start()) == "MAIL FROM:<s@x> SIZE=42 BODY=8BITMIME\r\n")
        #expect(text(it.received(Self.ok)) == "RCPT TO:<r0@x>\r\n")
        #expect(text(it.received(Self.later)) == "RCPT TO:<r1@x>\r\n")
        #expect(text(it.received(Self.ok)) == "DATA\r\n")
        #expect(it.received(Self.go) == .commit([1]))
    }

    /// What ends a transaction while `phase` is awaited, and what is expected of the one recipient.
    enum Event: CaseIterable {
        case later, never, bye, garbage, closed, timedOut, nonsense, ourselves

        var interruption: Interruption? {
            switch self {
            case .closed: .closed("connection closed")
            case .timedOut: .timedOut
            case .nonsense: .outOfStep("not an SMTP reply: x")
            case .ourselves: .ourselves
            default: nil
            }
        }

        var reply: Reply? {
            switch self {
            case .later: TransactionTests.later
            case .never: TransactionTests.never
            case .bye: TransactionTests.bye
            case .garbage: Reply(code: 666, "?")
            default: nil
            }
        }
    }

    /// Brings a transaction with one recipient to `phase`.
    private func arrived(at phase: Phase, pipelining: Bool) throws -> Transaction {
        var it = try transaction(pipelining, 1)
        _ = it.start()
        let replies: [Phase: [Reply]] = [
            .mail: [], .recipient: [Self.ok], .data: [Self.ok, Self.ok], .body: [Self.ok, Self.ok, Self.go],
            .dot: [Self.ok, Self.ok, Self.go],
        ]
        for reply in replies[phase] ?? [] { _ = it.received(reply) }
        if phase == .body || phase == .dot { #expect(it.proceed() == .writeBody) }
        if phase == .dot { it.bodyWritten() }
        #expect(it.phase == phase)
        return it
    }

    /// Feeds the event, and where the group was pipelined the 503 that answer its rest.
    private func outcome(_ it: inout Transaction, of event: Event) -> TransactionOutcome? {
        var action =
            if let reply = event.reply { it.received(reply) } else { it.interrupted(event.interruption ?? .timedOut) }
        for _ in 0..<3 where action == .none { action = it.received(Reply(code: 503, "5.5.1 Sequence")) }
        if case .finish(let outcome) = action { return outcome }
        return nil
    }

    private func kind(_ outcome: RecipientOutcome) -> String {
        switch outcome {
        case .sent: "sent"
        case .deferred(.reply(let reply)): "deferred \(reply.code)"
        case .deferred(.local): "deferred"
        case .refused(.reply(let reply)): "refused \(reply.code)"
        case .refused(.local): "refused"
        case .inDoubt: "inDoubt"
        case .tooMany: "tooMany"
        case .notTried: "notTried"
        }
    }

    private func kind(_ fault: Fault) -> String {
        switch fault {
        case .none: "-"
        case .outOfStep: "outOfStep"
        case .unordered: "unordered"
        case .stale: "stale"
        case .interrupted, .silent: "interrupted"
        case .aborted: "aborted"
        }
    }

    @Test(
        "Every phase against everything that can go wrong",
        arguments: [
            (.mail, .later, "deferred 451", "-", .asIs), (.mail, .never, "refused 550", "-", .asIs),
            (.mail, .garbage, "deferred 666", "-", .asIs), (.mail, .bye, "deferred 421", "interrupted", .close),
            (.mail, .closed, "deferred", "interrupted", .close), (.mail, .timedOut, "deferred", "interrupted", .close),
            (.mail, .nonsense, "notTried", "outOfStep", .close), (.mail, .ourselves, "notTried", "aborted", .close),

            (.recipient, .later, "deferred 451", "-", .afterReset),
            (.recipient, .never, "refused 550", "-", .afterReset),
            (.recipient, .garbage, "deferred 666", "-", .afterReset),
            (.recipient, .bye, "deferred 421", "interrupted", .close),
            (.recipient, .closed, "deferred", "interrupted", .close),
            (.recipient, .timedOut, "deferred", "interrupted", .close),
            (.recipient, .nonsense, "notTried", "outOfStep", .close),
            (.recipient, .ourselves, "notTried", "aborted", .close),

            (.data, .later, "deferred 451", "-", .afterReset), (.data, .never, "refused 550", "-", .afterReset),
            (.data, .garbage, "deferred 666", "-", .afterReset), (.data, .bye, "deferred 421", "interrupted", .close),
            (.data, .closed, "deferred", "interrupted", .close), (.data, .timedOut, "deferred", "interrupted", .close),
            (.data, .nonsense, "notTried", "outOfStep", .close), (.data, .ourselves, "notTried", "aborted", .close),

            (.body, .later, "deferred 451", "-", .close), (.body, .never, "refused 550", "-", .close),
            (.body, .garbage, "deferred 666", "-", .close), (.body, .bye, "deferred 421", "interrupted", .close),
            (.body, .closed, "deferred", "interrupted", .close), (.body, .timedOut, "deferred", "interrupted", .close),
            (.body, .nonsense, "notTried", "outOfStep", .close), (.body, .ourselves, "notTried", "aborted", .close),

            (.dot, .later, "deferred 451", "-", .asIs), (.dot, .never, "refused 550", "-", .asIs),
            (.dot, .garbage, "deferred 666", "-", .asIs), (.dot, .bye, "deferred 421", "interrupted", .close),
            (.dot, .closed, "inDoubt", "interrupted", .close), (.dot, .timedOut, "inDoubt", "interrupted", .close),
            (.dot, .nonsense, "inDoubt", "outOfStep", .close), (.dot, .ourselves, "inDoubt", "interrupted", .close),
        ] as [(Phase, Event, String, String, TransactionOutcome.Reuse)])
    func faults(phase: Phase, event: Event, recipient: String, fault: String, reuse: TransactionOutcome.Reuse) throws {
        for pipelining in [true, false] {
            var it = try arrived(at: phase, pipelining: pipelining)
            let outcome = try #require(outcome(&it, of: event))
            #expect(outcome.recipients.map(kind) == [recipient])
            #expect(kind(outcome.fault) == fault)
            #expect(outcome.reuse == reuse)
            #expect(outcome.committed == (phase == .dot || phase == .body && event != .nonsense))
            #expect(outcome.phase == phase)
            #expect({ if case .silent = outcome.fault { true } else { false } }() == (event == .timedOut))
            if case .interrupted(let at, let reason) = outcome.fault {
                #expect(at == phase)
                #expect(reason.contains("while"))
            }
            // Nothing comes after the end.
            #expect(it.interrupted(.timedOut) == .none)
            #expect(it.received(Self.ok) == .none)
        }
    }

    @Test("A lost MAIL is no attempt on a connection that has carried others")
    func stale() throws {
        var it = try transaction(true, 1, isFirst: false)
        _ = it.start()
        guard case .finish(let outcome) = it.received(Self.bye) else {
            Issue.record("not finished")
            return
        }
        #expect(outcome.fault == .stale("421 4.3.2 Bye while waiting for the reply to MAIL"))
        // What it said counts where the sender is known to be refused.
        #expect(outcome.recipients == [.deferred(.reply(Self.bye))])
    }

    @Test(
        "Closes when replies do not fit the commands",
        arguments: [(.mail, go), (.recipient, go), (.data, ok), (.body, ok), (.body, go), (.dot, go)]
            as [(Phase, Reply)])
    func outOfStep(phase: Phase, reply: Reply) throws {
        for pipelining in [true, false] {
            var it = try arrived(at: phase, pipelining: pipelining)
            guard case .finish(let outcome) = it.received(reply) else {
                Issue.record("not finished")
                return
            }
            #expect(outcome.reuse == .close)
            #expect(kind(outcome.recipients[0]) == (phase == .dot ? "inDoubt" : "notTried"))
            #expect(kind(outcome.fault) == "outOfStep")
        }
    }

    @Test(
        "Ends DATA with a lone dot where nobody was accepted", arguments: [[ok, never], [never, never], [never, ok]])
    func loneDot(replies: [Reply]) throws {
        var it = try transaction(true, 1)
        _ = it.start()
        for reply in replies { #expect(it.received(reply) == .none) }
        #expect(text(it.received(Self.go)) == ".\r\n")
        let outcome = try #require(outcome(&it, of: Self.ok))
        #expect(!outcome.committed)
        #expect(outcome.reuse == .asIs)
        #expect(outcome.recipients.map(kind) == ["refused 550"])
        #expect(outcome.phase == (replies[0] == Self.never ? .mail : .recipient))
    }

    @Test("Keeps what recipients were told when the connection ends later")
    func mixed() throws {
        // In a group that has no end a reply may be missing.
        for (pipelining, expected) in [
            (false, ["refused 550", "deferred", "deferred 451", "deferred"]),
            (true, ["deferred", "deferred", "deferred", "deferred"]),
        ] {
            var it = try transaction(pipelining, 4)
            _ = it.start()
            for reply in [Self.ok, Self.never, Self.ok, Self.later] { _ = it.received(reply) }
            guard case .finish(let outcome) = it.interrupted(.closed("connection closed")) else {
                Issue.record("not finished")
                return
            }
            #expect(outcome.recipients.map(kind) == expected)
        }
    }

    @Test("Does not write the body without the commit")
    func abort() throws {
        var it = try transaction(false)
        _ = it.start()
        for reply in [Self.ok, Self.ok, Self.never] { _ = it.received(reply) }
        #expect(it.received(Self.go) == .commit([0]))
        #expect(
            it.abort()
                == .finish(
                    TransactionOutcome(
                        recipients: [.notTried, .refused(.reply(Self.never))], fault: .aborted, phase: .body,
                        reuse: .close)))
        #expect(it.proceed() == .none)
    }

    @Test("An answer in the middle of a body is the message's only on a connection that has carried no other")
    func early() throws {
        for isFirst in [true, false] {
            var it = try transaction(false, 1, isFirst: isFirst)
            _ = it.start()
            for reply in [Self.ok, Self.ok, Self.go] { _ = it.received(reply) }
            _ = it.proceed()
            let outcome = try #require(outcome(&it, of: Self.never))
            #expect(outcome.recipients.map(kind) == [isFirst ? "refused 550" : "deferred 550"])
            #expect(outcome.reuse == .close)
        }
        // A recipient was told the same, and may have been told twice.
        var it = try transaction(false)
        _ = it.start()
        for reply in [Self.ok, Self.ok, Self.never, Self.go] { _ = it.received(reply) }
        _ = it.proceed()
        #expect(try #require(outcome(&it, of: Self.never)).recipients.map(kind) == ["deferred 550", "refused 550"])
    }

    @Test(
        "A limit on recipients concerns those beyond the accepted ones, whatever the digit",
        arguments: [
            (452, "Too many", "tooMany"), (552, "5.5.3 Too many", "tooMany"), (550, "5.5.3 Too many", "tooMany"),
            (450, "4.7.1 Too many recipients", "tooMany"), (554, "Recipient limit exceeded", "tooMany"),
            (552, "5.2.2 Mailbox full", "refused 552"), (452, "4.2.2 Mailbox full", "deferred 452"),
            (452, "Insufficient system storage", "deferred 452"),
        ])
    func tooMany(code: Int, text: String, outcome expected: String) throws {
        for pipelining in [true, false] {
            var it = try transaction(pipelining)
            _ = it.start()
            let limit = Reply(code: code, text)
            for reply in [Self.ok, Self.ok] { _ = it.received(reply) }
            // One that is no limit is asked for again.
            if self.text(it.received(limit))?.hasPrefix("RCPT") == true { _ = it.received(limit) }
            #expect(it.received(Self.go) == .commit([0]))
            _ = it.proceed()
            it.bodyWritten()
            #expect(try #require(outcome(&it, of: Self.ok)).recipients.map(kind) == ["sent", expected])
        }
    }

    @Test("A limit told at the dot concerns all, and the first one alone is not beyond it")
    func tooManyAtTheDot() throws {
        for (recipients, expected) in [(1, ["refused 554"]), (2, ["tooMany", "tooMany"])] {
            var it = try transaction(false, recipients)
            _ = it.start()
            for _ in 0...recipients { _ = it.received(Self.ok) }
            _ = it.received(Self.go)
            _ = it.proceed()
            it.bodyWritten()
            let limit = Reply(code: 554, "Transaction failed: Recipient count exceeds 5")
            #expect(try #require(outcome(&it, of: limit)).recipients.map(kind) == expected)
        }
    }
}
