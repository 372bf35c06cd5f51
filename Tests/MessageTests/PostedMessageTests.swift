import Foundation
import IDNA
import Message
import Testing
import Time

@Suite("A message as a caller of sendmail(1) gives it")
struct PostedMessageTests {
    private func posted(_ text: String) throws -> PostedMessage {
        try PostedMessage(Array(text.utf8), origin: "h.example")
    }
    private func completed(_ text: String) throws -> String {
        String(decoding: try posted(text).completed(), as: UTF8.self)
    }

    static let forms: [(given: String, made: String)] = [
        ("", "To: undisclosed-recipients:;\n\n"),
        ("To: a@b\n\nx", "To: a@b\n\nx\n"),
        ("Cc: a@b\n\nx\n", "Cc: a@b\n\nx\n"),
        ("To: a@b\nBcc: root\n\nx\n", "To: a@b\nBcc: root@h.example\n\nx\n"),
        ("Bcc: a@b\n\nx\n", "Bcc: a@b\nTo: undisclosed-recipients:;\n\nx\n"),
        // A header without a body, and a body without a header.
        ("To: a@b\nSubject: s", "To: a@b\nSubject: s\n\n"),
        ("To: a@b\n\n", "To: a@b\n\n"),
        ("no header\nat all\n", "To: undisclosed-recipients:;\n\nno header\nat all\n"),
        ("\nTo: not@header\n", "To: undisclosed-recipients:;\n\nTo: not@header\n"),
        ("  indented\n", "To: undisclosed-recipients:;\n\n  indented\n"),
        // The header ends at what is no field.
        ("To: a@b\nSubject: s\ntext: at once? no, this is\n", "To: a@b\nSubject: s\ntext: at once? no, this is\n\n"),
        ("To: a@b\nSubject: s\nplain text\nX: y\n", "To: a@b\nSubject: s\n\nplain text\nX: y\n"),
        // Line ends.
        ("To: a@b\r\nSubject: s\r\n\r\nx\r\ny\r\n", "To: a@b\nSubject: s\n\nx\ny\n"),
        ("To: a@b\r\rx\ry", "To: a@b\n\nx\ny\n"),
        ("To: a@b\n\nx\0y\0\n", "To: a@b\n\nxy\n"),
        // Lines of a mailbox file.
        ("From root Mon Nov 23 17:44:11 2026\nTo: a@b\n\nx\n", "To: a@b\n\nx\n"),
        (">From a\n>>From b\r\nFrom c\nTo: a@b\n\nFrom d\n", "To: a@b\n\nFrom d\n"),
        ("From only", "To: undisclosed-recipients:;\n\n"),
        // Addresses without a domain.
        ("To: root\n\n", "To: root@h.example\n\n"),
        ("From: root (Cron Daemon)\nTo: zoe\n\n", "From: root@h.example (Cron Daemon)\nTo: zoe@h.example\n\n"),
        ("to:root,a@b,<c> , D <d>\n\n", "to:root@h.example,a@b,<c@h.example> , D <d@h.example>\n\n"),
        ("To: \"odd one\" , x.y\n\n", "To: \"odd one\"@h.example , x.y@h.example\n\n"),
        ("To: list: a, b@c;, e\n\n", "To: list: a@h.example, b@c;, e@h.example\n\n"),
        ("To: undisclosed-recipients:;\n\n", "To: undisclosed-recipients:;\n\n"),
        ("To: a@b,\n\troot,\n  \"Q, R\" <q>\n\n", "To: a@b,\n\troot@h.example,\n  \"Q, R\" <q@h.example>\n\n"),
        (
            "Resent-To: r\nReply-To: s\nSender: t\nX-To: u\n\n",
            "Resent-To: r@h.example\nReply-To: s@h.example\nSender: t@h.example\nX-To: u\n\n"
        ),
        // What cannot be read stays.
        ("To: two words\n\n", "To: two words\n\n"),
        ("To: a@b, <c\n\n", "To: a@b, <c\n\n"),
    ]

    @Test("It is completed, and nothing else is changed", arguments: forms)
    func completes(given: String, made: String) throws { #expect(try completed(given) == made) }

    @Test(
        "Whom the header names",
        arguments: [
            ("To: root, Zoë <zoe@x.org>\nCc: root\nBcc: b@c, B <b@c>\n\n", "root@h.example zoe@x.org b@c"),
            ("Subject: none\n\n", ""), ("", ""), ("To: undisclosed-recipients:;\n\n", ""),
            ("To: a@b\nResent-To: r@s\nResent-Bcc: t\nResent-Cc: u\n\n", "r@s u@h.example t@h.example"),
            ("TO : a@b\n\nTo: not@header\n", "a@b"), ("To: a@b\nTo: c@d\n\n", "a@b c@d"),
            ("To: list: a, b@c;\n\n", "a@h.example b@c"), ("To: a@b\nbody\nBcc: no@header\n", "a@b"),
            ("From x\nTo: a@b\n\n", "a@b"), ("To: a@b; c@d;\n\n", "a@b c@d"),
        ])
    func names(given: String, recipients: String) throws {
        #expect(try posted(given).recipients().addresses.map(\.text).joined(separator: " ") == recipients)
    }

    @Test(
        "What cannot be read is a fault, and the others get theirs",
        arguments: [
            ("To: e@f..h, a@b\n\n", "a@b", "e@f..h"), ("Cc: <@>, a@b\n\n", "a@b", "<@>"),
            ("To: a\u{1}@b\nBcc: c@d, e@f..g\n\n", "c@d", "a\u{1}@b e@f..g"),
        ])
    func faults(given: String, recipients: String, faults: String) throws {
        let read = try posted(given).recipients()
        #expect(read.addresses.map(\.text).joined(separator: " ") == recipients)
        #expect(read.faults.map(\.text).joined(separator: " ") == faults)
    }

    @Test("A list without spaces is folded between its addresses")
    func longList() throws {
        let list = (1...60).map { "\"a, \($0)\"<user\($0)@example.com>" }.joined(separator: ",")
        let made = try completed("To: \(list)\n\n")
        for line in made.split(separator: "\n") { #expect(line.utf8.count <= 998) }
        #expect(
            try Mailbox.list(parsing: String(made.dropFirst(4)).replacing("\n ", with: "").replacing("\n", with: ""))
                .count == 60)
        #expect(made.replacing("\n ", with: "") == "To: \(list)\n\n")
    }

    @Test("Other character sets stay byte for byte, and names in them are no hindrance")
    func latin1() throws {
        let source =
            Array("To: J".utf8) + [0xF6] + Array("rg <joerg>\nSubject: ".utf8) + [0xFC, 0x0A, 0x0A, 0xE9, 0xFF, 0x0A]
        let message = try PostedMessage(source, origin: "h.example")
        #expect(message.recipients().addresses.map(\.text) == ["joerg@h.example"])
        let made =
            Array("To: J".utf8) + [0xF6] + Array("rg <joerg@h.example>\nSubject: ".utf8) + [
                0xFC, 0x0A, 0x0A, 0xE9, 0xFF, 0x0A,
            ]
        #expect(message.completed() == made)
        // But an address in them is none.
        let odd = try PostedMessage(Array("To: j".utf8) + [0xF6] + Array("rg@x\n\n".utf8), origin: "h.example")
        #expect(odd.recipients().addresses == [] && odd.recipients().faults.count == 1)
    }

    @Test(
        "An address with a control character is no recipient, of C1 either, and its field stays as it is",
        arguments: ["\u{1}", "\u{7F}", "\u{80}", "\u{99}", "\u{9F}"])
    func control(character: String) throws {
        let message = try PostedMessage(Array("To: e\(character)\n\nx\n".utf8), origin: "h.example")
        #expect(message.recipients().addresses == [] && message.recipients().faults.count == 1)
        #expect(message.completed() == Array("To: e\(character)\n\nx\n".utf8))
    }

    @Test("Long lines are broken: a header where it has white space, a body with a space, no character in two")
    func longLines() throws {
        let list = (1...100).map { "user\($0)@example.com" }.joined(separator: ", ")
        let umlauts = String(repeating: "ü", count: 1500)
        let word = String(repeating: "w", count: 2500)
        let made = try completed(
            "To: \(list)\nX-Long: \(word)\n\n\(umlauts)\n\(String(repeating: "x", count: 998))\n\(word)")
        let lines = made.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines { #expect(line.utf8.count <= 998) }
        #expect(!made.contains("\u{FFFD}"))
        let again = try PostedMessage(Array(made.utf8), origin: "h.example")
        #expect(again.recipients().addresses.count == 100)
        let body = made.components(separatedBy: "\n\n")[1]
        #expect(
            body.replacingOccurrences(of: "\n ", with: "")
                == "\(umlauts)\n\(String(repeating: "x", count: 998))\n\(word)\n")
        #expect(lines.contains { $0.utf8.count == 998 })
    }

    @Test("Whatever comes, WholeMessage takes what is made of it")
    func anything() throws {
        var random = SystemRandomNumberGenerator()
        let pieces =
            [
                "To: ", "From: ", "Bcc:", "Subject", ":", "\n", "\n\n", "\r\n", "\r", "\0", "From x\n", " ", "\t",
                "a@b", "root",
                ",", "<", ">", "(", ")", "\"", ";", "ü", "\u{1}", "x", String(repeating: "y", count: 1200), "\\", ".",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        let sender = try Mailbox(parsing: "s@h.example")
        for _ in 0..<3000 {
            let source = (0..<Int.random(in: 0...20, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random)!
            }
            let made = try PostedMessage(source, origin: "h.example").completed()
            let whole = try WholeMessage(parsing: made)
            let mail = try whole.completed(from: sender, date: .init(seconds: 0), messageID: .init(job: "j", at: "h"))
            #expect(!mail.hasLongLines, "\(source)")
            #expect(!made.contains(0) && !made.contains(0x0D))
        }
    }
}
