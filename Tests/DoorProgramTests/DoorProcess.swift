import Foundation
import Scratch
import Testing

/// `outspool-smtpd`, running on a port of its own on a spool of its own until the value goes.
final class DoorProcess {
    let scratch: Scratch
    let port: UInt16
    private let program: RunningProgram

    /// Starts the program with a configuration, whose listener has a free port, and waits until it says which.
    /// - Parameters:
    ///   - main: lines above the listener's header.
    ///   - listener: lines below it.
    ///   - box: the path of the box in `scratch`.
    init(
        _ listener: [String] = [], main: [String] = [], in scratch: Scratch? = nil, box: String = "spool"
    ) throws {
        let scratch = try scratch ?? DoorProcess.spool()
        self.scratch = scratch
        try scratch.write(
            (main + [
                "hostname = host.example", "[listener test]", "listen = 127.0.0.1:0", "box = \(scratch.path(box))",
            ]
                + listener).joined(separator: "\n") + "\n", to: "smtpd.conf")
        let program = try RunningProgram(
            .built("outspool-smtpd").in(scratch.path), ["--config", scratch.path("smtpd.conf")])
        self.program = program
        try waitUntil("the server to listen", details: { program.err }) { program.out.contains("\n") }
        port = try #require(UInt16(program.out.trimmingCharacters(in: .newlines).split(separator: ":").last ?? ""))
    }

    /// A directory with a spool that no daemon runs on.
    static func spool() throws -> Scratch {
        let scratch = try Scratch()
        for name in ["new", "tmp"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path("spool/\(name)"), withIntermediateDirectories: true)
        }
        return scratch
    }

    var pid: Int32 { program.pid }
    var isRunning: Bool { program.isRunning }
    var status: Int32 { program.status }
    /// What it has logged so far.
    var log: String { program.err }
    func send(_ signal: Int32) { program.send(signal) }
    func stop() -> Int32 { program.stop() }

    /// The jobs in `new/`, by id.
    func jobs() throws -> [String: [String: Any]] {
        var jobs: [String: [String: Any]] = [:]
        for id in try scratch.list("spool/new") {
            let object = try JSONSerialization.jsonObject(with: Data(scratch.read("spool/new/\(id)").utf8))
            jobs[id] = object as? [String: Any]
        }
        return jobs
    }

    /// The only job; its message.
    func message(_ location: SourceLocation = #_sourceLocation) throws -> String {
        let jobs = try jobs()
        #expect(jobs.count == 1, "\(jobs.keys)", sourceLocation: location)
        return try #require(jobs.values.first?["message"] as? String, sourceLocation: location)
    }

    /// Runs a Python script with the port as its first argument; what it printed.
    func python(_ script: String, with package: String = "smtplib") throws -> String {
        let python = Program(try #require(Machine.python(with: package))).in(scratch.path)
        let ran = try python.run(["-c", script, "\(port)"])
        return ran.out + ran.err
    }
}
