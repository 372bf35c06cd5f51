import Testing
import Time

@testable import Message

@Suite("Messages from anywhere")
struct FoundMessageTests {
    private func parts(_ text: String) -> [String] {
        FoundMessage(Array(text.utf8), limit: 1 << 20).parts.map { part in
            "\(part.type): \(String(decoding: part.content, as: UTF8.self))"
        }
    }

    @Test("Line ends, NULs and headers that break off")
    func headers() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["Subject: =?utf-8?Q?H=C3=A9?=", "\tNyaan", "X-Y : z", "no field", "body"].joined(separator: end)
            let message = FoundMessage(Array(text.utf8) + [0], limit: 1000)
            #expect(message.header.value(of: "subject") == "Hé Nyaan")
            #expect(message.header.values(of: "x-y") == ["z"])
            #expect(message.parts.map(\.content) == [Array("no field\r\nbody".utf8)])
        }
    }

    @Test(
        "Parts, whatever they are said to be",
        arguments: [
            ("Content-Type: text/html\n\nx", ["text/html: x"]),
            ("\nx", ["text/plain: x"]),
            (
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/rfc822\n\nTo: y\n--b--\n",
                ["text/plain: x", "message/rfc822: To: y"]
            ),
            // The boundary is another one, or missing.
            (
                "Content-Type: multipart/mixed; boundary=c\n\n--b\nContent-Type: text/html\n\nx\n--b--\n",
                ["text/html: x"]
            ),
            ("Content-Type: multipart/mixed\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", ["text/html: x"]),
            ("Content-Type: multipart/mixed\n\nx", ["text/plain: x"]),
            ("Content-Type: multipart/mixed; boundary=a=b;; x\n\n--a=b\n\nx\n--a=b--", ["text/plain: x"]),
            ("Content-Transfer-Encoding: BASE64\n\neA =\n=\n", ["text/plain: x"]),
            ("Content-Transfer-Encoding: base64\n\n???", ["text/plain: ???"]),
            ("Content-Transfer-Encoding: quoted-printable\n\n=78", ["text/plain: x"]),
        ] as [(String, [String])])
    func parts(text: String, expected: [String]) { #expect(parts(text) == expected) }

    @Test("Bounds")
    func bounds() {
        let nested = (0..<1000).map { "Content-Type: multipart/mixed; boundary=b\($0)x\n\n--b\($0)x\n" }.joined()
        #expect(parts(nested).count == 1)
        let many = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\nx\n", count: 1000)
        #expect(parts(many).count == 100)
        #expect(FoundMessage(Array("\nxyz".utf8), limit: 3).parts.map(\.content) == [Array("xy".utf8)])
    }

    @Test(
        "Dates as programs write them",
        arguments: [
            ("Mon, 23 Nov 2026 17:44:11 +0000", "2026-11-23T17:44:11Z"),
            ("23 Nov 2026 17:44 +0100", "2026-11-23T16:44:00Z"),
            ("Mon, 23 Nov 2026 17:44:11 -0530 (IST)", "2026-11-23T23:14:11Z"),
            ("Mon,23 Nov 26 17:44:11 EST", "2026-11-23T22:44:11Z"),
            ("Thu, 9 Apr 1998 23:34:45 GMT", "1998-04-09T23:34:45Z"), ("9 APR 98 23:34:45", "1998-04-09T23:34:45Z"),
            ("1 January 2026 00:00:60 UT", "2026-01-01T00:01:00Z"),
        ])
    func dates(text: String, moment: String) { #expect(Timestamp(rfc5322: text)?.rfc3339Seconds == moment) }

    @Test(
        "What is no date",
        arguments: [
            "", "Mon", "31 Feb 2026 10:00:00", "1 Foo 2026 10:00", "1 Jan 2026", "1 Jan 2026 24:00", "1 Jan 2026 10",
            "x Jan 2026 10:00",
            "99999999999999999999 Jan 2026 10:00", "1 Jan 99999 10:00", "1 Jan 2026 10:00:00:00", "1 Jan 2026 10:61",
        ])
    func noDates(text: String) { #expect(Timestamp(rfc5322: text) == nil) }
}
