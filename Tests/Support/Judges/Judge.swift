import Foundation
internal import Scratch

/// A program that reads mail and is not ours: what it reads has to be what was composed.
package enum Judge: String, CaseIterable, Sendable {
    /// Python's email package.
    case email
    /// GMime, through a program of a hundred lines in C.
    case gmime

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// Whether the machine has it.
    package var isInstalled: Bool {
        Machine.program("python3") != nil && (self == .email || Judge.gmimeFlags != nil)
    }

    /// What a compiler needs for GMime, by pkg-config(1).
    private static let gmimeFlags: [String]? = {
        guard let (status, output) = try? run("/usr/bin/env", ["pkg-config", "--cflags", "--libs", "gmime-3.0"]),
            status == 0
        else { return nil }
        return output.split(whereSeparator: \.isWhitespace).map(String.init)
    }()

    /// Has all the messages read by one process.
    /// - Returns: what it said; ``Judge/praise(_:)`` when it has no complaint.
    package func read(_ expectations: [ExpectedMail]) throws -> String {
        let scratch = try Scratch()
        let lines = try expectations.map { String(decoding: try $0.line(), as: UTF8.self) }
        let cases = try scratch.write(lines.joined(separator: "\n"), to: "cases.jsonl")
        var arguments = [Judge.folder.appending(path: "\(rawValue).judge.py").path, cases]
        if self == .gmime {
            let program = scratch.path("gmime")
            let source = Judge.folder.appending(path: "gmime.c").path
            let (status, output) = try Judge.run(
                "/usr/bin/env", ["cc", "-o", program, source] + (Judge.gmimeFlags ?? []))
            if status != 0 { return output }
            arguments.append(program)
        }
        return try Judge.run(Machine.program("python3") ?? "python3", ["-B"] + arguments).output
    }

    package static func praise(_ count: Int) -> String { "\(count) read 0 faults\n" }

    private static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let ran = try Program(path).run(arguments)
        return (ran.status, ran.out + ran.err)
    }
}
