import IDNA
import Testing
import Time

@testable import Message

/// What is composed, read back.
@Suite("Reading a message")
struct ReadMessageTests {
    private func compose(_ change: (inout Composition) throws -> Void) throws -> ReadMessage {
        var mail = Composition(
            from: try Mailbox(parsing: "Zoë Müller <zoe@example.com>"), subject: "x", date: Timestamp(seconds: 0),
            messageID: MessageID(job: "a", at: "example.com"))
        mail.text = "text"
        try change(&mail)
        return ReadMessage(try mail.compose().bytes)
    }

    @Test(
        "Subjects and texts in any letters",
        arguments: [
            "plain", "Grüße aus Köln", "日本語の件名 😀", String(repeating: "très long 😀 ", count: 100) + "end",
            String(repeating: "x", count: 2000), "= equals =?not a word?=", "a  b", "tab\there",
        ])
    func texts(text: String) throws {
        let read = try compose { mail in
            mail.subject = text
            mail.text = text
            mail.html = "<p>\(text)</p>"
        }
        #expect(read.value(of: "subject") == text)
        #expect(read.value(of: "From") == "Zoë Müller <zoe@example.com>")
        #expect(read.text?.text == text + "\r\n")
        #expect(read.html?.text == "<p>\(text)</p>\r\n")
        #expect(read.attachments.isEmpty)
    }

    @Test("Files with their names, inline ones with what refers to them")
    func files() throws {
        let names = ["a.pdf", "Grüße.txt", String(repeating: "lang-ü-", count: 60) + ".png", "q\"uo\\te.pdf"]
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let read = try compose { mail in
            mail.html = "<img src=\"cid:logo@example.com\">"
            mail.attachments = names.map { Attachment(filename: $0, contentType: "application/pdf", content: bytes) }
            mail.attachments.append(
                Attachment(filename: "l.png", contentType: "image/png", cid: "logo@example.com", content: bytes))
        }
        #expect(read.attachments.map(\.filename) == names)
        #expect(read.attachments.allSatisfy { $0.content == bytes && $0.type == "application/pdf" })
        let inline = try #require(read.parts.first { $0.cid == "logo@example.com" })
        #expect(inline.content == bytes)
        #expect(!inline.isAttachment)
    }

    @Test("A data URI is the file")
    func dataURI() {
        let part = ReadMessage.Part(
            type: "image/png", filename: nil, cid: "x", isAttachment: false, content: Array("hello".utf8))
        #expect(part.dataURI == "data:image/png;base64,aGVsbG8=")
    }

    @Test(
        "Whatever the bytes are, there is a result",
        arguments: [
            "", "\r\n", "\r", "Subject: x\n\r", "no header at all", "Subject: x",
            "Subject: =?utf-8?q?", "Subject: =?utf-8?b?!!!?=\r\n\r\nx",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "Content-Type: multipart/mixed\r\n\r\nx",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nnot a field\r\n--b\r\n\r\n--b--\r\n",
            "Content-Type: ;;;\r\nContent-Transfer-Encoding: base64\r\n\r\n=====",
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n=",
            "Content-Disposition: attachment; filename*0*=''\r\n\r\n",
            "Content-ID: \r\n\r\n", "Content-ID: <\r\n\r\n",
        ])
    func anything(text: String) { _ = ReadMessage(Array(text.utf8)) }

    @Test("Parts that nest without end are shown as they are beyond twenty levels")
    func nested() {
        let level = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        let read = ReadMessage(Array((String(repeating: level, count: 5000) + "\r\nx").utf8))
        #expect(read.parts.count == 1)
    }

    @Test("Words of other character sets stay as they are, those of ours are joined")
    func words() {
        #expect(decodedWords("=?utf-8?q?a?= =?UTF-8?B?Yg==?= c".utf8) == "ab c")
        #expect(decodedWords("=?koi8-r?b?Yg==?=".utf8) == "=?koi8-r?b?Yg==?=")
        #expect(decodedWords("=?utf-8?x?Yg==?= ? = =?".utf8) == "=?utf-8?x?Yg==?= ? = =?")
        #expect(decodedWords("a =?utf-8?q?=C3=BC_?= b".utf8) == "a ü  b")
    }
}
