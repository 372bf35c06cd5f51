internal import Foundation

/// A program that runs beside the test, and is killed when the value ends.
package final class RunningProgram {
    private let process: Foundation.Process
    private let scratch: Scratch
    private let output: String
    private let errors: String

    /// Starts it with an empty standard input.
    /// - Parameters:
    ///   - scratch: where both outputs are appended to files `NAME.out` and `NAME.log`; nil for a directory of its own.
    package init(
        _ program: Program, _ arguments: [String], in scratch: Scratch? = nil, name: String = "program"
    ) throws {
        self.scratch = try scratch ?? Scratch()
        process = program.process(arguments)
        output = self.scratch.path("\(name).out")
        errors = self.scratch.path("\(name).log")
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.end(of: output)
        process.standardError = try Self.end(of: errors)
        try process.run()
    }

    deinit { kill() }

    private static func end(of file: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: file) { try Data().write(to: URL(fileURLWithPath: file)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.seekToEnd()
        return handle
    }

    package var pid: Int32 { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }
    /// How it ended: the exit status, or 128 and the signal's number.
    package var status: Int32 { process.status }

    /// All of standard output so far, of those before it under the same name too.
    package var out: String { Self.text(output) }
    /// All of standard error so far.
    package var err: String { Self.text(errors) }

    private static func text(_ file: String) -> String {
        // It was made before the program began: where it has gone, nothing is to be read.
        (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    }

    package func send(_ signal: Int32) { _ = Glibc.kill(pid, signal) }

    /// Asks it to end by SIGTERM, and waits; its status.
    @discardableResult
    package func stop() -> Int32 {
        send(SIGTERM)
        return end()
    }

    /// Kills it, and waits; its status.
    @discardableResult
    package func kill() -> Int32 {
        if isRunning { send(SIGKILL) }
        return end()
    }

    /// Waits for its end; its status.
    @discardableResult
    package func end() -> Int32 {
        process.waitUntilExit()
        return status
    }
}
