import Foundation
import Scratch
import Testing

/// What a reader of docs/tutorial.md types, and what it says that will be printed.
private struct Tutorial {
    struct Step {
        let commands: String
        var expected: [String] = []
    }

    private(set) var steps: [Step] = []

    /// Takes the blocks marked `sh`, each with the block marked `text` that follows it.
    init(_ markdown: String) {
        var block: (language: String, lines: [String])?
        for line in markdown.components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                if let (language, lines) = block {
                    if language == "sh" { steps.append(Step(commands: lines.joined(separator: "\n"))) }
                    if language == "text", !steps.isEmpty { steps[steps.count - 1].expected += lines }
                    block = nil
                } else {
                    block = (String(line.dropFirst(3)), [])
                }
            } else {
                block?.lines.append(line)
            }
        }
    }
}

/// Whether a line is as the tutorial has it, where `…` stands for anything.
private func fits(_ line: String, _ pattern: String) -> Bool {
    let pieces = pattern.components(separatedBy: "…")
    guard pieces.count > 1 else { return line == pattern }
    guard line.hasPrefix(pieces[0]), line.hasSuffix(pieces[pieces.count - 1]) else { return false }
    var rest = line.dropFirst(pieces[0].count)
    for piece in pieces.dropFirst() where !piece.isEmpty {
        guard let range = rest.range(of: piece) else { return false }
        rest = rest[range.upperBound...]
    }
    return true
}

@Suite("Tutorial", .serialized, .ownThreads)
struct TutorialTests {
    @Test("Each command of docs/tutorial.md works and prints what it says")
    func tutorial() throws {
        let markdown = try String(contentsOf: repository.appending(path: "docs/tutorial.md"), encoding: .utf8)
        let tutorial = Tutorial(markdown)
        #expect(tutorial.steps.count > 10)
        let place = try Workplace()
        let port = try Machine.freePort()
        let mark = "== step"
        var script = "exec 2>&1\nset -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
        for (index, step) in tutorial.steps.enumerated() {
            script += "echo '\(mark) \(index)'\n" + step.commands.replacing("2525", with: "\(port)") + "\n"
        }
        try place.write("tutorial.sh", script)
        let run = try place.run(
            "/usr/bin/env",
            [
                "-C", place.root.path, "-u", "OUTSPOOL_SPOOL", "PATH=\(Program.builtFolder.path):/usr/bin:/bin", "bash",
                "-m",
                "tutorial.sh",
            ])
        let output = run.out.components(separatedBy: "\n")
        #expect(run.status == 0, "\(output.suffix(20).joined(separator: "\n"))")
        for (index, step) in tutorial.steps.enumerated() where !step.expected.isEmpty {
            let start = try #require(output.firstIndex(of: "\(mark) \(index)"))
            let end = output[(start + 1)...].firstIndex { $0.hasPrefix(mark) } ?? output.count
            var printed = Array(output[(start + 1)..<end])
            while printed.last == "" { printed.removeLast() }
            let isSame = printed.count == step.expected.count && zip(printed, step.expected).allSatisfy(fits)
            #expect(
                isSame,
                """
                \(step.commands)
                printed:
                \(printed.joined(separator: "\n"))
                instead of:
                \(step.expected.joined(separator: "\n"))
                """)
        }
    }
}
