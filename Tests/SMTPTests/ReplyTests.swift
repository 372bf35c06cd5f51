import SMTP
import Testing

@Suite("Reply")
struct ReplyTests {
    private func replies(_ text: String, chunk: Int = .max) throws -> [Reply] {
        var parser = ReplyParser()
        var replies: [Reply] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
            while let reply = try parser.next() { replies.append(reply) }
        }
        return replies
    }

    @Test(
        "Reads one reply",
        arguments: [
            ("250 Ok\r\n", 250, nil, "Ok"), ("250\n", 250, nil, ""), ("250\r\n", 250, nil, ""),
            ("250 2.0.0 Ok: queued as 4F1C2\r\n", 250, "2.0.0", "Ok: queued as 4F1C2"),
            ("550-5.1.1 No such user\r\n550 5.1.1 here\n", 550, "5.1.1", "No such user here"),
            // The class must be that of the code, and the status must end.
            ("451 5.7.1 x\r\n", 451, nil, "5.7.1 x"), ("250 2.0.0x\r\n", 250, nil, "2.0.0x"),
            ("250 2.0.0\r\n", 250, "2.0.0", ""), ("250 2.1234.0 x\r\n", 250, nil, "2.1234.0 x"),
            // Where codes differ within a reply, the last one counts.
            ("250-a\r\n550 b\r\n", 550, nil, "a b"),
            ("999 ?\r\n", 999, nil, "?"), ("550 \u{1B}[2Jgone\u{7}\r\n", 550, nil, "?[2Jgone?"),
            ("250 a\rb\r\n", 250, nil, "a?b"), ("250 \u{202E}Zoë\u{2028}x\r\n", 250, nil, "?Zoë?x"),
        ] as [(String, Int, String?, String)])
    func reads(wire: String, code: Int, enhanced: String?, text: String) throws {
        for chunk in [1, 3, Int.max] {
            let all = try replies(wire, chunk: chunk)
            #expect(all.count == 1)
            #expect(all.first?.code == code)
            #expect(all.first?.enhanced?.description == enhanced)
            #expect(all.first?.text == text)
        }
    }

    @Test("Keeps the order of pipelined replies", arguments: [1, 7, 4096])
    func pipelined(chunk: Int) throws {
        let wire = "250 a\r\n250-b\r\n250 c\r\n354 d\n\n".dropLast(1)
        let all = try replies(String(wire), chunk: chunk)
        #expect(all.map(\.code) == [250, 250, 354])
        #expect(all.map(\.text) == ["a", "b c", "d"])
    }

    @Test(
        "Says what cannot be understood",
        arguments: [
            ("hello\r\n", .notAReply("hello")), ("25\r\n", .notAReply("25")), ("250Ok\r\n", .notAReply("250Ok")),
            ("\r\n", .notAReply("")), ("2x0 ok\n", .notAReply("2x0 ok")),
            (String(repeating: "2", count: 5000), .lineTooLong),
            ("250 " + String(repeating: "x", count: 4096) + "\r\n", .lineTooLong),
            (String(repeating: "250-x\r\n", count: 300), .tooManyLines),
            (String(repeating: "250-" + String(repeating: "x", count: 4000) + "\r\n", count: 20), .replyTooLong),
        ] as [(String, ReplyError)])
    func refuses(wire: String, error: ReplyError) {
        #expect(throws: error) { try replies(wire) }
        #expect(throws: error) { try replies(wire, chunk: 100) }
    }

    @Test("Knows that a reply is incomplete")
    func withinReply() throws {
        var parser = ReplyParser()
        #expect(!parser.isWithinReply)
        parser.append(Array("250-a\r\n".utf8))
        #expect(try parser.next() == nil)
        #expect(parser.isWithinReply)
        parser.append(Array("250 b\r\n".utf8))
        #expect(try parser.next() == Reply(code: 250, "a\nb"))
        #expect(!parser.isWithinReply)
    }

    @Test("Bounds and describes the text")
    func text() {
        #expect(Reply(code: 550, String(repeating: "ü", count: 5000)).text.count == Reply.textLimit)
        #expect(Reply(code: 250, "2.0.0 Ok").description == "250 2.0.0 Ok")
        #expect(Reply(code: 250, "").description == "250")
        #expect(Reply(code: 550, content: Array("a\u{0}".utf8) + [0xFF]).text == "a?\u{FFFD}")
    }

    @Test(
        "Sorts codes",
        arguments: [
            (250, .positive), (354, .intermediate), (451, .transient), (599, .permanent), (199, .invalid),
            (600, .invalid), (0, .invalid),
        ] as [(Int, Reply.Kind)])
    func kinds(code: Int, kind: Reply.Kind) {
        #expect(Reply(code: code, "").kind == kind)
    }

    @Test("Reads what EHLO offers, in any case")
    func capabilities() {
        let lines = [
            "mx.example.org", "pipelining", "Size 10240000", "8BITMIME", "SMTPUTF8", "DSN", "StartTLS",
            "AUTH PLAIN login", "AUTH=LOGIN XOAUTH2", "ENHANCEDSTATUSCODES", "X-UNKNOWN 1", "",
        ]
        let offered = Capabilities(Reply(code: 250, lines.joined(separator: "\n")))
        var all = Capabilities()
        all.server = "mx.example.org"
        all.pipelining = true
        all.size = true
        all.sizeLimit = 10_240_000
        all.eightBitMIME = true
        all.smtpUTF8 = true
        all.dsn = true
        all.startTLS = true
        all.enhancedStatusCodes = true
        all.authMechanisms = ["PLAIN", "LOGIN", "XOAUTH2"]
        #expect(offered == all)
        #expect(Capabilities(Reply(code: 250, "PIPELINING")) == Capabilities())
    }

    @Test(
        "Takes a size only where it limits",
        arguments: [
            ("SIZE", nil), ("SIZE 0", nil), ("SIZE 99999999999999999999", nil), ("SIZE 5", 5),
        ] as [(String, Int?)])
    func size(line: String, limit: Int?) {
        let offered = Capabilities(Reply(code: 250, "mx\n" + line))
        #expect(offered.size)
        #expect(offered.sizeLimit == limit)
    }
}
