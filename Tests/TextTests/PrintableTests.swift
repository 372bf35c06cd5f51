import Testing

@testable import Text

@Suite("Printable text")
struct PrintableTests {
    @Test(
        "What a terminal or a log reader obeys is escaped, and nothing else",
        arguments: [
            ("a\nb", "a\\u{a}b", "a\nb"), ("\u{1B}[31m", "\\u{1b}[31m", "\\u001b[31m"),
            ("a\u{7F}", "a\\u{7f}", "a\\u007f"),
            ("a\u{85}b", "a\\u{85}b", "a\\u0085b"), ("\u{9B}31m", "\\u{9b}31m", "\\u009b31m"),
            ("a\u{2028}b", "a\\u{2028}b", "a\\u2028b"), ("a\u{202E}b", "a\\u{202e}b", "a\\u202eb"),
            ("\u{E000}", "\\u{e000}", "\\ue000"), ("\u{E0041}", "\\u{e0041}", "\\udb40\\udc41"),
            ("Zoë Müller 😀 ü\u{301}", "Zoë Müller 😀 ü\u{301}", "Zoë Müller 😀 ü\u{301}"),
            ("plain ~", "plain ~", "plain ~"),
            ("", "", ""),
        ])
    func escapes(text: String, line: String, json: String) {
        #expect(printable(text) == line)
        #expect(printableJSON(text) == json)
    }

    @Test(
        "Is cut after so many characters",
        arguments: [("abc", "abc"), ("abcd", "abc…"), ("\u{1B}éx", "\\u{1b}éx"), ("a\nbc", "a\\u{a}b…"), ("", "")])
    func cut(text: String, shown: String) { #expect(printable(text, limit: 3) == shown) }

    @Test(
        "A line of bytes has a mark for what is not printable",
        arguments: [
            ("abc", "abc"), ("abcd", "abc"), ("a\r\n", "a??"), ("\u{1B}\u{202E}x", "??x"), ("éüß", "éüß"),
            ("éüßx", "éüß"), ("😀😀😀😀", "😀😀😀"),
        ])
    func line(text: String, shown: String) {
        #expect(printableLine(text.utf8, limit: 3) == shown)
        #expect(printableLine([0xFF] + Array(text.utf8), limit: 1) == "\u{FFFD}")
    }

    @Test(
        "Quotes what stands between quotation marks",
        arguments: [
            ("", #""""#), (#"a "b" \c"#, #""a \"b\" \\c""#), ("\u{1B}[31m\n", #""\u{1b}[31m\u{a}""#), ("é", #""é""#),
            (String(repeating: "x", count: 101), "\"" + String(repeating: "x", count: 100) + "…\""),
        ])
    func quotes(text: String, quoted: String) { #expect(text.quoted == quoted) }
}
