import Foundation
import Scratch
import Testing

/// A server in a process of its own, killed with the value.
final class TestServer {
    let port: Int
    private let program: RunningProgram
    private var read = 0

    /// Starts server.py; it tells its port.
    init(_ arguments: [String]) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")
        let program = try RunningProgram(
            Program(try #require(Machine.program("python3"))), [script.path] + arguments)
        self.program = program
        try waitUntil("the server to listen", details: { program.err }) { program.out.contains("\n") }
        port = try #require(Int(program.out.prefix { $0 != "\n" }))
        read = 1
    }

    static func script(_ steps: String...) throws -> TestServer { try TestServer(["script"] + steps) }

    /// Starts smtp-sink on a port that was free a moment ago.
    init(sinkAt path: String, _ options: [String] = []) throws {
        port = try Machine.freePort()
        program = try RunningProgram(
            Program(path), ["-u", "nobody"] + options + ["127.0.0.1:\(port)", "200"])
    }

    /// The next line that the server wrote.
    func line() throws -> String {
        func written() -> [Substring] {
            program.out.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        }
        try waitUntil("a line of the server", details: { self.program.err }) { written().count > read }
        read += 1
        return String(written()[read - 1])
    }

    /// What a scripted server heard on one connection.
    func heard() throws -> String {
        try JSONDecoder().decode(String.self, from: Data(line().utf8))
    }
}
