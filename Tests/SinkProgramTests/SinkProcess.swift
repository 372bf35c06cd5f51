import Foundation
import Scratch
import Testing

/// `outspool-sink`, running on a port of its own until the value goes.
final class SinkProcess {
    let scratch: Scratch
    let port: UInt16
    private let program: RunningProgram

    /// Starts the program on a free port and waits for the line that says which.
    init(_ options: [String] = [], in scratch: Scratch? = nil) throws {
        let scratch = try scratch ?? Scratch()
        self.scratch = scratch
        let program = try RunningProgram(
            .built("outspool-sink").in(scratch.path), ["--listen", "127.0.0.1:0", "--name", "mx.example"] + options)
        self.program = program
        try waitUntil("the sink to listen", details: { program.err }) { program.out.contains("\n") }
        let text = program.out
        port = try #require(UInt16(text.trimmingCharacters(in: .newlines).split(separator: ":").last ?? ""), "\(text)")
        #expect(text == "listening on 127.0.0.1:\(port)\n")
    }

    /// Sends SIGTERM; the status that the program ends with.
    func stop() -> Int32 { program.stop() }

    /// Stops it as well; what it wrote on standard error.
    func complaints() -> String {
        _ = stop()
        return program.err
    }

    /// The files in `mail/new`, by name.
    func messages() throws -> [String] { try scratch.list("mail/new").map { try scratch.read("mail/new/\($0)") } }

    /// Runs the program to its end.
    static func run(_ arguments: [String]) throws -> Ran { try Program.built("outspool-sink").run(arguments) }

    /// Runs a Python script with the port as its first argument; what it printed.
    func python(_ script: String, _ arguments: String...) throws -> String {
        let python = Program(try #require(Machine.program("python3"))).in(scratch.path)
        let ran = try python.run(["-c", script, "\(port)"] + arguments)
        return ran.out + ran.err
    }
}
