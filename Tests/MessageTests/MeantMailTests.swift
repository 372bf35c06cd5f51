import IDNA
import Testing
import Time

@testable import Message

/// Readers show what the job says: parts, names and fields by which programs have sent something else.
@Suite("Mail as meant")
struct MeantMailTests {
    private func message(_ change: (inout Composition) -> Void) throws -> String {
        var mail = Composition(
            from: Mailbox(checkedName: nil, address: try Address(parsing: "a@b.example")), subject: "s",
            date: Timestamp(seconds: 0), messageID: MessageID(job: "job1", at: "shop.example"))
        change(&mail)
        return String(decoding: try mail.compose().bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    @Test(
        "A blank alternative is left out",
        arguments: [
            ("Your code is 1234", "", ["text/plain"]), ("x", " \n\u{A0}\u{200B}", ["text/plain"]),
            ("", "<p>x", ["multipart/alternative", "text/plain", "text/html"]), (nil, "<img src=x>", ["text/html"]),
            (" ", "<img src=x>", ["text/html"]),
            ("x", "<img src=x>", ["multipart/alternative", "text/plain", "text/html"]),
            ("", "", ["text/plain"]), (nil, "", ["text/html"]), ("", nil, ["text/plain"]),
        ] as [(String?, String?, [String])])
    func blank(text: String?, html: String?, types: [String]) throws {
        let message = try message { ($0.text, $0.html) = (text, html) }
        let found = message.split(separator: "\n").filter { $0.hasPrefix("Content-Type: ") }
        #expect(found.map { $0.dropFirst(14).prefix { $0 != ";" } } == types.map { $0[...] })
    }

    @Test(
        "A file's name arrives as it is",
        arguments: [
            ("O'Brien.pdf", #"filename="O'Brien.pdf""#), ("a%20b.pdf", #"filename="a%20b.pdf""#),
            ("utf-8''x.pdf", #"filename="utf-8''x.pdf""#), ("a*b", #"filename="a*b""#), ("a.pdf", "filename=a.pdf"),
            ("=?utf-8?Q?evil=2Eexe?=", "filename*=utf-8''%3D%3Futf-8%3FQ%3Fevil%3D2Eexe%3F%3D"),
            ("x =?utf-8?Q?=2Eexe?= y", "filename*=utf-8''x%20%3D%3Futf-8%3FQ%3F%3D2Eexe%3F%3D%20y"),
        ])
    func filename(name: String, parameter: String) throws {
        let message = try message {
            $0.text = "x"
            $0.attachments = [
                Attachment(filename: name, contentType: "application/pdf; x=\"=?utf-8?Q?a?=\"", content: [])
            ]
        }
        #expect(message.replacing("\n ", with: " ").contains(" " + parameter + "\n"))
        #expect(!message.contains("=?"))
    }

    @Test(
        "A field of ids or URIs takes no encoded-word",
        arguments: [
            ("List-Unsubscribe", "<https://x.example/ü>"), ("List-Help", "<mailto:ü@x.example>"),
            ("List-Id", "Zoë <ü.x>"), ("References", "<ü@x>"), ("in-reply-to", "<a@x> <ü@x>"),
            ("Authentication-Results", "mx; spf=pass"),
        ])
    func identifiers(name: String, value: String) throws {
        #expect(throws: CompositionError.self) {
            try message {
                $0.text = "x"
                $0.headers = [ExtraHeader(name: name, value: value)]
            }
        }
    }

    @Test(
        "Text in UTF-8 says so",
        arguments: [
            ("text/plain", Array("ü".utf8), "text/plain; charset=utf-8"),
            ("text/csv; a=b", [0x61], "text/csv; a=b; charset=utf-8"),
            ("text/plain; charset=latin1", Array("ü".utf8), "text/plain; charset=latin1"),
            ("text/plain", [0xFC], "text/plain"), ("application/json", Array("ü".utf8), "application/json"),
        ] as [(String, [UInt8], String)])
    func charset(type: String, content: [UInt8], written: String) throws {
        let message = try message {
            $0.text = "x"
            $0.attachments = [Attachment(contentType: type, content: content)]
        }
        #expect(message.contains("\nContent-Type: \(written)\nContent-Transfer-Encoding: base64\n"))
    }

    @Test("A file that the HTML does not show is listed, under no id of this message")
    func unshown() throws {
        let message = try message {
            $0.html = "<p>x<img src=cid:a.png>"
            $0.attachments = [
                Attachment(filename: "i.pdf", cid: "invoice", content: []), Attachment(cid: "a.png", content: []),
                Attachment(filename: "w.pdf", cid: "w@x.example", content: []), Attachment(cid: "a.png", content: [1]),
            ]
        }
        let lines = message.split(separator: "\n")
        #expect(lines.filter { $0 == "Content-Disposition: inline" }.count == 1)
        #expect(lines.filter { $0.hasPrefix("Content-Disposition: attachment") }.count == 3)
        let ids = lines.filter { $0.hasPrefix("Content-ID: ") }.map(String.init)
        #expect(ids.count == 2)
        #expect(ids.contains("Content-ID: <w@x.example>"))
    }

    @Test("A multipart around a message in 8bit says 8bit")
    func eightBit() throws {
        let inner = Array("Subject: x\r\n\r\nü\r\n".utf8)
        let message = try message {
            $0.text = "x"
            $0.attachments = [Attachment(contentType: "message/rfc822", content: inner)]
        }
        let header = message.prefix(upTo: message.firstRange(of: "\n\n")!.lowerBound)
        #expect(header.contains("\nContent-Transfer-Encoding: 8bit"))
        let ascii = try self.message {
            $0.text = "x"
            $0.attachments = [Attachment(contentType: "message/rfc822", content: Array("Subject: x\r\n\r\nu\r\n".utf8))]
        }
        #expect(!ascii.contains("8bit"))
    }
}
