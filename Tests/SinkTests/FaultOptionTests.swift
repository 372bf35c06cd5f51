import Testing

@testable import SMTPServer
@testable import ServerSocket
@testable import Sink

@Suite("Faults")
struct FaultOptionTests {
    @Test(
        "Are read",
        arguments: [
            ("connect=reset", Fault(phase: .connect, action: .reset)),
            (
                "rcpt=451 4.7.1 Greylisted",
                Fault(phase: .rcpt, action: .reply(code: 451, lines: "451 4.7.1 Greylisted\r\n"))
            ),
            (
                "rcpt=451 4.7.1 Greylisted:2/rcpt",
                Fault(
                    phase: .rcpt, action: .reply(code: 451, lines: "451 4.7.1 Greylisted\r\n"),
                    limit: .firstForEachRecipient(2))
            ),
            (
                "rcpt(Zoe@Example.com)=550 5.1.1 No such user",
                Fault(
                    phase: .rcpt, address: "zoe@example.com",
                    action: .reply(code: 550, lines: "550 5.1.1 No such user\r\n"))
            ),
            ("dot=close:3", Fault(phase: .dot, action: .close, limit: .first(3))),
            (
                "mail=550-5.7.1 One\\n550 5.7.1 Two: three",
                Fault(phase: .mail, action: .reply(code: 550, lines: "550-5.7.1 One\r\n550 5.7.1 Two: three\r\n"))
            ),
            ("mail=450 at 12:30:*", Fault(phase: .mail, action: .reply(code: 450, lines: "450 at 12:30\r\n"))),
            ("starttls=early", Fault(phase: .startTLS, action: .early)),
            ("ehlo=half", Fault(phase: .ehlo, action: .half)), ("quit=endless", Fault(phase: .quit, action: .endless)),
            ("auth=drip", Fault(phase: .auth, action: .drip)), ("idle=half", Fault(phase: .idle, action: .half)),
            ("body=drip", Fault(phase: .body, action: .drip)),
            ("idle=421", Fault(phase: .idle, action: .reply(code: 421, lines: "421\r\n"))),
        ])
    func read(text: String, fault: Fault) throws { #expect(try Fault(text) == fault) }

    @Test(
        "Are refused when they make no sense",
        arguments: [
            "", "rcpt", "rcpt=", "rcpt=no", "rcpt=45 x", "rcpt=451x", "rcpt=600 x", "nowhere=close", "rcpt=close:0",
            "rcpt=close:x/rcpt", "dot=close:1/rcpt", "ehlo(a@b)=close", "rcpt()=close", "rcpt(a@b)=early", "tls=451 x",
            "tls=half", "connect=drip", "greeting=early", "idle=early", "body=early", "rcpt=450 a\u{1}b",
            "rcpt=close:99999999999999999999",
        ])
    func refused(text: String) { #expect(throws: UsageError.self) { try Fault(text) } }

    @Test("The first that applies strikes, as often as it may")
    func counts() throws {
        var plan = FaultPlan([
            try Fault("rcpt(zoe@example.com)=550 5.1.1 No:1"), try Fault("rcpt=451 4.7.1 Later:2"),
            try Fault("dot(zoe@example.com)=close"),
        ])
        let (zoe, tom) = (Array("Zoe@example.com".utf8), Array("tom@example.com".utf8))
        #expect(plan.strike(.mail, [zoe]) == nil)
        #expect(plan.strike(.rcpt, [zoe])?.name == "reply 550")
        #expect(plan.strike(.rcpt, [zoe])?.name == "reply 451")
        #expect(plan.strike(.rcpt, [tom])?.name == "reply 451")
        #expect(plan.strike(.rcpt, [tom]) == nil)
        #expect(plan.strike(.dot, [tom]) == nil)
        #expect(plan.strike(.dot, [tom, zoe])?.name == "close")
    }

    @Test("Greylisting counts each recipient")
    func greylisting() throws {
        var plan = FaultPlan([try Fault("rcpt=451 4.7.1 Greylisted:1/rcpt")])
        let (zoe, tom) = (Array("zoe@example.com".utf8), Array("tom@example.com".utf8))
        #expect(
            [zoe, tom, zoe, Array("ZOE@example.com".utf8), tom].map { plan.strike(.rcpt, [$0]) != nil } == [
                true, true, false, false, false,
            ])
    }

    @Test("Recipients are told apart by code points")
    func codePoints() throws {
        let (composed, decomposed) = (Array("\u{E9}@b".utf8), Array("e\u{301}@b".utf8))
        var plan = FaultPlan([try Fault("rcpt(\u{E9}@b)=550 x"), try Fault("rcpt=451 x:1/rcpt")])
        #expect(plan.strike(.rcpt, [composed])?.name == "reply 550")
        #expect(plan.strike(.rcpt, [decomposed])?.name == "reply 451")
        var each = FaultPlan([try Fault("rcpt=451 x:1/rcpt")])
        #expect([composed, decomposed, composed].map { each.strike(.rcpt, [$0]) != nil } == [true, true, false])
        // A mark behind a delimiter is of what follows.
        #expect(Settings.Credential(userAndPassword: "joe:\u{308}x") == .password(user: "joe", password: "\u{308}x"))
        guard case .serve(let settings) = try Invocation(["--listen=127.0.0.1:0", "--maildir=\u{338}m"]) else { return }
        #expect(settings.maildir?.unicodeScalars.elementsEqual("\u{338}m".unicodeScalars) == true)
    }

    @Test("Early replies are asked for apart")
    func early() throws {
        var plan = FaultPlan([try Fault("mail=early:1")])
        #expect(plan.strike(.mail) == nil)
        #expect([plan.strikeEarly(.mail), plan.strikeEarly(.mail), plan.strikeEarly(.rcpt)] == [true, false, false])
    }
}
