import Foundation
import Testing

/// The programs under test, beside the test bundle.
let programs = {
    // The daemon does not run as root unless it is told to, and tests are root in a container.
    setenv("OUTSPOOL_AS_ROOT", "yes", 1)
    return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
}()

/// A temporary directory with a spool, templates and a configuration; what was started in it ends with it.
final class Workplace {
    let root: URL
    private var running: [Process] = []
    var spool: URL { root.appending(path: "spool") }

    /// What the daemon wrote of itself last.
    var status: [String: Any] {
        let bytes = (try? Data(contentsOf: spool.appending(path: "status.json"))) ?? Data()
        return ((try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any]) ?? [:]
    }
    var configuration: URL { root.appending(path: "outspool.conf") }
    var log: String { text(root.appending(path: "daemon.log")) }

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "outspool-test.\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        #expect(try outspool("init", spool.path).status == 0)
        try write("templates/hello/subject.mustache", "Hello, {{name}}\n")
        try write("templates/hello/text.mustache", "Hello {{name}},\n\nthis is a test.\n")
    }

    deinit {
        for process in running where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for process in running { process.waitUntilExit() }
        // A directory that cannot be removed is the machine's to clean.
        try? FileManager.default.removeItem(at: root)
    }

    /// Writes a file below the directory, its parents with it.
    func write(_ path: String, _ contents: String) throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(contents.utf8).write(to: file)
        // Whatever the umask: a configuration that a group may write, or a secret that others may read, is refused.
        let isSecret = ["password", "token"].contains(path)
        try FileManager.default.setAttributes([.posixPermissions: isSecret ? 0o600 : 0o644], ofItemAtPath: file.path)
    }

    func text(_ file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    // MARK: Programs

    struct Finished {
        let status: Int32
        let output: String
        let errors: String
        /// Standard output's lines.
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Runs a program to its end.
    @discardableResult
    func run(
        _ path: String, _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
    ) throws -> Finished {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, not pipes: nothing can fill up and wait.
        let names = ["in", "out", "err"].map { root.appending(path: ".\($0).\(UUID().uuidString)") }
        try Data((input ?? "").utf8).write(to: names[0])
        for name in names[1...] { try Data().write(to: name) }
        process.standardInput = try FileHandle(forReadingFrom: names[0])
        process.standardOutput = try FileHandle(forWritingTo: names[1])
        process.standardError = try FileHandle(forWritingTo: names[2])
        try process.run()
        process.waitUntilExit()
        defer { for name in names { try? FileManager.default.removeItem(at: name) } }  // Temporary, as all here.
        return Finished(status: process.terminationStatus, output: text(names[1]), errors: text(names[2]))
    }

    @discardableResult
    func outspool(_ arguments: String..., input: String? = nil) throws -> Finished {
        try run(
            programs.appending(path: "outspool").path, arguments, input: input,
            environment: ["OUTSPOOL_SPOOL": spool.path])
    }

    /// Starts a program and returns at once; its output goes to files `NAME.out` and `NAME.log`.
    func start(_ path: String, _ arguments: [String], name: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        for (suffix, isOutput) in [("out", true), ("log", false)] {
            let file = root.appending(path: "\(name).\(suffix)")
            if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            if isOutput { process.standardOutput = handle } else { process.standardError = handle }
        }
        try process.run()
        running.append(process)
        return process
    }

    /// The program that was started last.
    var lastStarted: Process? { running.last }

    /// Starts outspool-sink on a free port and returns the port.
    func sink(_ options: String...) throws -> Int { try sink(options: options) }

    func sink(options: [String]) throws -> Int {
        let name = "sink\(running.count)"
        _ = try start(
            programs.appending(path: "outspool-sink").path,
            ["--listen", "127.0.0.1:0", "--maildir", root.appending(path: "Maildir").path] + options, name: name)
        let output = root.appending(path: "\(name).out")
        try wait("the sink to listen") { self.text(output).contains("\n") }
        return try #require(Int(text(output).prefix { $0 != "\n" }.split(separator: ":").last ?? ""))
    }

    /// Writes the configuration: one relay on that port of this machine.
    func configure(port: Int, relay: String = "tls = none", main: String = "") throws {
        try configure(relays: "[relay main]\nurl = smtp://127.0.0.1:\(port)\n\(relay)\n", main: main)
    }

    func configure(relays: String, main: String = "") throws {
        try write(
            "outspool.conf",
            "spool = spool\ntemplates = templates\nfrom = Test <test@example.com>\nhostname = test.example\n\(main)\n\(relays)"
        )
    }

    /// Starts the daemon and returns when it is ready.
    func daemon() throws -> Process {
        let before = log.components(separatedBy: ": ready\n").count
        let process = try start(
            programs.appending(path: "outspoold").path, ["--config", configuration.path], name: "daemon")
        try wait("the daemon to be ready") {
            !process.isRunning || self.log.components(separatedBy: ": ready\n").count > before
        }
        try #require(process.isRunning, "the daemon ended: \(log)")
        return process
    }

    /// Has a process end by SIGTERM; returns its exit status.
    @discardableResult
    func stop(_ process: Process) -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    // MARK: What is on disk

    /// Submits as any process can: tmp/, then a rename.
    func drop(_ id: String, _ object: String) throws {
        try write("spool/tmp/.\(id)", object)
        try FileManager.default.moveItem(
            at: spool.appending(path: "tmp/.\(id)"), to: spool.appending(path: "new/\(id)"))
    }

    func hello(_ id: String, to: String = "zoe@example.com", _ more: String = "") throws {
        try drop(id, #"{"template":"hello","to":"\#(to)","params":{"name":"Zoë"}\#(more)}"# + "\n")
    }

    /// The names in a directory of the spool, `done/*` for all days.
    func names(_ state: String) -> [String] {
        if state == "done" {
            return directory("done").flatMap { directory("done/\($0)") }.sorted()
        }
        return directory(state).sorted()
    }

    private func directory(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: spool.appending(path: path).path)) ?? [])
            .filter { !$0.hasPrefix(".") }
    }

    static let states =
        ["new", "cur/main", "scheduled", "hold", "dead", "done"]
        + ["01-30s", "02-1m", "03-2m", "04-4m", "05-8m", "06-16m", "07-32m", "08-1h", "09-2h", "10-4h"].map {
            "retry/\($0)"
        }

    /// Every state that has a file of that name: one, at rest.
    func places(_ id: String) -> [String] { Workplace.states.filter { names($0).contains(id) } }

    /// The file of a job, in whatever state it is.
    func file(_ id: String) throws -> URL {
        let state = try #require(places(id).first, "\(id) is nowhere")
        if state == "done" {
            let day = try #require(directory("done").first { directory("done/\($0)").contains(id) })
            return spool.appending(path: "done/\(day)/\(id)")
        }
        return spool.appending(path: "\(state)/\(id)")
    }

    /// The events of a job's history.
    func history(_ id: String) throws -> [[String: Any]] {
        text(try file(id)).split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }.filter { $0["event"] != nil }
    }

    func events(_ id: String) throws -> [String] { try history(id).compactMap { $0["event"] as? String } }

    /// The captured mails.
    func mails() -> [String] {
        let new = root.appending(path: "Maildir/new")
        return ((try? FileManager.default.contentsOfDirectory(atPath: new.path)) ?? []).sorted()
            .map { text(new.appending(path: $0)) }
    }

    /// Waits until a condition holds; what it is for is in the message when it does not come to hold.
    func wait(_ what: String, limit: TimeInterval = 20, until condition: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: limit)
        while try !condition() {
            if Date() > end {
                let states = Workplace.states.map { ($0, names($0).count) }.filter { $0.1 > 0 }
                throw Timeout(description: "waited \(limit) s for \(what); \(states); log:\n\(log.suffix(3000))")
            }
            usleep(5000)
        }
    }

    func wait(for id: String, in state: String, limit: TimeInterval = 20) throws {
        try wait("\(id) in \(state)", limit: limit) { self.names(state).contains(id) }
    }

    struct Timeout: Error, CustomStringConvertible { let description: String }
}
