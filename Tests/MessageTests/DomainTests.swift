import IDNA
import Testing

@testable import Message

@Suite("Domains")
struct DomainTests {
    @Test(
        "Maps with UTS 46, then writes A-labels",
        arguments: [
            // Compatibility forms: what a Japanese keyboard types, ligatures, letters of mathematics, squared words.
            ("ｅｘａｍｐｌｅ.com", "example.com"), ("ﬁ.example", "fi.example"), ("１２.example", "12.example"),
            ("𝐚.example", "a.example"), ("℡.example", "tel.example"), ("①.example", "1.example"),
            ("ſ.example", "s.example"), ("K.example", "k.example"), ("ｘｎ--bcher-kva.example", "xn--bcher-kva.example"),
            // Not transitional: these letters stay what they are.
            ("straße.example", "xn--strae-oqa.example"), ("STRAẞE.example", "xn--strae-oqa.example"),
            ("βόλος.example", "xn--nxasmm1c.example"), ("ΒΌΛΟΣ.example", "xn--nxasmq6b.example"),
            // Case and composition.
            ("bücher.example", "xn--bcher-kva.example"), ("BU\u{308}CHER.Example", "xn--bcher-kva.example"),
            ("İstanbul.example", "xn--istanbul-o0e.example"), ("Å.example", "xn--5ca.example"),
            ("ǅ.example", "xn--d-toa.example"),
            // Full stops.
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"), ("例え．テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え｡テスト", "xn--r8jz45g.xn--zckzah"),
            // Nothing is left of what is ignored.
            ("a\u{FE0F}ü.example", "xn--a-eha.example"), ("\u{200B}ü.example", "xn--tda.example"),
            ("b\u{AD}ücher.example", "xn--bcher-kva.example"),
            // A joiner behind a virama, a middle dot between two l.
            ("क\u{94D}\u{200D}ष.example", "xn--11b2ezcw70k.example"), ("l·l.example", "xn--ll-0ea.example"),
            ("אב.example", "xn--4dbc.example"),
            // A-labels among others.
            ("xn--bcher-kva.ü.example", "xn--bcher-kva.xn--tda.example"),
            ("XN--BCHER-KVA.ü.example", "xn--bcher-kva.xn--tda.example"), ("ü--a.example", "xn----a-goa.example"),
            (String(repeating: "ü", count: 57) + ".example", "xn--td" + String(repeating: "a", count: 57) + ".example"),
            // RFC 3492, section 7.1.
            ("ليهمابتكلموشعربي", "xn--mgbcah9ar9a4efegftvvn"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("Pročprostěnemluvíčesky", "xn--proprostnemluvesky-uyb24dma41a"),
            ("なぜみんな日本語を話してくれないのか", "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"),
            ("3年B組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
        ])
    func maps(domain: String, expected: String) throws {
        #expect(try Domain.canonical(domain, by: .idna) == expected)
        #expect(try Domain.canonical(expected, by: .idna) == expected)
        // What the client library asks takes all of them.
        #expect(throws: Never.self) { try Domain.canonical(domain, by: .form) }
    }

    @Test(
        "Refuses what cannot exist",
        arguments: [
            ("☃.example", "domains do not have"), ("i♥ny.example", "domains do not have"),
            ("😀.example", "domains do not have"), ("ü…example", "domains do not have"),
            ("\u{378}.example", "domains do not have"), ("a⒈ü.example", "domains do not have"),
            // An A-label of what is not allowed, mapped from full width.
            ("ｘｎ--n3h.example", "domains do not have"), ("xn--n3h.ü.example", "domains do not have"),
            // What is ASCII after the mapping, alone or in a letter that decomposes to it.
            ("ａ＿ｂ.example", "letters, digits"), ("ü＿.example", "domains do not have"), ("＠.example", "letters, digits"),
            ("a\u{A0}b.example", "letters, digits"), ("ü\u{3000}.example", "domains do not have"),
            ("≠.example", "domains do not have"), ("＝\u{338}.example", "domains do not have"),
            // Joiners without their context.
            ("a\u{200D}ü.example", "domains do not have"), ("क\u{200D}ष.example", "domains do not have"),
            ("a\u{200C}ü.example", "domains do not have"),
            ("\u{308}a.example", "combining mark"), ("אa.example", "directions"), ("1א.example", "directions"),
            ("ü..example", "empty label"), ("ü.", "empty label"), (".ü", "empty label"), ("ü。。example", "empty label"),
            ("ü。", "empty label"), ("\u{AD}.ü", "empty label"),
            ("-ü.example", "inner hyphens"), ("ü-.example", "inner hyphens"), ("ü_.example", "letters, digits"),
            ("a_b.ü", "letters, digits"), ("ü\0.example", "letters, digits"), ("ü b.example", "letters, digits"),
            ("aa--ü.example", "two hyphens"), ("xn--zzzzzz.ü", "decode"), ("xn--.ü", "decode"),
            (String(repeating: "ü", count: 58) + ".example", "63 octets"),
            (String(repeating: "a", count: 64) + ".ü", "63 octets"),
            (String(repeating: "ü.", count: 32) + "example", "255 octets"),
            (String(repeating: "ü", count: 600), "255 octets"),
        ])
    func refuses(domain: String, reason: String) {
        let fault = #expect(throws: AddressParser.Fault.self) { try Domain.canonical(domain, by: .idna) }
        #expect(fault?.reason.contains(reason) == true, "\(fault?.reason ?? "")")
    }

    @Test(
        "Takes ASCII as it is, in lower case",
        arguments: [
            ("Example.COM", "example.com"), ("xn--a.example", "xn--a.example"), ("XN--N3H.example", "xn--n3h.example"),
            ("aa--b.example", "aa--b.example"), ("localhost", "localhost"),
            (String(repeating: "b.", count: 127) + "b", String(repeating: "b.", count: 127) + "b"),
        ])
    func takesASCII(domain: String, expected: String) throws {
        #expect(try Domain.canonical(domain, by: .idna) == expected)
    }
}
