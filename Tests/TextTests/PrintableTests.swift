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
}
