import Relay
import SMTP
import Testing

/// Whose affair it is what a job met, and what rests because of it.
@Suite("Standing")
struct StandingTests {
    private let second: Int64 = 1_000_000_000

    private func expect(
        _ fate: Standing.Fate, _ expected: Standing.Fate, _ location: SourceLocation = #_sourceLocation
    ) { #expect(fate == expected, sourceLocation: location) }

    /// A world of one relay and a clock.
    private struct World {
        var standing = Standing(limit: 10)
        var now: Int64 = 0

        private mutating func meet(_ outcome: TransactionOutcome, _ job: String, _ sender: String) -> Standing.Fate {
            var outcome = outcome
            standing.began(sender)
            return standing.judge(&outcome, job: job, sender: sender, at: now)
        }

        mutating func sent(_ job: String, _ sender: String = "good") -> Standing.Fate {
            meet(
                TransactionOutcome(recipients: [.sent(Reply(code: 250, "Ok"))], phase: .dot, reuse: .asIs), job, sender)
        }

        mutating func refused(
            _ code: Int, _ text: String, _ job: String, _ sender: String = "bad", at phase: Phase = .dot,
            isFirst: Bool = true
        ) -> Standing.Fate {
            let reply = Reply(code: code, text)
            let recipient = code < 500 ? RecipientOutcome.deferred(.reply(reply)) : .refused(.reply(reply))
            return meet(
                TransactionOutcome(recipients: [recipient], phase: phase, isFirst: isFirst, reuse: .asIs), job, sender)
        }

        mutating func cut(_ job: String, _ sender: String, at phase: Phase) -> Standing.Fate {
            let recipient = RecipientOutcome.deferred(.local(.badConnection, "closed"))
            return meet(
                TransactionOutcome(
                    recipients: [recipient], fault: .interrupted(phase, "closed"), phase: phase, reuse: .close), job,
                sender)
        }
    }

    @Test(
        "What MAIL meets is the sender's: it rests 1, 2, 4 … 60 s, and all others go on", arguments: [421, 451, 550, 0])
    func sender(code: Int) {
        var it = World()
        _ = it.sent("g0")
        for (index, rest) in ([1, 2, 4, 8, 16, 32, 60, 60] as [Int64]).enumerated() {
            let fate =
                code == 0
                ? it.cut("b\(index)", "bad", at: .mail) : it.refused(code, "no", "b\(index)", at: .mail)
            // Since others pass, it is the sender's, and its jobs meet what the digit says.
            #expect(fate == .asSaid)
            #expect(!it.standing.takes("bad", at: it.now + rest * second - 1))
            #expect(it.standing.takes("good", at: it.now))
            #expect(!it.standing.breaker.isOpen)
            _ = it.sent("g\(index)")
            it.now += rest * second
            #expect(it.standing.takes("bad", at: it.now))
        }
        _ = it.sent("b", "bad")
        #expect(it.standing.isClear)
    }

    @Test("What a mailbox refuses by LMTP is its own affair, however often, and so nothing rests")
    func mailboxes() {
        for (language, rests) in [(MailProtocol.lmtp, false), (.smtp, true)] {
            var it = World()
            it.standing = Standing(limit: 10, language: language)
            var fates: [Standing.Fate] = []
            for index in 0..<20 { fates.append(it.refused(554, "5.7.1 Rejected by a filter", "job\(index)")) }
            #expect(fates.allSatisfy { $0 == .asSaid } == !rests)
            #expect(it.standing.breaker.isOpen == rests)
        }
    }

    @Test("A limit of the session asks for a new connection, but not where LMTP has left a recipient in doubt")
    func doubtInASession() {
        let reply = RecipientOutcome.deferred(.reply(Reply(code: 421, "4.7.0 Too many messages in this session")))
        for (other, fate) in [
            (reply, Standing.Fate.reconnect("closed")), (.inDoubt("closed"), .asSaid),
        ] {
            var standing = Standing(limit: 10, language: .lmtp)
            var outcome = TransactionOutcome(
                recipients: [reply, other], fault: .interrupted(.dot, "closed"), phase: .dot, committed: true,
                isFirst: false, reuse: .close)
            expect(standing.judge(&outcome, job: "a", sender: "s", at: 0), fate)
        }
    }

    @Test("While a sender that rests is tried with one job, none of its others starts")
    func oneTry() {
        var it = World()
        _ = it.refused(451, "no", "b", at: .mail)
        it.now = second
        #expect(it.standing.takes("bad", at: it.now))
        it.standing.began("bad")
        #expect(!it.standing.takes("bad", at: it.now))
    }

    @Test("5yz to MAIL buries no job while nobody else passes")
    func mistypedSender() {
        var it = World()
        for index in 0..<20 {
            expect(it.refused(550, "5.7.1 no", "b\(index)", at: .mail), .putBack("550 5.7.1 no"))
            it.now += 60 * second
        }
        _ = it.sent("g")
        expect(it.refused(550, "5.7.1 no", "b", at: .mail), .asSaid)
    }

    @Test("Two senders in a row that MAIL refuses are the account's; a third one may prove the opposite at once")
    func twoSenders() {
        var it = World()
        _ = it.refused(451, "no", "a", "one", at: .mail)
        #expect(!it.standing.breaker.isOpen)
        expect(it.refused(451, "no", "b", "two", at: .mail), .putBack("451 no"))
        #expect(it.standing.breaker.isOpen)
        for sender in ["one", "two"] { #expect(!it.standing.takes(sender, at: it.now)) }
        #expect(it.standing.takes("three", at: it.now))
        #expect(it.standing.isTrying(at: it.now))
        _ = it.sent("c", "three")
        #expect(!it.standing.breaker.isOpen)
        // That they are refused once more is no news: others pass.
        it.now = 10 * second
        _ = it.refused(451, "no", "a", "one", at: .mail)
        _ = it.refused(451, "no", "b", "two", at: .mail)
        #expect(!it.standing.breaker.isOpen)
    }

    @Test(
        "One 5yz for different jobs in a row buries three, whatever stands in its text",
        arguments: [
            (Phase.dot, "Policy violation [k3-%]"), (.recipient, "5.7.1 <u%@example.net> not now"),
            (.data, "No, said host%.example.net at 12:0%"),
        ])
    func row(phase: Phase, text: String) {
        var it = World()
        var fates: [Standing.Fate] = []
        for index in 0..<10 {
            let text = text.replacing("%", with: "\(index)")
            fates.append(it.refused(554, text, "j\(index)", "shop", at: phase))
        }
        #expect(fates.prefix(3).allSatisfy { $0 == .asSaid })
        #expect(fates.dropFirst(3).allSatisfy { if case .putBack = $0 { true } else { false } })
        #expect(!it.standing.takes("shop", at: it.now))
        // The end of it.
        it.now = second
        #expect(it.standing.takes("shop", at: it.now))
        _ = it.sent("j9", "shop")
        #expect(it.standing.isClear)
    }

    @Test("A row of two senders is the account's; one of a single sender while another passes is the sender's")
    func rowOfSenders() {
        var it = World()
        for (index, sender) in ["a", "b", "a", "b"].enumerated() {
            _ = it.refused(554, "Policy", "j\(index)", sender)
        }
        #expect(it.standing.breaker.isOpen)
        var other = World()
        for index in 0..<4 {
            _ = other.refused(554, "Policy", "j\(index)", "bad")
            _ = other.sent("g\(index)")
        }
        #expect(!other.standing.breaker.isOpen)
        #expect(!other.standing.takes("bad", at: 0))
        #expect(other.standing.takes("good", at: 0))
    }

    @Test(
        "A quota rests at once and buries nothing; unknown users and bad messages rest nothing",
        arguments: [
            ("550 5.4.5 Daily user sending limit exceeded", false), ("530 5.7.57 Client not authenticated", false),
            ("454 4.7.0 Throttling failure: Daily message quota exceeded.", false),
            ("550 5.1.1 No such user", true), ("550 Unknown user", true), ("552 5.2.2 Mailbox full", true),
            ("552 5.3.4 Message too big", true), ("550 5.6.0 Bad header", true),
        ])
    func static_(text: String, isJobs: Bool) {
        var it = World()
        let code = Int(text.prefix(3))!
        for index in 0..<200 {
            let fate = it.refused(code, String(text.dropFirst(4)), "j\(index)", "shop")
            #expect((fate == .asSaid) == isJobs)
        }
        #expect(it.standing.isClear == isJobs)
    }

    @Test("A job that is refused alone, again and again between others that pass, is at fault itself")
    func alone() {
        var it = World()
        var fates: [Standing.Fate] = []
        for index in 0..<4 {
            fates.append(it.refused(554, "5.7.1 Relay access denied", "bad", "shop", at: .recipient))
            it.now += 100 * second
            _ = it.sent("g\(index)", "shop")
        }
        #expect(fates.first != .asSaid)
        #expect(fates.last == .asSaid)
    }

    @Test(
        "A session that has carried enough is followed by a new one, and nothing is counted",
        arguments: [
            (452, "4.4.5 Maximum number of messages per session exceeded", Phase.mail),
            (550, "Too many messages in this session", .mail), (421, "Too many messages in this connection", .mail),
            (554, "5.7.0 Too many messages per session", .recipient), (451, "try later", .mail), (451, "later", .data),
        ])
    func session(code: Int, text: String, phase: Phase) {
        var it = World()
        let fate = it.refused(code, text, "a", "shop", at: phase, isFirst: false)
        guard case .reconnect = fate else {
            Issue.record("\(fate)")
            return
        }
        #expect(it.standing.isClear)
        // On a new connection it counts.
        expect(it.refused(code, text, "a", "shop", at: phase), .asSaid)
    }

    @Test("Three jobs in a row that were cut off are the sender's, or of several senders the relay's")
    func cut() {
        var it = World()
        _ = it.sent("g")
        for job in ["a", "b", "c"] { expect(it.cut(job, "bad", at: .recipient), .asSaid) }
        #expect(!it.standing.takes("bad", at: 0))
        #expect(it.standing.takes("good", at: 0) && !it.standing.breaker.isOpen)
        var other = World()
        for (job, sender) in [("a", "x"), ("b", "y"), ("c", "z")] { _ = other.cut(job, sender, at: .dot) }
        #expect(other.standing.breaker.isOpen)
        var one = World()
        for _ in 0..<5 { _ = one.cut("a", "x", at: .dot) }
        #expect(one.standing.takes("x", at: 0))
    }

    @Test("The table's verdict goes over the digit's")
    func verdicts() throws {
        let table = try ReplyTable(
            Array("550 - message defer try again later\n4xx 4.9.9 message refuse\n".utf8), name: "t")
        var standing = Standing(limit: 1, table: table)
        var outcome = TransactionOutcome(
            recipients: [.refused(.reply(Reply(code: 550, "Try again later")))], phase: .dot, reuse: .asIs)
        _ = standing.judge(&outcome, job: "j", sender: "s", at: 0)
        #expect(outcome.recipients == [.deferred(.reply(Reply(code: 550, "Try again later")))])
        outcome.recipients = [.deferred(.reply(Reply(code: 450, "4.9.9 never")))]
        _ = standing.judge(&outcome, job: "j", sender: "s", at: 0)
        #expect(outcome.recipients == [.refused(.reply(Reply(code: 450, "4.9.9 never")))])
    }

    @Test(
        "A thousand refused senders keep no good one waiting, at any moment of ten minutes",
        arguments: [
            Phase.mail, .recipient, .data, .dot,
        ])
    func tenMinutes(phase: Phase) {
        for count in [10, 100, 1000] {
            var it = World()
            var next = 0
            while it.now < 600 * second {
                // All that may start does.
                for index in 0..<count where it.standing.takes("bad\(index)", at: it.now) {
                    next += 1
                    _ =
                        next % 2 == 0
                        ? it.cut("j\(next)", "bad\(index)", at: phase)
                        : it.refused(554, "Policy", "j\(next)", "bad\(index)", at: phase)
                }
                #expect(it.standing.takes("good", at: it.now))
                #expect(it.standing.breaker.allowed(at: it.now) > 0)
                it.now += count == 1000 ? 10 * second : second
            }
        }
    }
}
