import Foundation

/// A program that reads mail and is not ours: what it reads has to be what was composed.
package enum Judge: String, CaseIterable, Sendable {
    /// Python's email package.
    case email
    /// GMime, through a program of a hundred lines in C.
    case gmime

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let python = "/usr/bin/python3"

    /// Whether the machine has it.
    package var isInstalled: Bool {
        guard FileManager.default.isExecutableFile(atPath: Judge.python) else { return false }
        return self == .email || Judge.gmimeFlags != nil
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
        let directory = FileManager.default.temporaryDirectory.appending(path: "judge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // Temporary, as all there.
        let cases = directory.appending(path: "cases.jsonl")
        let lines = try expectations.map { try $0.line() }
        try Data(lines.joined(separator: Data("\n".utf8))).write(to: cases)
        var arguments = [Judge.folder.appending(path: "\(rawValue).judge.py").path, cases.path]
        if self == .gmime {
            let program = directory.appending(path: "gmime").path
            let source = Judge.folder.appending(path: "gmime.c").path
            let (status, output) = try Judge.run(
                "/usr/bin/env", ["cc", "-o", program, source] + (Judge.gmimeFlags ?? []))
            if status != 0 { return output }
            arguments.append(program)
        }
        return try Judge.run(Judge.python, ["-B"] + arguments).output
    }

    package static func praise(_ count: Int) -> String { "\(count) read 0 faults\n" }

    private static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }
}
