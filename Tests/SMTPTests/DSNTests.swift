import SMTP
import Testing
import Text

@Suite("DSN parameters")
struct DSNTests {
    /// The commands of a transaction, in one group.
    private func commands(_ dsn: DSN?, to recipients: [String] = ["r@x.example"], offered: Bool = true) throws -> String
    {
        var capabilities = Capabilities()
        (capabilities.pipelining, capabilities.dsn, capabilities.smtpUTF8) = (true, offered, true)
        let envelope = try Envelope(sender: "s@x.example", recipients: recipients, size: 1, dsn: dsn)
        var transaction = Transaction(envelope, capabilities, isFirst: true)
        guard case .write(let bytes) = transaction.start() else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Asks in the words of RFC 3461")
    func asks() throws {
        let dsn = DSN(notify: [.failure, .delay], returned: .headers, envelopeID: "order-1042")
        #expect(
            try commands(dsn, to: ["a@x.example", "b@x.example"])
                == "MAIL FROM:<s@x.example> RET=HDRS ENVID=order-1042\r\n"
                + "RCPT TO:<a@x.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@x.example\r\n"
                + "RCPT TO:<b@x.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@x.example\r\n")
        #expect(
            try commands(DSN(notify: [.never], returned: .full)).hasPrefix(
                "MAIL FROM:<s@x.example> RET=FULL\r\nRCPT TO:<r@x.example> NOTIFY=NEVER ORCPT=rfc822;r@x.example\r\n"))
        #expect(
            try commands(DSN()).hasPrefix(
                "MAIL FROM:<s@x.example>\r\nRCPT TO:<r@x.example> ORCPT=rfc822;r@x.example\r\n"))
    }

    @Test("A recipient's own word goes before that of all, and an original recipient is passed on as it came")
    func single() throws {
        var dsn = DSN(notify: [.failure])
        dsn.recipients = [
            "a@x.example": .init(notify: [.never]), "b@x.example": .init(original: "rfc822;old+2B@y.example"),
            "c@x.example": .init(notify: []),
        ]
        #expect(
            try commands(dsn, to: ["a@x.example", "b@x.example", "c@x.example"])
                == "MAIL FROM:<s@x.example>\r\n"
                + "RCPT TO:<a@x.example> NOTIFY=NEVER ORCPT=rfc822;a@x.example\r\n"
                + "RCPT TO:<b@x.example> NOTIFY=FAILURE ORCPT=rfc822;old+2B@y.example\r\n"
                + "RCPT TO:<c@x.example> ORCPT=rfc822;c@x.example\r\n")
    }

    @Test("Asks for nothing where the message does not, or the server does not offer it")
    func asksNothing() throws {
        let plain = "MAIL FROM:<s@x.example>\r\nRCPT TO:<r@x.example>\r\nDATA\r\n"
        #expect(try commands(nil) == plain)
        #expect(try commands(DSN(notify: [.success], returned: .full, envelopeID: "x"), offered: false) == plain)
    }

    @Test(
        "No id and no address ends a parameter",
        arguments: [
            ("a b+c=d", "a+20b+2Bc+3Dd"), ("a\r\nRCPT TO:<e@f>", "a+0D+0ARCPT+20TO:<e@f>"), ("~!", "~!"),
            ("\u{7F}é", "+7F+C3+A9"),
        ])
    func encodes(id: String, text: String) throws {
        #expect(xtext(id.utf8) == text)
        #expect(try commands(DSN(envelopeID: id)).hasPrefix("MAIL FROM:<s@x.example> ENVID=\(text)\r\n"))
    }

    @Test("An id that is too long as xtext is left out")
    func longID() throws {
        #expect(try commands(DSN(envelopeID: String(repeating: "x", count: 100))).contains("ENVID"))
        for id in ["", String(repeating: "x", count: 101), String(repeating: "=", count: 34)] {
            #expect(try !commands(DSN(envelopeID: id)).contains("ENVID"))
        }
    }

    @Test(
        "The original recipient is the address, with its type",
        arguments: [
            ("a+b=c@x.example", "rfc822;a+2Bb+3Dc@x.example"), ("\"a b\"@x.example", "rfc822;\"a+20b\"@x.example"),
            ("zoë+a=\u{1F600}@x.example", "utf-8;zo\\x{EB}\\x{2B}a\\x{3D}\\x{1F600}@x.example"),
        ])
    func original(address: String, text: String) throws {
        #expect(try commands(DSN(), to: [address]).contains("RCPT TO:<\(address)> ORCPT=\(text)\r\n"))
    }

    @Test("ORCPT is left out where the line would be too long")
    func longRecipient() throws {
        let address = String(repeating: "a", count: 490) + "@x.example"
        #expect(try commands(DSN(notify: [.delay]), to: [address]).contains("<\(address)> NOTIFY=DELAY\r\n"))
    }
}
