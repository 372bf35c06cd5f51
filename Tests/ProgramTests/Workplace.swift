import Foundation
import Scratch
import Testing

/// A temporary directory with a spool, templates and a configuration; what was started in it ends with it.
///
/// With `OUTSPOOL_TEST_WORKERS=3` in the tests' environment each daemon has three workers, unless a test says how many.
final class Workplace {
    let scratch: Scratch
    /// How many workers the daemon has.
    var workers = ProcessInfo.processInfo.environment["OUTSPOOL_TEST_WORKERS"].flatMap { Int($0) } ?? 1
    private var running: [RunningProgram] = []
    var root: URL { URL(fileURLWithPath: scratch.path) }
    var spool: URL { root.appending(path: "spool") }

    /// What the daemon wrote of itself last.
    var status: [String: Any] {
        let bytes = (try? Data(contentsOf: spool.appending(path: "status.json"))) ?? Data()
        return ((try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any]) ?? [:]
    }
    var configuration: URL { root.appending(path: "outspool.conf") }
    var log: String { text(root.appending(path: "daemon.log")) }

    /// - Parameter workers: how many the daemon has, whatever the environment says: 1 for what is about one process.
    init(workers: Int? = nil) throws {
        scratch = try Scratch()
        if let workers { self.workers = workers }
        #expect(try outspool("init", spool.path).status == 0)
        try write("templates/hello/subject.mustache", "Hello, {{name}}\n")
        try write("templates/hello/text.mustache", "Hello {{name}},\n\nthis is a test.\n")
    }

    deinit { for program in running { program.kill() } }

    /// Writes a file below the directory, its parents with it.
    func write(_ path: String, _ contents: String) throws {
        // Whatever the umask: a configuration that a group may write, or a secret that others may read, is refused.
        try scratch.write(contents, to: path, mode: ["password", "token"].contains(path) ? 0o600 : 0o644)
    }

    func text(_ file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    // MARK: Programs

    private func program(_ path: String, _ environment: [String: String] = [:]) -> Program {
        Program(path).with("OUTSPOOL_AS_ROOT", "yes").with(environment)
    }

    /// Runs a program to its end.
    @discardableResult
    func run(
        _ path: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Ran {
        try program(path, environment).run(arguments, input: input)
    }

    @discardableResult
    func outspool(_ arguments: String..., input: String = "") throws -> Ran {
        try run(Program.built("outspool").path, arguments, input: input, environment: ["OUTSPOOL_SPOOL": spool.path])
    }

    /// Starts a program and returns at once; its output goes to files `NAME.out` and `NAME.log`.
    func start(
        _ path: String, _ arguments: [String], name: String, environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let program = try RunningProgram(program(path, environment), arguments, in: scratch, name: name)
        running.append(program)
        return program
    }

    /// The program that was started last.
    var lastStarted: RunningProgram? { running.last }

    /// Starts outspool-sink on a free port and returns the port.
    func sink(_ options: String...) throws -> Int { try sink(options: options) }

    func sink(options: [String]) throws -> Int {
        let sink = try start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:0", "--maildir", root.appending(path: "Maildir").path] + options,
            name: "sink\(running.count)")
        try wait("the sink to listen") { sink.out.contains("\n") }
        return try #require(Int(sink.out.prefix { $0 != "\n" }.split(separator: ":").last ?? ""))
    }

    /// Writes the configuration: one relay on that port of this machine.
    func configure(port: Int, relay: String = "tls = none", main: String = "") throws {
        try configure(relays: "[relay main]\nurl = smtp://127.0.0.1:\(port)\n\(relay)\n", main: main)
    }

    func configure(relays: String, main: String = "") throws {
        let count = workers == 1 || main.contains("workers = ") ? "" : "workers = \(workers)\n"
        try write(
            "outspool.conf",
            "spool = spool\ntemplates = templates\nfrom = Test <test@example.com>\nhostname = test.example\n\(count)\(main)\n\(relays)"
        )
    }

    /// Starts the daemon and returns when it is ready.
    func daemon(environment: [String: String] = [:]) throws -> RunningProgram {
        try ready {
            try start(
                Program.built("outspoold").path, ["--config", configuration.path], name: "daemon",
                environment: environment)
        }
    }

    /// Starts a daemon in whatever way, and waits until its log says that it is ready.
    func ready(_ start: () throws -> RunningProgram) throws -> RunningProgram {
        let before = log.components(separatedBy: ": ready\n").count
        let daemon = try start()
        try wait("the daemon to be ready") {
            !daemon.isRunning || self.log.components(separatedBy: ": ready\n").count > before
        }
        try #require(daemon.isRunning, "the daemon ended: \(log)")
        return daemon
    }

    /// The pids of the daemon's workers, as `status.json` has them.
    var workerProcesses: [Int32] {
        ((status["workers"] as? [[String: Any]]) ?? []).compactMap { ($0["pid"] as? Int).map { Int32($0) } }
    }

    /// Sends a signal to the daemon and to its workers.
    func sendAll(_ signal: Int32, _ daemon: RunningProgram) {
        let workers = workers > 1 ? children(of: daemon.pid) : []
        daemon.send(signal)
        for worker in workers { kill(worker, signal) }
    }

    /// Whether no process of the daemon has a child but workers.
    func hasNoChildren(_ daemon: RunningProgram) -> Bool {
        let children = children(of: daemon.pid)
        if workers == 1 { return children.isEmpty }
        return children.count == workers && children.allSatisfy { self.children(of: $0).isEmpty }
    }

    /// Kills the daemon and its workers, and waits until all are gone.
    func killAll(_ daemon: RunningProgram) throws {
        // One that runs starts dead workers again, and workers of one that has died stop by themselves.
        if workers > 1 { daemon.send(SIGSTOP) }
        let workers = workers > 1 ? children(of: daemon.pid) : []
        for worker in workers { kill(worker, SIGKILL) }
        daemon.kill()
        for worker in workers { try wait("worker \(worker) to end") { self.isGone(worker) } }
    }

    /// Whether a process has ended, reaped or not.
    func isGone(_ process: Int32) -> Bool { kill(process, 0) != 0 || isZombie(process) }

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

    /// The names in a directory of the spool: `done` stands for all days, `cur/main` for the claims of all workers.
    func names(_ state: String) -> [String] { directories(state).flatMap { directory($0) }.sorted() }

    private func directories(_ state: String) -> [String] {
        switch state {
        case "done": directory("done").map { "done/\($0)" }
        case "cur/main": directory("cur").map { "cur/\($0)" }
        default: [state]
        }
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
        // It may have gone on meanwhile.
        let place = directories(state).first { directory($0).contains(id) } ?? state
        return spool.appending(path: "\(place)/\(id)")
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

    /// Waits until a condition holds; when it does not come to hold, the spool and the log are in the message.
    func wait(_ what: String, limit: Duration = .seconds(20), until condition: () throws -> Bool) throws {
        func details() -> String {
            let states = Workplace.states.map { ($0, names($0).count) }.filter { $0.1 > 0 }
            return "; \(states); log:\n\(log.suffix(3000))"
        }
        try waitUntil(what, limit: limit, details: details, condition: condition)
    }

    func wait(for id: String, in state: String, limit: Duration = .seconds(20)) throws {
        try wait("\(id) in \(state)", limit: limit) { self.names(state).contains(id) }
    }
}
