internal import Foundation

/// A program that runs beside the test, and is killed when the value ends.
package final class RunningProgram {
    private let child: Child
    private let scratch: Scratch
    private let output: String
    private let errors: String

    /// Starts it with an empty standard input.
    /// - Parameter scratch: where both outputs are appended to files `NAME.out` and `NAME.log`; nil for a directory of
    ///   its own.
    package init(
        _ program: Program, _ arguments: [String], in scratch: Scratch? = nil, name: String = "program"
    ) throws {
        self.scratch = try scratch ?? Scratch()
        output = self.scratch.path("\(name).out")
        errors = self.scratch.path("\(name).log")
        child = try Child(program, arguments, input: "/dev/null", output: output, errors: errors)
    }

    deinit { kill() }

    package var pid: Int32 { child.pid }
    package var isRunning: Bool { child.status() == nil }
    /// How it ended: the exit status, or 128 and the signal's number. Waits for the end.
    package var status: Int32 { child.wait() }

    /// All of standard output so far, of those before it under the same name too.
    package var out: String { Self.text(output) }
    /// All of standard error so far.
    package var err: String { Self.text(errors) }

    private static func text(_ file: String) -> String {
        // It is made when the program begins: before that nothing is to be read.
        (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    }

    package func send(_ signal: Int32) { if isRunning { _ = Glibc.kill(pid, signal) } }

    /// Asks it to end by SIGTERM, and waits; its status.
    @discardableResult
    package func stop() -> Int32 {
        send(SIGTERM)
        return status
    }

    /// Kills it, and waits; its status.
    @discardableResult
    package func kill() -> Int32 {
        send(SIGKILL)
        return status
    }
}
