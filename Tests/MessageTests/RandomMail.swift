import IDNA
import Time

@testable import Message

/// Mails that nobody would write, the same ones for the same seed.
struct RandomMail {
    private var state: UInt64

    init(seed: UInt64) { state = (seed &+ 1) &* 0xD134_2543_DE82_EF95 }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    private mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    private static let alphabets = [
        "abcdefghijklmnopqrstuvwxyz", "ABCxyz0123456789", "äöüßéèñçå", "абвгдежзиклмн", "日本語中文漢字", "שלוםעברית",
        "مرحبا", "😀🎉👍🏽👩‍👩‍👧🇩🇪", "=?_\"\\()<>@,;:[]!#$%&'*+-/^`{|}~.", "\u{202E}\u{200D}e\u{301}ﬁ𝔘",
    ].map { Array($0.unicodeScalars) }

    /// Some of the pieces in any order.
    mutating func text(of pieces: [String], atMost count: Int) -> String {
        var text = ""
        for _ in 0..<below(count + 1) { text += pick(pieces) }
        return text
    }

    private mutating func word() -> String {
        let alphabet = chance(50) ? Self.alphabets[0] : pick(Self.alphabets)
        let length = chance(4) ? 70 + below(200) : 1 + below(10)
        var word = ""
        for _ in 0..<length { word.unicodeScalars.append(pick(alphabet)) }
        return word
    }

    private mutating func line(_ longest: Int) -> String {
        var line = word()
        for _ in 0..<below(longest) { line += (chance(3) ? "  " : " ") + word() }
        return line
    }

    private mutating func mailbox() throws -> Mailbox {
        let locals = [
            "zoe", "john.doe+x", "\"a b\"", "\"x@y,z\"", "zoë", "用户", String(repeating: "l", count: 64), #""q\"""#,
        ]
        let domains = [
            "example.com", "bücher.example", "[192.0.2.1]", "日本.example", "LOCALHOST",
            String(repeating: "long-domain.", count: 14) + "example",
        ]
        let address = try Address(parsing: "\(pick(chance(70) ? ["zoe", "x.y"] : locals))@\(pick(domains))")
        return try Mailbox(name: chance(70) ? line(5) : nil, address: address)
    }

    private mutating func mailboxes(_ most: Int) throws -> [Mailbox] {
        var list: [Mailbox] = []
        for _ in 0..<below(most + 1) { list.append(try mailbox()) }
        return list
    }

    private mutating func body() -> String {
        var body = ""
        for _ in 0..<below(12) {
            body += chance(5) ? String(repeating: word(), count: 1 + below(200)) : line(30)
            if chance(10) { body += pick([" ", "\t", "=", ".", "\0", "\u{1B}"]) }
            body += pick(["\n", "\n", "\r\n", "\r", "\n\n", "\nFrom ", "\n.", "\n--"])
        }
        return body
    }

    private mutating func attachment(_ number: Int) -> Attachment {
        var content: [UInt8] = []
        for _ in 0..<below(200) { content.append(UInt8(truncatingIfNeeded: next())) }
        let types = [nil, "application/pdf", "image/png", "text/plain", "text/csv"]
        return Attachment(
            filename: chance(85) ? String(line(6).unicodeScalars.prefix(200)) + pick([".pdf", ".Größe", "x"]) : nil,
            contentType: pick(types),
            cid: chance(30) ? "part\(number)" : nil, content: content)
    }

    mutating func mail() throws -> Composition {
        let seconds = Int64(below(4_000_000_000))
        var mail = Composition(
            from: try mailbox(), subject: chance(2) ? line(2500) : line(12), date: Timestamp(seconds: seconds),
            messageID: MessageID(job: "job\(next())@x.", at: "example.com"))
        mail.to = try mailboxes(chance(2) ? 60 : 4)
        mail.cc = try mailboxes(2)
        mail.replyTo = try mailboxes(1)
        let kind = below(3)
        if kind != 0 { mail.text = body() }
        if kind != 1 { mail.html = body() }
        if chance(50) { mail.headers.append(ExtraHeader(name: "X-Random", value: line(15))) }
        if chance(20) { mail.headers.append(ExtraHeader(name: "X-Other", value: line(3))) }
        if chance(10) {
            let token = String(repeating: pick(["0", "f-", "A_"]), count: below(400))
            let value = "<https://example.com/u?t=\(token)>, <mailto:u@example.com?subject=\(token)>"
            mail.headers.append(ExtraHeader(name: "List-Unsubscribe", value: value))
        }
        if chance(40) { for number in 0...below(3) { mail.attachments.append(attachment(number)) } }
        if var html = mail.html {
            for attachment in mail.attachments where chance(70) {
                // The file's name is as good a name as any, and the body has nothing that makes this no tag.
                if let cid = attachment.cid { html = "<p>x</p><img alt=x src=\"cid:\(cid)\">" + html }
            }
            mail.html = html
        }
        return mail
    }
}
