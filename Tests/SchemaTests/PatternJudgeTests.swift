import Foundation
import Scratch
import Testing

@testable import Schema

/// Python's engine as a judge of ours.
@Suite("Another engine matches the same", .serialized, .ownThreads)
struct PatternJudgeTests {
    @Test(
        "Agrees with Python's engine on random patterns",
        .enabled(if: Machine.program("python3") != nil, "needs python3"),
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
        let python = Program(try #require(Machine.program("python3")))
        let ran = try python.run(
            ["-c", program], input: String(decoding: try JSONEncoder().encode(cases), as: UTF8.self))
        let expected = try JSONDecoder().decode([[Bool]].self, from: Data(ran.out.utf8))
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
