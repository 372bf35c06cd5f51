import Foundation
import Scratch
import Testing

/// The commands that a document tells its reader to type, and the output that it shows.
private struct Session {
    struct Step {
        let commands: String
        var expected: [String] = []
    }

    private(set) var steps: [Step] = []

    /// Takes the blocks of a document marked `sh`, each with the block marked `text` that follows it.
    init(_ path: String) throws {
        let markdown = try String(contentsOf: repository.appending(path: path), encoding: .utf8)
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

/// Whether a line is as the document has it, where `…` stands for anything.
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

/// The documents whose commands work when they are pasted.
@Suite("Documents", .serialized, .ownThreads)
struct DocumentTests {
    @Test("Each command of docs/tutorial.md works and prints what it says")
    func tutorial() throws {
        let session = try Session("docs/tutorial.md")
        #expect(session.steps.count > 10)
        try session.play(in: try Workplace())
    }

    @Test("Each command of README.md works in a clone and prints what it says")
    func readme() throws {
        let session = try Session("README.md")
        #expect(session.steps.count > 3)
        let place = try Workplace()
        // The clone: its configuration and templates, and a build.
        try FileManager.default.copyItem(
            at: repository.appending(path: "etc"), to: place.root.appending(path: "etc"))
        try FileManager.default.createDirectory(
            at: place.root.appending(path: ".build"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: place.root.appending(path: ".build/release"), withDestinationURL: Program.builtFolder)
        try session.play(in: place)
    }
}

extension Session {
    /// Runs the commands in one shell in `place`, on a port of the test's own, and compares the output.
    fileprivate func play(in place: Workplace) throws {
        let port = "\(try Machine.freePort())"
        let mark = "== step"
        var script = "exec 2>&1\nset -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
        for (index, step) in steps.enumerated() {
            script += "echo '\(mark) \(index)'\n" + step.commands.replacing("2525", with: port) + "\n"
        }
        try place.write("session.sh", script)
        let configuration = place.root.appending(path: "etc/outspool.conf")
        if let text = try? String(contentsOf: configuration, encoding: .utf8) {
            try text.replacing("2525", with: port).write(to: configuration, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: configuration.path)
        }
        let run = try place.run(
            "/usr/bin/env",
            [
                "-C", place.root.path, "-u", "OUTSPOOL_SPOOL", "PATH=\(Program.builtFolder.path):/usr/bin:/bin", "bash",
                "-m", "session.sh",
            ])
        let output = run.out.components(separatedBy: "\n")
        #expect(run.status == 0, "\(output.suffix(20).joined(separator: "\n"))")
        for (index, step) in steps.enumerated() where !step.expected.isEmpty {
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
