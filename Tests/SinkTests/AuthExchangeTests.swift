import Testing
import Text

@testable import SMTPServer
@testable import Sink

@Suite("Authentication")
struct AuthExchangeTests {
    private static let credentials: [Settings.Credential] = [
        .password(user: "zoë", password: "pass word"), .token(user: "zoë", token: "t0ken"),
    ]

    @Test(
        "Lines in, verdict out",
        arguments: [
            ("PLAIN", ["\0zoë\0pass word"], "zoë"), ("PLAIN", ["other\0zoë\0pass word"], "zoë"),
            ("PLAIN", ["\0zoë\0wrong"], nil), ("PLAIN", ["zoë"], nil), ("PLAIN", [""], nil),
            ("LOGIN", ["zoë", "pass word"], "zoë"), ("LOGIN", ["zoë", "t0ken"], nil), ("LOGIN", ["", ""], nil),
            ("XOAUTH2", ["user=zoë\u{1}auth=Bearer t0ken\u{1}\u{1}"], "zoë"),
            ("XOAUTH2", ["user=zoë\u{1}auth=Bearer wrong\u{1}\u{1}", ""], nil),
            ("XOAUTH2", ["user=tom\u{1}auth=Bearer t0ken\u{1}\u{1}", ""], nil),
        ] as [(String, [String], String?)])
    func verdict(mechanism: String, lines: [String], user: String?) {
        for withInitial in [true, false] {
            var exchange = AuthExchange(mechanism: mechanism, credentials: Self.credentials)
            var rest = lines.map { Base64.encode(Array($0.utf8)) }[...]
            var initial: [UInt8]?
            if withInitial, let first = rest.popFirst() { initial = first.isEmpty ? [UInt8(ascii: "=")] : first }
            var outcome = exchange.begin(initial: initial)
            while let line = rest.popFirst() {
                guard case .challenge = outcome else { break }
                outcome = exchange.respond(line[...])
            }
            if let user {
                #expect(outcome == .authenticated(user: user))
            } else {
                guard case .refused(let reply) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect([501, 535].contains(reply.code))
            }
        }
    }

    @Test("LOGIN asks in the usual words")
    func prompts() {
        var exchange = AuthExchange(mechanism: "LOGIN", credentials: [])
        #expect(exchange.begin(initial: nil) == .challenge("VXNlcm5hbWU6"))
        #expect(exchange.respond(Array("YQ==".utf8)[...]) == .challenge("UGFzc3dvcmQ6"))
    }

    @Test(
        "A star cancels, and what is no base 64 is refused", arguments: ["*", "a", "!!!!", "YQ=", "YQ==YQ==", "YR=="])
    func cancelled(line: String) {
        var exchange = AuthExchange(mechanism: "PLAIN", credentials: Self.credentials)
        _ = exchange.begin(initial: nil)
        guard case .refused(let reply) = exchange.respond(Array(line.utf8)[...]) else {
            Issue.record("\(line) was accepted")
            return
        }
        #expect(reply.code == 501)
    }
}
