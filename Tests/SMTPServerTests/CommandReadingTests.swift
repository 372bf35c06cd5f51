import Testing

@testable import SMTPServer

@Suite("Commands")
struct CommandReadingTests {
    @Test(
        "Are understood in any case",
        arguments: [
            ("EHLO client.example", .ehlo(Array("client.example".utf8))),
            ("helo [127.0.0.1]", .helo(Array("[127.0.0.1]".utf8))),
            ("data", .data), ("DATA ", .data), ("Rset", .rset), ("quit", .quit), ("STARTTLS", .startTLS),
            ("noop anything", .noop), ("VRFY zoe", .vrfy), ("HELP MAIL", .help),
            ("AUTH plain AGEAYg==", .auth(mechanism: "PLAIN", initial: Array("AGEAYg==".utf8))),
            ("AUTH LOGIN", .auth(mechanism: "LOGIN", initial: nil)),
        ] as [(String, Command)])
    func understood(line: String, command: Command) { #expect(Command(Array(line.utf8)[...]) == command) }

    @Test(
        "MAIL and its parameters",
        arguments: [
            ("MAIL FROM:<>", sender("") { _ in }),
            ("mail from:<a@example.com>", sender("a@example.com") { _ in }),
            ("MAIL FROM:<@relay.example,@b.example:a@example.com>", sender("a@example.com") { _ in }),
            ("MAIL FROM:<\"a >\\\"b\"@example.com>", sender("\"a >\\\"b\"@example.com") { _ in }),
            (
                "MAIL FROM:<zoë@bücher.example> SMTPUTF8",
                sender("zoë@bücher.example") {
                    $0.smtpUTF8 = true
                    $0.uses = .smtpUTF8
                }
            ),
            (
                "MAIL FROM:<a@[192.0.2.1]> SIZE=1000 BODY=8bitmime",
                sender("a@[192.0.2.1]") {
                    $0.size = 1000
                    $0.body = "8BITMIME"
                    $0.uses = [.size, .eightBitMIME]
                }
            ),
            (
                "MAIL FROM:<a@b> RET=hdrs ENVID=x+2By AUTH=<>",
                sender("a@b") {
                    $0.ret = "HDRS"
                    $0.envelopeID = "x+2By"
                    $0.auth = "<>"
                    $0.uses = [.dsn, .auth]
                }
            ),
        ] as [(String, Envelope.Sender)])
    func mail(line: String, expected: Envelope.Sender) { #expect(Command(Array(line.utf8)[...]) == .mail(expected)) }

    @Test("RCPT and its parameters")
    func rcpt() {
        let line = "RCPT TO:<zoe@example.com> NOTIFY=success,Failure ORCPT=rfc822;zoe@example.com"
        var expected = Envelope.Recipient(address: Array("zoe@example.com".utf8))
        expected.notify = "SUCCESS,FAILURE"
        expected.original = "rfc822;zoe@example.com"
        expected.uses = .dsn
        #expect(Command(Array(line.utf8)[...]) == .rcpt(expected))
        #expect(
            Command(Array("RCPT TO:<Postmaster>".utf8)[...])
                == .rcpt(Envelope.Recipient(address: Array("Postmaster".utf8))))
    }

    @Test(
        "Are refused when they are wrong",
        arguments: [
            ("", 500), ("FOO", 500), ("DATAX", 500), ("MAILFROM:<a@b>", 500), ("EXPN list", 502), ("DATA now", 501),
            ("EHLO", 501), ("EHLO a b", 501), ("VRFY", 501), ("NOOP\u{1}", 500), ("AUTH", 501), ("AUTH PLAIN a b", 501),
            ("MAIL", 501), ("MAIL FROM: <a@b>", 553), ("MAIL FROM:a@b", 553), ("MAIL FROM:<a@b", 553),
            ("MAIL FROM:<a@b>x", 553), ("MAIL FROM:<a b@c>", 553), ("MAIL FROM:<a..b@c>", 553), ("MAIL FROM:<@c>", 553),
            ("MAIL FROM:<a@c->", 553), ("MAIL FROM:<a@>", 553), ("MAIL FROM:<a@b> FOO", 555),
            ("MAIL FROM:<a@b> SIZE=1x", 501), ("MAIL FROM:<a@b> SIZE=99999999999999999999", 501),
            ("MAIL FROM:<a@b> SIZE=1 SIZE=1", 501), ("MAIL FROM:<a@b> BODY=9BIT", 501),
            ("MAIL FROM:<a@b> SMTPUTF8=yes", 555), ("MAIL FROM:<a@b> ENVID=a+b", 501),
            ("MAIL FROM:<a@b> ENVID=a=b", 501),
            ("RCPT TO:<>", 501), ("RCPT TO:<zoe>", 501), ("RCPT TO:<a@b> NOTIFY=NEVER,DELAY", 501),
            ("RCPT TO:<a@b> ORCPT=zoe", 501), ("RCPT TO:<a@b> SIZE=1", 555),
            ("NOOP " + String(repeating: "x", count: 994), 500),
        ])
    func refused(line: String, code: Int) {
        let command = Command(Array(line.utf8)[...])
        guard case .malformed(let reply) = command else {
            Issue.record("\(line) was understood as \(command)")
            return
        }
        #expect(reply.code == code)
    }

    @Test("An AUTH line may be longer than others")
    func longAuth() {
        let response = String(repeating: "A", count: 12000)
        #expect(
            Command(Array("AUTH PLAIN \(response)".utf8)[...])
                == .auth(mechanism: "PLAIN", initial: Array(response.utf8)))
    }

    private static func sender(_ address: String, _ set: (inout Envelope.Sender) -> Void) -> Envelope.Sender {
        var sender = Envelope.Sender(address: Array(address.utf8))
        set(&sender)
        return sender
    }
}
