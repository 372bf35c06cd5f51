import IDNA
import Testing
import Time

@testable import Message

@Suite("Whole messages")
struct WholeMessageTests {
    private let date = Timestamp(seconds: 1_795_455_851)
    private let id = MessageID(job: "j", at: "x")

    private func completed(_ text: String, from: String? = nil) throws -> ComposedMessage {
        let fallback = try from.map { try Mailbox(parsing: $0) }
        return try WholeMessage(parsing: Array(text.utf8)).completed(from: fallback, date: date, messageID: id)
    }

    @Test(
        "Mends what is missing and keeps the rest",
        arguments: [
            (
                "From: a@b\nDate: x\nMessage-ID: <y@z>\nSubject:  odd\n folded\n\nBody\n",
                "From: a@b\r\nDate: x\r\nMessage-ID: <y@z>\r\nSubject:  odd\r\n folded\r\n\r\nBody\r\n"
            ),
            (
                "from: a@b\r\rx\ry",
                "from: a@b\r\nDate: Mon, 23 Nov 2026 17:44:11 +0000\r\nMessage-ID: <j@x>\r\n\r\nx\r\ny\r\n"
            ),
            (
                "Bcc: a@b,\n\tc@d\nFROM : a@b\nDATE: x\nresent-BCC: z@z\nReturn-Path: <>\nmessage-id: <y@z>",
                "FROM : a@b\r\nDATE: x\r\nmessage-id: <y@z>\r\n\r\n"
            ),
            (
                "From : a@b\nDate: x\nMessage-ID: y\n\nz\n",
                "From : a@b\r\nDate: x\r\nMessage-ID: y\r\n\r\nz\r\n"
            ),
            (
                "From zoe Mon Nov 23\nFrom: a@b\nDate: x\nMessage-ID: y\n\nBcc: no@header\n",
                "From: a@b\r\nDate: x\r\nMessage-ID: y\r\n\r\nBcc: no@header\r\n"
            ),
        ])
    func mends(text: String, expected: String) throws {
        let message = try completed(text)
        #expect(String(decoding: message.bytes, as: UTF8.self) == expected)
        #expect(!message.needs8Bit && !message.needsSMTPUTF8 && !message.hasLongLines)
    }

    @Test("Takes a text without a header as body", arguments: ["hello\nBcc: x\n", " x\n", "", "\nhello"])
    func takesBody(text: String) throws {
        let message = try completed(text, from: "Zoë <a@b>")
        let body = text.hasPrefix("\n") ? String(text.dropFirst()) : text
        let expected =
            "Date: Mon, 23 Nov 2026 17:44:11 +0000\r\nFrom: =?utf-8?q?Zo=C3=AB?= <a@b>\r\nMessage-ID: <j@x>\r\n\r\n"
            + body.split(separator: "\n").map { $0 + "\r\n" }.joined()
        #expect(String(decoding: message.bytes, as: UTF8.self) == expected)
    }

    @Test(
        "Refuses what cannot be sent",
        arguments: [
            ("Subject: x\n\ny", .noFrom), ("From: a@b\n\na\n\0", .nul(line: 4)),
            ("From: a@b\nBcc c@d\n\nx", .notAField(line: 2)),
            ("From: a@b\nX: y\n z\n: c@d\n\nx", .notAField(line: 4)),
        ] as [(String, WholeMessageError)])
    func refuses(text: String, expected: WholeMessageError) {
        #expect(throws: expected) { try completed(text) }
    }

    @Test("Finds the envelope")
    func findsEnvelope() throws {
        let text =
            "From: Zoë <a@b>, x@y\nTo: c@d,\n  Friends: e@F, \"g, h\" <g@h>;\nCC: c@d (again)\nBcc: i@j\nSubject: x\n\nTo: no@body\n"
        let message = try WholeMessage(parsing: Array(text.utf8))
        #expect(message.sender?.text == "a@b")
        #expect(try message.recipients().map(\.text) == ["c@d", "e@f", "g@h", "i@j"])
        #expect(message.fields.map(\.name) == ["From", "To", "CC", "Bcc", "Subject"])
        #expect(message.fields[1].value == "c@d,  Friends: e@F, \"g, h\" <g@h>;")
        #expect(try WholeMessage(parsing: Array("Sender: s@t\nFrom: a@b\n".utf8)).sender?.text == "s@t")
        #expect(try WholeMessage(parsing: []).sender == nil)
        #expect(throws: WholeMessageError.self) { try WholeMessage(parsing: Array("To: a b\n".utf8)).recipients() }
        #expect(throws: WholeMessageError.notUTF8(field: "To")) {
            try WholeMessage(parsing: Array("To: Zo".utf8) + [0xEB] + Array(" <a@b>\n".utf8)).recipients()
        }
    }

    @Test("Says what a relay must offer")
    func flags() throws {
        let body = try completed("From: a@b\n\nü")
        #expect(body.needs8Bit && !body.needsSMTPUTF8)
        let header = try completed("From: ü@b\n\nx")
        #expect(header.needs8Bit && header.needsSMTPUTF8)
        let signed = try completed("DKIM-Signature: x\nFrom: ü <a@b>\n\nx")
        #expect(signed.needs8Bit && signed.needsSMTPUTF8)
        // Only what travels counts.
        #expect(try !completed("From: a@b\nBcc: ü@b\n\nx").needsSMTPUTF8)
        let latin = try WholeMessage(parsing: Array("From: a@b\nSubject: ".utf8) + [0xFC, 0x0A])
            .completed(from: nil, date: date, messageID: id)
        #expect(latin.needs8Bit && !latin.needsSMTPUTF8)
        #expect(try !completed("From: a@b\n\n" + String(repeating: "x", count: 998) + "\ny").hasLongLines)
        #expect(try completed("From: a@b\nX: " + String(repeating: "x", count: 999)).hasLongLines)
        let long = "\n" + String(repeating: "x", count: 999)
        #expect(try completed("From: a@b\nDKIM-Signature: x\n" + long).hasLongLines)
        let encoded = try completed("From: a@b\n" + long)
        #expect(!encoded.hasLongLines)
        #expect(ReadMessage(encoded.bytes).text?.text == long.dropFirst() + "\r\n")
    }

    @Test(
        "UTF-8 in the header is encoded; only an address can need SMTPUTF8",
        arguments: [
            ("Subject: Grüße aus Köln", "Subject: =?utf-8?b?R3LDvMOfZQ==?= aus =?utf-8?b?S8O2bG4=?="),
            ("Subject: =?utf-8?q?a?= ü b", "Subject: =?utf-8?q?a?= =?utf-8?b?IMO8?= b"),
            ("Subject: ü\n\tx\u{1} y", "Subject: =?utf-8?b?w7w=?= x y"),
            ("From: Zoë <a@b.example>", "From: =?utf-8?q?Zo=C3=AB?= <a@b.example>"),
            (
                "To: \"Müller, Zoë\" <a@b>, c@d (Jörg),e@f",
                "To: =?utf-8?b?TcO8bGxlciwgWm/Dqw==?= <a@b>,\r\n =?utf-8?b?SsO2cmc=?= <c@d>, e@f"
            ),
            ("To: Gäste: a@b, c@d;, e@f", "To: =?utf-8?b?R8Okc3Rl?=: a@b, c@d;, e@f"),
            ("To: Größe:;", "To: =?utf-8?b?R3LDtsOfZQ==?=:;"),
            ("Cc: zoe@exämple.org", "Cc: zoe@xn--exmple-cua.org"),
            ("Cc: Zoë [Büro] a@b", "Cc: =?utf-8?b?Wm/DqyBbQsO8cm9d?= <a@b>"),
            ("Organization: Café", "Organization: =?utf-8?b?Q2Fmw6k=?="),
            (
                "Content-Type: text/plain; charset=utf-8; name=\"Grüße.txt\"",
                "Content-Type: text/plain; charset=utf-8; name*=utf-8''Gr%C3%BC%C3%9Fe.txt"
            ),
        ])
    func encodes(field: String, expected: String) throws {
        let rest = "Date: x\nMessage-ID: <y@z>\n\nx\n"
        let message = try completed((field.hasPrefix("From") ? "" : "From: f@g\n") + field + "\n" + rest)
        #expect(!message.needs8Bit && !message.needsSMTPUTF8)
        #expect(String(decoding: message.bytes, as: UTF8.self).contains(expected + "\r\nDate"))
    }
}
