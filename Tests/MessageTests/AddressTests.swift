import IDNA
import JSON
import Testing

@testable import Message

@Suite("Addresses")
struct AddressTests {
    @Test(
        "Reads one mailbox",
        arguments: [
            ("zoe@example.com", nil, "zoe@example.com"),
            ("  zoe@example.com  ", nil, "zoe@example.com"),
            ("<zoe@example.com>", nil, "zoe@example.com"),
            ("Zoë Müller <zoe@example.com>", "Zoë Müller", "zoe@example.com"),
            ("Zoë   Müller<zoe@example.com>", "Zoë Müller", "zoe@example.com"),
            ("\"Müller, Zoë\" <zoe@example.com>", "Müller, Zoë", "zoe@example.com"),
            (#""a \"b\" \\c" <a@b>"#, #"a "b" \c"#, "a@b"),
            ("John Q. Public <john@example.com>", "John Q. Public", "john@example.com"),
            ("zoe@example.com (Zoë)", "Zoë", "zoe@example.com"),
            ("(x) Zoe (nested (comment)) <zoe@example.com> (y)", "Zoe", "zoe@example.com"),
            ("\"\" <a@b>", nil, "a@b"),
            ("Zoe@EXAMPLE.Com", nil, "Zoe@example.com"),
            ("o'brien+tag=x@example.com", nil, "o'brien+tag=x@example.com"),
            ("root@localhost", nil, "root@localhost"),
            ("\"john\"@example.com", nil, "john@example.com"),
            ("\"john doe\"@example.com", nil, "\"john doe\"@example.com"),
            ("\"a..b\"@example.com", nil, "\"a..b\"@example.com"),
            (#""a\"(<@b"@example.com"#, nil, #""a\"(<@b"@example.com"#),
            ("\"a,b\"@example.com", nil, "\"a,b\"@example.com"),
            ("zoë@example.com", nil, "zoë@example.com"),
            ("用户@例子.广告", nil, "用户@xn--fsqu00a.xn--4rr70v"),
            ("zoe@bücher.example", nil, "zoe@xn--bcher-kva.example"),
            ("zoe@BÜCHER.example", nil, "zoe@xn--bcher-kva.example"),
            ("zoe@bu\u{308}cher.example", nil, "zoe@xn--bcher-kva.example"),
            ("zoe@bücher。example", nil, "zoe@xn--bcher-kva.example"),
            ("a@straße.example", nil, "a@xn--strae-oqa.example"),
            ("x@ｅｘａｍｐｌｅ.com", nil, "x@example.com"),
            ("a@xn--bcher-kva.example", nil, "a@xn--bcher-kva.example"),
            ("a@[192.0.2.1]", nil, "a@[192.0.2.1]"),
            ("Name <a@[IPv6:2001:DB8::1]>", "Name", "a@[IPv6:2001:db8::1]"),
            ("a@[ipv6:::ffff:192.0.2.1]", nil, "a@[IPv6:::ffff:192.0.2.1]"),
            ("a@[IPv6:::]", nil, "a@[IPv6:::]"),
            ("=?utf-8?q?x?= <a@b>", "=?utf-8?q?x?=", "a@b"),
            (String(repeating: "a", count: 200) + "@b", nil, String(repeating: "a", count: 200) + "@b"),
            ("\"\"@b", nil, "\"\"@b"), ("a@b_c.example", nil, "a@b_c.example"),
            ("a@[IPv6:::1.2.3.4]", nil, "a@[IPv6:::1.2.3.4]"), ("a@[IPv6:1::1.2.3.4]", nil, "a@[IPv6:1::1.2.3.4]"),
            ("ஸ்ரீ@b", nil, "ஸ்ரீ@b"),
        ] as [(String, String?, String)])
    func reads(text: String, name: String?, envelope: String) throws {
        let mailbox = try Mailbox(parsing: text)
        #expect(mailbox.name == name)
        #expect(mailbox.address.text == envelope)
        #expect(mailbox.address.needsSMTPUTF8 == envelope.utf8.contains { $0 >= 0x80 })
        // What is written is read as the same again.
        #expect(try Address(parsing: mailbox.address.text) == mailbox.address)
    }

    @Test(
        "Refuses what is none, with the reason",
        arguments: [
            ("", "empty"), ("   ", "empty"), ("zoe", "no @"), ("zoe.example.com", "no @"), ("Zoe <zoe>", "no @"),
            ("<>", "no @"), ("@b", "before the @"), ("a@", "after the @"), ("<a@>", "after the @"),
            ("a@b, c@d", #"["a@b", "c@d"]"#), ("Müller, Zoë <a@b>", #"["a@b", "c@d"]"#), ("a@b,", "comma"),
            ("a@b c@d", "unexpected 'c'"), ("a@b; c@d", "unexpected ';'"), ("a@b <c@d>", "unexpected '<'"),
            ("a b@c", "misplaced dot or space"), ("a @b", "misplaced"), (".a@b", "misplaced"), ("a.@b", "misplaced"),
            ("a..b@c", "misplaced"), ("\"a\"b@c", "misplaced"), ("a@b@c", "unexpected '@'"), ("a@ b", "after the @"),
            ("a@b..c", "empty label"), ("a@b.", "empty label"), ("a@.b", "empty label"), ("a@-b", "letters, digits"),
            ("a@b-", "letters, digits"), ("a@b!c", "letters, digits"),
            ("a@" + String(repeating: "b", count: 64), "63 octets"),
            (String(repeating: "a", count: 479) + "@b", "480 octets"), ("a@[IPv6::1.2.3.4]", "domain literal"),
            ("\u{200B}zoe@b", "an invisible character before the @, \"\\u{200b}\""),
            ("z\u{AD}oe@b", "an invisible character"),
            ("z\u{A0}oe@b", "an invisible character"),
            ("z\u{E000}@b", "an invisible character"), ("\"a\u{2003}b\"@c", "an invisible character"),
            ("z\u{202E}@b", "an invisible character"),
            ("z\u{378}@b", "an invisible character"), ("z\u{2028}@b", "an invisible character"),
            ("a@" + String(repeating: "b.", count: 127) + "bb", "255 octets"),
            ("a@" + String(repeating: "ü", count: 60) + ".de", "63 octets"),
            ("a@[192.0.2.256]", "domain literal"), ("a@[192.0.2]", "domain literal"),
            ("a@[IPv6:1:2]", "domain literal"),
            ("a@[IPv6::1:2:3:4:5:6:7]", "domain literal"), ("a@[IPv6:1::2::3]", "domain literal"),
            ("a@[x", "domain literal"), ("a@[]", "domain literal"),
            ("a@i❤.ws", "domains do not have"), ("a@\u{308}u.de", "combining mark"),
            ("\"Zoe <a@b>", "quotation mark"), ("Zoe (x <a@b>", "'('"), ("Zoe <a@b", "'<' without '>'"),
            ("Zoe <a@b> x", "unexpected 'x'"), ("Zoe a@b>", "misplaced"),
            ("a@b\r\nBcc: c@d", "control character"), ("a\n@b", "control character"), ("a@b\0", "control character"),
            ("Zo\te <a@b>", "control character"), ("Zo\u{9B}e <a@b>", "control character"), ("a\u{7F}@b", "control"),
            ("friends: a@b;", "unexpected ':'"), ("<@x:a@b>", "nothing before the @"),
        ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: AddressError.self) { try Mailbox(parsing: text) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        #expect(error?.text == text)
    }

    @Test("Quotes a hostile address in one short line")
    func quotesSafely() {
        let text = "\u{1B}[31m\"\r\n\u{202E}\u{9B}\u{2028}" + String(repeating: "x", count: 1_000_000)
        let error = #expect(throws: AddressError.self) { try Mailbox(parsing: text) }
        let line = error?.description ?? ""
        #expect(line.hasPrefix(#""\u{1b}[31m\"\u{d}\u{a}\u{202e}\u{9b}\u{2028}xxx"#))
        #expect(line.utf8.count < 300)
    }

    @Test(
        "Reads what a job says",
        arguments: [
            ("a@b", ["a@b"]), (["a@b", "Zoë <c@d>"], ["a@b", "c@d"]), (["name": "x", "email": "a@b"], ["a@b"]),
            (["email": "a@b"], ["a@b"]), (["email": "a@b", "name": .null], ["a@b"]), (["email": "  a@b "], ["a@b"]),
            (["email": "  "], nil),
            ([["email": "a@b"], "c@d"], ["a@b", "c@d"]),
            ([], []),
            (["email": "x <a@b>"], nil), (["email": "a@b (x)"], nil), (["name": "x"], nil),
            (["email": "a@b", "nam": "x"], nil), (["email": "a@b", "name": "x\r\nBcc: y"], nil),
            (["email": "a@b", "name": 1], nil),
            (1, nil), (.null, nil), ([["a@b"]], nil), ("a@b, c@d", nil),
        ] as [(JSON, [String]?)])
    func readsJSON(json: JSON, expected: [String]?) throws {
        if let expected {
            #expect(try Mailbox.list(json: json).map(\.address.text) == expected)
        } else {
            #expect(throws: AddressError.self) { try Mailbox.list(json: json) }
        }
    }

    @Test(
        "Reads the value of a field",
        arguments: [
            ("a@b", ["a@b"]), ("a@b, c@d", ["a@b", "c@d"]), (" , a@b,,c@d, ", ["a@b", "c@d"]), ("", []),
            ("Friends: a@b, \"x, y\" <c@d>;, e@f", ["a@b", "c@d", "e@f"]), ("undisclosed-recipients:;", []),
            ("undisclosed recipients: ;", []), ("a@b\t(c),\td@e", ["a@b", "d@e"]), ("g: a@b;", ["a@b"]),
            ("\"g: x\": a@b; (end)", ["a@b"]), ("\"a\\\tb\"@c", ["\"a b\"@c"]),
            ("a@b c@d", nil), ("g: a@b", nil), ("g: h: a@b;;", nil), ("Zoe", nil), (": a@b;", nil), ("g:; a@b", nil),
            ("a@b;", nil),
        ] as [(String, [String]?)])
    func readsList(text: String, expected: [String]?) throws {
        if let expected {
            #expect(try Mailbox.list(parsing: text).map(\.address.text) == expected)
        } else {
            #expect(throws: AddressError.self) { try Mailbox.list(parsing: text) }
        }
    }

    @Test("Takes a hostile list in linear time", .timeLimit(.minutes(1)))
    func isLinear() {
        let commas = String(repeating: ",", count: 100_000)
        #expect(throws: Never.self) { try Mailbox.list(parsing: commas) }
        #expect(throws: AddressError.self) { try Mailbox.list(parsing: String(repeating: "(", count: 100_000)) }
        #expect(throws: AddressError.self) { try Mailbox.list(parsing: String(repeating: "a ", count: 100_000)) }
        #expect(throws: AddressError.self) {
            try Mailbox(parsing: "a@" + String(repeating: "u\u{308}", count: 100_000))
        }
    }
}
