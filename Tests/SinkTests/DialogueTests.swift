import Testing

@testable import SMTPServer
@testable import Sink

@Suite("Dialogue")
struct DialogueTests {
    @Test(
        "Says what may come when",
        arguments: [
            ("MAIL FROM:<a@b>", [503]), ("EHLO c|RCPT TO:<a@b>", [250, 503]), ("EHLO c|DATA", [250, 503]),
            ("HELO c|MAIL FROM:<a@b>|RCPT TO:<c@d>|DATA", [250, 250, 250, 354]),
            ("HELO c|MAIL FROM:<a@b> SIZE=1", [250, 555]), ("EHLO c|MAIL FROM:<a@b> SIZE=1", [250, 250]),
            ("EHLO c|MAIL FROM:<a@b> SIZE=9999999999", [250, 552]),
            ("EHLO c|MAIL FROM:<a@b>|MAIL FROM:<a@b>", [250, 250, 503]),
            ("EHLO c|MAIL FROM:<a@b>|DATA", [250, 250, 554]),
            ("EHLO c|MAIL FROM:<a@b>|RSET|MAIL FROM:<a@b>", [250, 250, 250, 250]),
            ("EHLO c|MAIL FROM:<a@b>|EHLO c|MAIL FROM:<a@b>", [250, 250, 250, 250]),
            ("EHLO c|MAIL FROM:<ü@b>", [250, 553]),
            ("EHLO c|MAIL FROM:<ü@b> SMTPUTF8|RCPT TO:<é@b>", [250, 250, 250]),
            ("EHLO c|MAIL FROM:<a@b>|RCPT TO:<é@b>", [250, 250, 553]),
            ("EHLO c|MAIL FROM:<a@b>|RCPT TO:<1@b>|RCPT TO:<2@b>|RCPT TO:<3@b>", [250, 250, 250, 250, 452]),
            ("EHLO c|STARTTLS", [250, 502]), ("EHLO c|AUTH PLAIN", [250, 502]),
            ("NOOP|VRFY x|HELP|QUIT", [250, 252, 214, 221]),
        ] as [(String, [Int])])
    func order(lines: String, codes: [Int]) {
        var settings = Settings()
        settings.maxRecipients = 2
        #expect(Self.codes(lines, settings) == codes)
    }

    @Test("Offers what is there and not withheld")
    func offers() {
        var settings = Settings()
        var dialogue = Dialogue(settings, name: "mx.example")
        #expect(
            dialogue.ehloReply.more == [
                "PIPELINING", "SIZE 33554432", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN", "HELP",
            ])
        settings.offers = [.startTLS, .auth]
        settings.certificate = .selfSigned(directory: "tls")
        settings.credentials = [.password(user: "a", password: "b"), .token(user: "a", token: "b")]
        dialogue = Dialogue(settings, name: "mx.example")
        #expect(dialogue.ehloReply.more == ["STARTTLS", "HELP"])
        dialogue.becameEncrypted(version: "TLSv1.3")
        #expect(dialogue.ehloReply.more == ["AUTH PLAIN LOGIN XOAUTH2", "HELP"])
    }

    @Test("Withheld extensions have no parameters", arguments: ["SIZE=1", "BODY=7BIT", "SMTPUTF8", "RET=FULL"])
    func withheld(parameter: String) {
        var settings = Settings()
        settings.offers = []
        #expect(Self.codes("EHLO c|MAIL FROM:<a@b> \(parameter)", settings) == [250, 555])
    }

    @Test("Mail waits for authentication, authentication for TLS")
    func authentication() {
        var settings = Settings()
        settings.certificate = .selfSigned(directory: "tls")
        settings.credentials = [.password(user: "a", password: "b")]
        settings.requiresAuth = true
        #expect(Self.codes("EHLO c|AUTH PLAIN|MAIL FROM:<a@b>", settings) == [250, 538, 530])
        var dialogue = Dialogue(settings, name: "mx.example")
        dialogue.becameEncrypted(version: "TLSv1.3")
        _ = dialogue.accept(.ehlo(Array("c".utf8)))
        #expect(dialogue.refusal(of: .auth(mechanism: "XOAUTH2", initial: nil))?.code == 504)
        #expect(dialogue.refusal(of: .auth(mechanism: "PLAIN", initial: nil)) == nil)
        dialogue.authenticated(as: "a")
        #expect(dialogue.refusal(of: .mail(Envelope.Sender())) == nil)
    }

    @Test("Encryption makes everything forgotten")
    func encryption() {
        var dialogue = Dialogue(Settings(), name: "mx.example")
        _ = dialogue.accept(.ehlo(Array("c".utf8)))
        _ = dialogue.accept(.mail(Envelope.Sender()))
        dialogue.becameEncrypted(version: "TLSv1.3")
        #expect(dialogue.refusal(of: .mail(Envelope.Sender()))?.code == 503)
        #expect(dialogue.envelope == nil)
    }

    private static func codes(_ lines: String, _ settings: Settings) -> [Int] {
        var dialogue = Dialogue(settings, name: "mx.example")
        return lines.split(separator: "|").map { line in
            let command = Command(Array(line.utf8)[...])
            return (dialogue.refusal(of: command) ?? dialogue.accept(command)).code
        }
    }
}
