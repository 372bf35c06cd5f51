import Testing

@testable import Schema

@Suite("Patterns")
struct PatternTests {
    @Test(
        "Matches as ECMA-262 says",
        arguments: [
            ("", ["", "x"], []), ("a", ["a", "xax"], ["", "b"]), ("^a$", ["a"], ["a\n", "\na", "aa"]),
            ("^a|b$", ["ax", "xb"], ["xa", "bx"]), ("^(?:a|b)$", ["a", "b"], ["ab"]),
            ("a.c", ["abc", "a😀c"], ["a\nc", "a\u{2028}c"]),
            ("^[a-c]+$", ["abcabc"], ["", "d", "ab-"]), ("^[^a-c]$", ["d", "\n"], ["a"]), ("^[]$", [], ["", "a"]),
            ("^[^]$", ["\n"], [""]),
            ("^[\\]\\\\^-]+$", ["]\\^-"], ["a"]), ("^[-a]$", ["-", "a"], ["b"]), ("^[a-]$", ["-", "a"], ["b"]),
            ("^\\d{2,3}$", ["12", "123"], ["1", "1234", "১২"]), ("^\\D$", ["a", "১"], ["1"]),
            ("^\\w+$", ["a_Z9"], ["é", "-"]), ("^\\W$", ["é", "-"], ["_"]),
            ("^\\s$", [" ", "\u{A0}", "\u{FEFF}", "\n"], ["\u{85}", "x"]), ("^\\S$", ["x"], [" "]),
            ("^[\\D]$", ["a"], ["1"]), ("^[\\s\\S]$", ["a", "\n"], [""]), ("^[^\\d\\s]$", ["a"], ["1", " "]),
            ("\\bfoo\\b", ["foo", "a foo."], ["foobar", "_foo"]), ("\\Bo", ["fo"], ["o"]),
            ("^a{0}$", [""], ["a"]), ("^a{2}$", ["aa"], ["a", "aaa"]), ("^a{2,}$", ["aa", "aaaa"], ["a"]),
            ("^(ab){1,2}$", ["ab", "abab"], ["ababab"]),
            ("^a??b*?c+?$", ["c", "abbcc"], ["ab"]), ("^(?<year>\\d{4})$", ["2026"], ["26"]),
            ("^(a*)*$", ["", "aaa"], ["b"]),
            ("^\\x41\\u0042\\u{1F600}\\ud83d\\ude00$", ["AB😀😀"], ["AB😀"]), ("^\\t\\cJ\\0$", ["\t\n\0"], [""]),
            ("^\\p{Lu}\\p{Letter}+$", ["Äß", "Ab"], ["ab", "A1"]), ("^[\\p{L}\\p{Nd}]+$", ["a১"], ["-"]),
            ("^\\P{L}$", ["1"], ["a"]),
            ("^[^\\p{L}]$", ["1"], ["a"]), ("^[\\P{L}a]$", ["1", "a"], ["b"]),
            ("^\\p{gc=Lu}\\p{General_Category=Ll}$", ["Aa"], ["aA"]),
            ("^\\/\\.\\-\\@$", ["/.-@"], ["/x-@"]), ("(^a|b)c", ["ac", "xbc"], ["xac"]),
            ("a$|^b", ["xa", "bx"], ["ax", "xb"]), ("x*$", ["aaa"], []),
        ] as [(String, [String], [String])])
    func matches(source: String, good: [String], bad: [String]) throws {
        let pattern = try Pattern(source)
        for text in good { #expect(pattern.matches(text), "\(source) \(text.debugDescription)") }
        for text in bad { #expect(!pattern.matches(text), "\(source) \(text.debugDescription)") }
    }

    @Test(
        "Refuses what it cannot keep",
        arguments: [
            "(", ")", "[", "[a", "a)", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?i:a)", "(?<", "(?<>a)", "\\1", "\\k<a>",
            "\\", "\\a", "\\Z", "\\01",
            "*", "+a", "?", "a**", "^*", "\\b+", "{", "}", "]", "a{", "a{,3}", "a{2,1}", "a{1",
            "a{99999999999999999999}", "[z-a]", "[\\d-z]",
            "\\x4", "\\u12", "\\u{110000}", "\\u{}", "\\u{41", "\\ud800", "\\p{Greek}", "\\p{Script=Greek}", "\\p",
            "\\pL", "\\c1", "[\\B]",
            "(a{1000}){1000}", "((){9999}){9999}", "(((a{99}){99}){99}){99}",
        ] + [String(repeating: "(", count: 100_000), String(repeating: "a", count: 20_000)])
    func refuses(source: String) {
        #expect(throws: PatternFault.self) { try Pattern(source) }
    }
}
