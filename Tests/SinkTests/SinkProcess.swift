import Foundation
import Glibc
import Testing

/// `outspool-sink`, running on a port of its own until the value goes.
final class SinkProcess {
    let directory: TemporaryDirectory
    let port: UInt16
    private let process = Process()
    private let errors = Pipe()

    /// Starts the program on a free port and waits for the line that says which.
    init(_ options: [String] = [], in directory: TemporaryDirectory? = nil) throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("outspool-sink"))
        process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
        process.arguments = ["--listen", "127.0.0.1:0", "--name", "mx.example"] + options
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        var line: [UInt8] = []
        while line.last != 0x0A, let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            line += byte
        }
        let text = String(decoding: line, as: UTF8.self)
        port = try #require(UInt16(text.trimmingCharacters(in: .newlines).split(separator: ":").last ?? ""), "\(text)")
        #expect(text == "listening on 127.0.0.1:\(port)\n")
    }

    deinit { if process.isRunning { process.terminate() } }

    /// Sends SIGTERM; the status that the program ends with.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Stops it as well; what it wrote on standard error.
    func complaints() throws -> String {
        _ = stop()
        return String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    /// The files in `mail/new`, by name.
    func messages(in maildir: String = "mail") throws -> [String] {
        let folder = directory.file("\(maildir)/new")
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")), as: UTF8.self)
        }
    }

    func contents(of name: String) throws -> String {
        try String(contentsOfFile: directory.file(name), encoding: .utf8)
    }

    /// Runs the program to its end: status, standard output, standard error.
    static func run(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("outspool-sink"))
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        let complained = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self),
            String(decoding: complained, as: UTF8.self)
        )
    }

    /// Runs a Python script with the port as its first argument; what it printed.
    func python(_ script: String, _ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(BuiltProgram.python))
        process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
        process.arguments = ["-c", script, "\(port)"] + arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }
}
