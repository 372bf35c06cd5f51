import IDNA
import Testing
import Time

@testable import Message

/// Input that only an attacker or a broken program makes: anything is right but a trap.
@Suite("Hostile input")
struct HostileInputTests {
    private static let pieces: [String] = [
        "<", ">", "@", ",", ";", ":", "(", ")", "\"", "\\", "[", "]", ".", " ", "\t", "\r", "\n", "\r\n", "a", "Bcc",
        "-",
        "=", "?", "&", "#", "x", "/", "!", "--", "'", "1", "ü", "\u{308}", "😀", "\u{7F}", "a@b", "href=", "<a ", "</a>",
        "<li>", "<pre>", "<td>", "IPv6:", "::", "%", "*", "\u{200D}", "<script", "&#x", "From ", "\u{3002}", "xn--",
    ]

    private static let mime = [
        "Content-Type: ", "multipart/mixed", "multipart/digest", "message/rfc822", "text/html", "; boundary=a",
        "; boundary=\"b",
        "Content-Transfer-Encoding: ", "8bit", "quoted-printable", "base64", "binary", "x-own", "\n", "\n\n", "\n--a\n",
        "\n--b\n", "\n--a--\n", "ü", "=C3", "=\n", "w7w=", "Subject: ", " ", "a",
        String(repeating: "long ", count: 250),
    ]

    @Test("What is converted has seven bits below its header, and stays as it is", arguments: 0..<8)
    func converts(seed: Int) throws {
        var random = RandomMail(seed: UInt64(seed) + 20_000)
        for _ in 0..<300 {
            let text = "From: a@b\n" + random.text(of: Self.mime, atMost: 40)
            guard let whole = try? WholeMessage(parsing: Array(text.utf8)) else { continue }
            let id = MessageID(job: "j", at: "x")
            let message = try whole.completed(from: nil, date: Timestamp(seconds: 0), messageID: id)
            let again = try WholeMessage(parsing: message.bytes)
            #expect(try again.completed(from: nil, date: Timestamp(seconds: 1), messageID: id) == message, "\(text)")
            let converted = sevenBit(message.bytes)
            #expect(sevenBit(converted) == converted, "\(text)")
            // An encoding of its own, a fragment, or what lies too deep.
            if text.contains("x-own") { continue }
            #expect(converted.allSatisfy { $0 < 0x80 }, "\(text)")
        }
    }

    @Test("Traps nowhere, and lets no line through", arguments: 0..<8)
    func trapsNowhere(seed: Int) throws {
        var random = RandomMail(seed: UInt64(seed) + 10_000)
        for _ in 0..<300 {
            let text = random.text(of: Self.pieces, atMost: 24)
            for mailbox in (try? Mailbox.list(parsing: text)) ?? [] {
                #expect(try Address(parsing: mailbox.address.text) == mailbox.address, "\(text)")
            }
            _ = ContentType(parsing: text)
            _ = MessageID(text)
            _ = HTMLText.text(of: text)
            #expect(Address.isDotAtom(MessageID(job: text, at: "x").text.dropFirst().dropLast(3).utf8) || text.isEmpty)
            if let whole = try? WholeMessage(parsing: Array(text.utf8)) {
                _ = try? whole.recipients()
                let from = try Mailbox(parsing: "a@b")
                let id = MessageID(job: "j", at: "x")
                let message = try whole.completed(from: from, date: Timestamp(seconds: 0), messageID: id)
                let again = try WholeMessage(parsing: message.bytes)
                #expect(!again.fields.contains { $0.name.lowercased() == "bcc" })
                #expect(try again.completed(from: nil, date: Timestamp(seconds: 1), messageID: id) == message)
            }
            var mail = Composition(
                from: try Mailbox(parsing: "a@b"), subject: text, date: Timestamp(seconds: 0),
                messageID: MessageID(job: "j", at: "x"))
            mail.text = text
            mail.html = text
            mail.headers = [ExtraHeader(name: "X-A", value: text)]
            mail.attachments = [Attachment(filename: text, content: [])]
            if let message = try? mail.compose() {
                let names = try WholeMessage(parsing: message.bytes).fields.map(\.name)
                #expect(
                    names == [
                        "Date", "From", "To", "Subject", "Message-ID", "X-A", "Auto-Submitted", "MIME-Version",
                        "Content-Type",
                    ], "\(text)")
            }
        }
    }
}
