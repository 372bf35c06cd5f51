import IDNA
import Message
import Testing

@Suite("Addresses as people write them")
struct PostedAddressTests {
    /// A field, and the recipients that Postfix 3.7 gives the mail to.
    static let delivered: [(field: String, recipients: String)] = [
        ("bob@example.com <bob@example.com>", "bob@example.com"),
        ("Zoe <z@example.com>, bob@example.com <bob@example.com>", "z@example.com bob@example.com"),
        ("[Shop] News <a@b.example>", "a@b.example"),
        ("good@example.com, zoe@example.com.", "good@example.com zoe@example.com"),
        ("den...4ik@mail.example", "\"den...4ik\"@mail.example"),
        ("<@relay.example:zoe@example.com>", "zoe@example.com"),
        ("undisclosed-recipients:", ""),
        // Others of these kinds.
        ("<@a.example,@b.example:zoe@example.com>, c@d", "zoe@example.com c@d"),
        (".zoe@example.com, zoe.@example.com", "\".zoe\"@example.com \"zoe.\"@example.com"),
        ("zoe @ example . com", "zoe@example.com"), ("zoe . q @example.com", "zoe.q@example.com"),
        ("J. R. (the boss) @ Office <jr@example.com>", "jr@example.com"),
        ("a: b (c) <d@e>, f@g", "d@e f@g"), ("Team: a@b, c@d", "a@b c@d"), ("Team: a@b; Others: c@d", "a@b c@d"),
        ("\"unclosed <a@b>, c@d", "a@b c@d"), ("open (comment <a@b>, c@d", "a@b c@d"), ("<a@b, c@d", "a@b c@d"),
        ("<<a@b>>", "a@b"), ("a@b>, c@d", "a@b c@d"), ("'a@b', c@d", "a@b c@d"), ("<mailto:a@b>", "a@b"),
        ("Zoe <a@b> <c@d>", "a@b c@d"), ("a@b,,;, c@d;", "a@b c@d"), ("<>, a@b", "a@b"),
        ("a@b@c.example", "\"a@b\"@c.example"),
        ("Zo\u{1}e <a@b>", "a@b"), ("\"a b\"@c.example", "\"a b\"@c.example"),
        ("a@[IPv6:::1], b@[192.0.2.1]", "a@[IPv6:::1] b@[192.0.2.1]"),
        // Several words, as several addresses or as a name.
        ("two words", "two@h.example words@h.example"), ("tim@a.example joe@b.example", "tim@a.example joe@b.example"),
        ("a@b\tc@d", "a@b c@d"), ("Zoe Smith zoe@x.example", "zoe@x.example"), ("a@b c", "a@b"), ("<a@b c>", "a@b"),
        // Comments anywhere, also one without an end.
        ("Chris <c@(Chris's host.)public.example>", "c@public.example"), ("a@b (c", "a@b"), ("c@(x)d . e", "c@d.e"),
        // Quotation marks and escapes where none belong.
        ("\"a@b\"", "a@b"), ("a@b\"", "a@b"), ("a\\ b@c", "\"a b\"@c"), ("\"\"@b", "\"\"@b"),
        // Paths of hosts, and names that DNS has.
        ("one!two!zoe", "two!zoe@one"), ("one!zoe@x", "one!zoe@x"), ("a@b_c.example", "a@b_c.example"),
        (String(repeating: "x", count: 99) + "@b", String(repeating: "x", count: 99) + "@b"),
        ("root, zoe", "root@h.example zoe@h.example"), ("a..b", "\"a..b\"@h.example"), ("", ""), (" (nobody) ", ""),
    ]

    @Test("They are delivered as Postfix delivers them", arguments: delivered)
    func delivers(field: String, recipients: String) throws {
        let read = Mailbox.posted(field, origin: "h.example")
        #expect(read.mailboxes.map(\.address.text).joined(separator: " ") == recipients)
        #expect(read.faults == [])
    }

    @Test(
        "What is no address in any reading is a fault",
        arguments: [
            "a@", "@b", "a@b..c", "a@-b", "a\u{7F}@b", "a@[1.2.3]", "a\u{200B}@b", "\"\"",
        ])
    func faults(field: String) {
        let read = Mailbox.posted("x@y, \(field), z@y", origin: "h.example")
        #expect(read.mailboxes.map(\.address.text) == ["x@y", "z@y"])
        #expect(read.faults.map(\.text) == [field])
    }

    @Test(
        "Names come along",
        arguments: [
            ("[Shop] News <a@b>", "[Shop] News"), ("\"A, B\". C. <@r:a@b>", "A, B. C."), ("Zoe \"Q\" x@y", "Zoe Q"),
            ("x@y <a@b>", "x@y"),
        ])
    func names(field: String, name: String) {
        #expect(Mailbox.posted(field, origin: "h.example").mailboxes.map(\.name) == [name])
    }

    @Test("What is left open costs no more than the field is long", .timeLimit(.minutes(1)))
    func cost() {
        for piece in [
            "a ", "a@b ", "\\ ", "!", "(", "<", "\"", "((", "(\"<", "\\", "<(", " ", "[", "@[", ",(", ": ", ". ",
        ] {
            _ = Mailbox.posted(String(repeating: piece, count: 30_000), origin: "h.example")
        }
    }
}
