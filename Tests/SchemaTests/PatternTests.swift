import Foundation
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

    @Test(
        "Agrees with Python's engine on random patterns", .enabled(if: hasPython, "skipped: no python3"),
        arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func agreesWithPython(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var cases: [[String]] = []
        for _ in 0..<150 {
            let source = randomPattern(depth: 3, &random)
            // Python before 3.14 finds no \B in an empty text; ECMA-262 does.
            let texts = (0..<8).map { _ in randomText(&random) }.filter { !$0.isEmpty || !source.contains("\\B") }
            cases.append([source] + texts)
        }
        let program = """
            import json, re, sys
            def match(case):
                p = re.compile(case[0].replace('$', r'\\Z'), re.ASCII)
                return [bool(p.search(t)) for t in case[1:]]
            print(json.dumps([match(c) for c in json.load(sys.stdin)]))
            """
        let answer = try python(program, input: try JSONEncoder().encode(cases))
        let expected = try JSONDecoder().decode([[Bool]].self, from: answer)
        #expect(expected.count == cases.count)
        for (texts, answers) in zip(cases, expected) {
            let pattern = try Pattern(texts[0])
            for (text, answer) in zip(texts.dropFirst(), answers) {
                #expect(pattern.matches(text) == answer, "seed \(seed): \(texts[0]) on \(text.debugDescription)")
            }
        }
    }

    private func randomText(_ random: inout Seeded) -> String {
        String((0..<Int.random(in: 0...8, using: &random)).map { _ in "aaabbc1_ -".randomElement(using: &random)! })
    }

    /// Only what both engines mean the same by.
    private func randomPattern(depth: Int, _ random: inout Seeded) -> String {
        let atoms = [
            "a", "b", "c", "ab", ".", "[ab]", "[^a]", "[a-c1]", "[^\\w]", "\\d", "\\w", "\\s", "\\S", "\\W", "-",
        ]
        let roll = depth == 0 ? 0 : Int.random(in: 0..<10, using: &random)
        func inner() -> String { randomPattern(depth: depth - 1, &random) }
        switch roll {
        case 0...1: return atoms.randomElement(using: &random)!
        case 2...4: return inner() + inner()
        case 5: return "(?:\(inner())|\(inner()))"
        case 6: return "(\(inner()))" + ["*", "+", "?", "*?", "+?"].randomElement(using: &random)!
        case 7:
            return "(?:\(inner())){\(Int.random(in: 0...2, using: &random)),\(Int.random(in: 2...3, using: &random))}"
        case 8: return ["^", "$", "\\b", "\\B"].randomElement(using: &random)! + inner()
        default: return inner() + ["$", "\\b", "|"].randomElement(using: &random)! + inner()
        }
    }
}

private let hasPython: Bool = {
    do { return try !python("print(1)", input: Data()).isEmpty } catch { return false }
}()

/// Runs a program of Python and returns what it wrote.
private func python(_ program: String, input: Data) throws -> Data {
    struct Failed: Error {}
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program]
    let (stdin, stdout) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, FileHandle.nullDevice)
    try process.run()
    // It reads to the end before it writes, so neither waits for the other.
    try stdin.fileHandleForWriting.write(contentsOf: input)
    try stdin.fileHandleForWriting.close()
    let answer = try stdout.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Failed() }
    return answer
}

/// SplitMix64: the same patterns each time.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
