import IDNA
import Testing
import Time

@testable import Message

@Suite("Header fields")
struct HeaderTests {
    private func lines(_ body: (inout Wire) -> Void) -> [String] {
        var wire = Wire(reserving: 0)
        body(&wire)
        let text = String(decoding: wire.bytes, as: UTF8.self)
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    private func subject(_ text: String) -> [String] {
        lines { wire in
            wire.begin("Subject")
            wire.unstructured(text, limit: 60)
        }
    }

    @Test(
        "Writes unstructured text",
        arguments: [
            ("", ["Subject:"]), ("Hello", ["Subject: Hello"]), ("  Hello  ", ["Subject: Hello"]),
            ("Überraschung", ["Subject: =?utf-8?q?=C3=9Cberraschung?="]),
            ("Grüße", ["Subject: =?utf-8?b?R3LDvMOfZQ==?="]),
            ("Your Grüße here", ["Subject: Your =?utf-8?b?R3LDvMOfZQ==?= here"]),
            ("Привет мир", ["Subject: =?utf-8?b?0J/RgNC40LLQtdGCINC80LjRgA==?="]),
            ("a  b", ["Subject: a =?utf-8?q?_b?="]), ("a\tb", ["Subject: =?utf-8?b?YQli?="]),
            ("=?utf-8?q?x?= y", ["Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= y"]),
            ("ü a ü", ["Subject: =?utf-8?b?w7w=?= a =?utf-8?b?w7w=?="]),
            ("ü ü", ["Subject: =?utf-8?b?w7wgw7w=?="]),
            ("http://x/?a=?b", ["Subject: http://x/?a=?b"]),
            (
                "The quick brown fox jumps over the lazy dog and then it jumps over the dog again",
                ["Subject: The quick brown fox jumps over the lazy dog and then it jumps over", " the dog again"]
            ),
        ])
    func writesUnstructured(text: String, expected: [String]) {
        #expect(subject(text) == expected)
    }

    @Test(
        "Only the last of neighbours in base64 is padded: GMime decodes them as one, up to the padding",
        arguments: ["ü", "€", "😀", "ü€😀x", "中 文"], ["", "a", "ab", "😀"])
    func padding(unit: String, start: String) throws {
        let text = start + String(repeating: unit, count: 400 / unit.utf8.count)
        let lines = subject(text)
        #expect(lines.count > 5)
        #expect(lines.contains { $0.contains("?b?") })
        for line in lines.dropLast() where line.contains("?b?") {
            #expect(!line.contains("=?= ") && !line.hasSuffix("=?="))
        }
        let words = lines.flatMap { $0.split(separator: " ").filter { $0.hasPrefix("=?") } }
        #expect(try words.map { try #require(try decoded($0)) }.joined() == text)
    }

    @Test(
        "Bounds lines and words, and splits no character",
        arguments: ["ü", "€", "😀", "x", "a€", "xyzü ", "中文 ", "\u{202E}שלום"])
    func boundsWords(unit: String) throws {
        let text = String(repeating: unit, count: 10_000 / unit.utf8.count)
        let lines = subject(text)
        #expect(lines.count > 100)
        for line in lines {
            #expect(line.utf8.count <= 76)
            let words = line.split(separator: " ").filter { $0 != "Subject:" }
            #expect(words.count == 1)
            for word in words {
                #expect(word.hasPrefix("=?utf-8?") && word.hasSuffix("?="))
                #expect(word.utf8.count <= 75)
                #expect(try decoded(word) != nil, "a character is split in \(word)")
            }
        }
        let all = try lines.flatMap { $0.split(separator: " ") }.compactMap { try decoded($0) }.joined()
        #expect(all.utf8.elementsEqual(text.utf8.reversed().drop { $0 == 0x20 }.reversed()))
    }

    /// The meaning of an encoded-word; nil if it is none or not UTF-8.
    private func decoded(_ word: Substring) throws -> String? {
        let parts = word.split(separator: "?", omittingEmptySubsequences: false)
        guard parts.count == 5 else { return nil }
        let text = Array(parts[3].utf8)
        var bytes: [UInt8] = []
        if parts[2] == "q" {
            var index = 0
            while index < text.count {
                if text[index] == UInt8(ascii: "=") {
                    bytes.append(try #require(text[index + 1].hexValue) << 4 | #require(text[index + 2].hexValue))
                    index += 2
                } else {
                    bytes.append(text[index] == UInt8(ascii: "_") ? 0x20 : text[index])
                }
                index += 1
            }
        } else {
            bytes = try #require(decodedBase64(text))
        }
        return String(validating: bytes, as: UTF8.self)
    }

    @Test(
        "Writes mailboxes",
        arguments: [
            ([("a@b", nil)], ["To: a@b"]), ([("a@b", "Zoe Miller"), ("c@d", nil)], ["To: Zoe Miller <a@b>, c@d"]),
            ([("a@b", "Miller, Zoe")], [#"To: "Miller, Zoe" <a@b>"#]),
            ([("a@b", #"a"b\"#)], [#"To: "a\"b\\" <a@b>"#]),
            ([("a@b", "Zoë Schneider")], ["To: =?utf-8?q?Zo=C3=AB_Schneider?= <a@b>"]),
            ([("a@b", "Zoë, a much longer name")], ["To: =?utf-8?q?Zo=C3=AB=2C_a_much_longer_name?= <a@b>"]),
            ([("a@b", "=?utf-8?q?x?=")], ["To: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b>"]),
            ([("a@b", "a  b")], [#"To: "a  b" <a@b>"#]),
            ([("\"a b\"@c", "x")], [#"To: x <"a b"@c>"#]),
            (
                [("averyveryverylongaddress@example.com", "Somebody Important"), ("another@example.com", "X Y")],
                ["To: Somebody Important <averyveryverylongaddress@example.com>, X Y", " <another@example.com>"]
            ),
        ] as [([(String, String?)], [String])])
    func writesMailboxes(list: [(String, String?)], expected: [String]) throws {
        let mailboxes = try list.map { try Mailbox(name: $0.1, address: Address(parsing: $0.0)) }
        let lines = lines { wire in
            wire.begin("To")
            wire.mailboxes(mailboxes)
        }
        #expect(lines == expected)
    }

    @Test(
        "Writes parameters",
        arguments: [
            ("a.pdf", ["X: y; filename=a.pdf"]), ("a b.pdf", [#"X: y; filename="a b.pdf""#]),
            (#"a"\b"#, [#"X: y; filename="a\"\\b""#]), ("", [#"X: y; filename="""#]),
            ("Größe.pdf", ["X: y; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf"]),
            ("a%'*ü", ["X: y; filename*=utf-8''a%25%27%2A%C3%BC"]),
            (
                "Rechnung für die Lieferung der Bücher über Österreich.pdf",
                [
                    "X: y;", " filename*0*=utf-8''Rechnung%20f%C3%BCr%20die%20Lieferung%20der%20B%C3%BCch;",
                    " filename*1*=er%20%C3%BCber%20%C3%96sterreich.pdf",
                ]
            ),
        ])
    func writesParameters(value: String, expected: [String]) {
        let lines = lines { wire in
            wire.append("X: y")
            wire.parameter("filename", value)
        }
        #expect(lines == expected)
    }

    @Test(
        "Finds a name for old readers",
        arguments: [
            ("Größe.pdf", "Gr__e.pdf"), ("a\"\\.pdf", "a__.pdf"),
            (String(repeating: "é", count: 100) + ".pdf", String(repeating: "_", count: 56) + ".pdf"),
            (String(repeating: "x", count: 100), String(repeating: "x", count: 60)),
        ])
    func findsPlainName(filename: String, expected: String) {
        #expect(Attachment.plainName(filename) == expected)
    }

    @Test(
        "Reads content types",
        arguments: [
            ("text/plain", "text/plain []"), ("Text/HTML; Charset=\"utf-8\"", "text/html [charset=utf-8]"),
            ("text/calendar;method=REQUEST ; charset=utf-8;", "text/calendar [method=REQUEST charset=utf-8]"),
            ("application/vnd.a+xml", "application/vnd.a+xml []"), (#"a/b; c="d\"e""#, #"a/b [c=d"e]"#),
            ("text", nil), ("text/", nil), ("/plain", nil), ("text/plain;x", nil), ("text/plain; x=\"y", nil),
            ("", nil),
            ("text/plain\r\nX: y", nil), ("text/pläin", nil), ("text/plain x", nil),
            ("a/b; c=d; c=e", nil), ("a/b; c=", nil),
        ] as [(String, String?)])
    func readsContentType(text: String, expected: String?) {
        let type = ContentType(parsing: text)
        let shown = type.map { type in
            "\(type.type)/\(type.subtype) [\(type.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: " "))]"
        }
        #expect(shown == expected)
    }

    @Test(
        "Makes message ids of jobs' ids",
        arguments: [
            ("20261123T174411Z-abcdefghij", "20261123T174411Z-abcdefghij"), ("a@b", "a%40b"), ("a.b", "a.b"),
            ("a.", "a%2E"),
            ("a..b", "a%2E.b"), ("a...", "a%2E%2E%2E"), ("a%40b", "a%2540b"), ("a=b+c_d-e", "a=b+c_d-e"),
            (".a", "%2Ea"), ("ü>", "%C3%BC%3E"),
        ])
    func makesMessageID(job: String, left: String) {
        let id = MessageID(job: job, at: "example.com")
        #expect(id.text == "<\(left)@example.com>")
        #expect(Address.isDotAtom(left.utf8))
        #expect(MessageID(id.text) == id)
    }

    @Test(arguments: ["", "a@b", "<a@b", "<a>", "<@b>", "<a@>", "<a b@c>", "<a@b>\r\n", "<ü@b>", "<<a@b>>"])
    func refusesMessageID(text: String) {
        #expect(MessageID(text) == nil)
    }

    @Test(
        "Writes dates",
        arguments: [
            (1_795_455_851, "Mon, 23 Nov 2026 17:44:11 +0000"), (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        ] as [(Int64, String)])
    func writesDate(seconds: Int64, expected: String) {
        #expect(Timestamp(seconds: seconds).rfc5322 == expected)
    }
}

/// Base64 without line ends, as a reader takes it.
func decodedBase64(_ text: some Sequence<UInt8>) -> [UInt8]? {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits: UInt32 = 0
    var count = 0
    var bytes: [UInt8] = []
    for digit in text where digit != UInt8(ascii: "=") {
        guard let value = alphabet.firstIndex(of: digit) else { return nil }
        bits = bits << 6 | UInt32(value)
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return bytes
}
