import EventLoop
import JSON
import Linux
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// A whole daemon in the test's own process: the order of its start, a reload and its stop.
@Suite("A daemon's life", .serialized)
struct DaemonLifeTests {
    private let scratch: Scratch
    private let loop: EventLoop
    private let relay: TestRelay
    private let log: Log

    init() throws {
        scratch = try Scratch([
            "templates/hello/subject.mustache": "Hello", "templates/hello/text.mustache": "Hello {{name}}",
        ])
        try Creation.spool(at: scratch.path("spool"))
        loop = try EventLoop()
        relay = try TestRelay([], on: loop)
        log = try Log(.file(scratch.path("log")), format: .text)
    }

    private func settings(_ main: String = "") throws -> Settings {
        let text = """
            spool = \(scratch.path("spool"))
            templates = \(scratch.path("templates"))
            from = shop@example.com
            hostname = shop.example
            \(main)
            [relay main]
            url = \(relay.url)
            tls = none

            """
        return try Settings(.init(parsing: text, name: "test.conf"))
    }

    private func daemon(
        _ settings: Settings,
        reload: @escaping () -> Result<Settings, Daemon.StartError> = { .failure(.init(description: "no")) }
    ) throws -> Daemon {
        try Daemon(settings, version: "1.2.3", descriptors: 1024, loop: loop, log: log, reload: reload)
    }

    private func submit(_ id: String, _ template: String = "hello", box: String? = nil) throws {
        try Entrance(path: scratch.path(box.map { "spool/drop/\($0)" } ?? "spool")).submit(
            Array(#"{"template":"\#(template)","to":"zoe@example.net","params":{"name":"Zoë"}}"#.utf8),
            id: try #require(JobID(id)))
    }

    private var logged: String {
        log.flush()
        return (try? scratch.read("log")) ?? ""
    }

    private func status() throws -> DaemonStatus {
        try #require(DaemonStatus(try JSON(parsing: try scratch.read("spool/status.json"))))
    }

    private func run(until holds: @escaping () throws -> Bool) throws {
        try loop.run(until: { (try? holds()) == true }, saying: { logged })
    }

    private func sent() throws -> [String] { try scratch.list("spool/done/\(Timestamp.now.day)") }

    @Test("It recovers, takes the boxes in, reads, delivers what comes, and stops with nothing under way")
    func life() throws {
        try Creation.dropBox("shop", group: Process.effectiveGroup, in: scratch.path("spool"))
        try submit("boxed", box: "shop")
        try submit("early")
        try Directory.make(path: scratch.path("spool/cur/main"), mode: 0o700)
        try scratch.write(
            #"{"template":"hello","to":"zoe@example.net","params":{"name":"Zoë"}}"# + "\n", to: "spool/cur/main/orphan")
        let metrics = scratch.path("metrics.prom")
        let daemon = try daemon(try settings("metrics_file = \(metrics)"))
        #expect(try scratch.list("spool/new") == ["early"])
        daemon.start()
        try run(until: { try sent() == ["boxed@shop", "early", "orphan"] })
        // The kernel tells of what comes now.
        try submit("late")
        try submit("boxed-late", box: "shop")
        try run(until: { try sent().count == 5 })
        try scratch.write("", to: "spool/pause")
        try run(until: { logged.contains("paused: everything") })
        try submit("paused")
        try scratch.write("", to: "spool/hold/other")
        try run(until: { daemon.queue.scheduler.pauses.isEmpty == false })
        #expect(try scratch.list("spool/new") == ["paused"])
        try scratch.remove("spool/pause")
        try run(until: { try sent().contains("paused") })
        daemon.stop()
        try run(until: { daemon.isFinished })
        #expect(daemon.exitStatus == 0)
        let lines = logged.split(separator: "\n")
        func index(_ text: String) -> Int { lines.firstIndex { $0.contains(text) } ?? -1 }
        #expect(0 <= index("starting on ") && index("starting on ") < index("recovered 1 jobs"))
        #expect(index("recovered 1 jobs") < index(": ready") && index(": ready") < index("stopping: 0 jobs in flight"))
        #expect(lines.last?.hasSuffix(": stopped") == true)
        let status = try #require(DaemonStatus(try JSON(parsing: try scratch.read("spool/status.json"))))
        #expect(status.state == "stopped" && status.totals[.sent] == 6)
        #expect(try scratch.read("metrics.prom").contains("outspool_"))
        #expect(try scratch.list("spool/cur/main") == [])
    }

    @Test("A reload takes over what is valid, says what has to wait for a start, and keeps the rest otherwise")
    func reload() throws {
        var next: Settings? = try settings("done_retention = 2h")
        next?.instance = "other"
        let daemon = try daemon(
            try settings(),
            reload: { next.map { .success($0) } ?? .failure(.init(description: "test.conf:1: unknown key")) })
        daemon.start()
        try run(until: { logged.contains(": ready") })
        daemon.reloadConfiguration()
        #expect(daemon.settings.doneRetention == .hours(2))
        #expect(logged.contains("'instance' changes at the next start only"))
        #expect(logged.contains("configuration reloaded, but for what waits for a start"))
        #expect(try status().configuration == "'instance' changes at the next start only")
        next = nil
        daemon.reloadConfiguration()
        #expect(daemon.settings.doneRetention == .hours(2))
        #expect(logged.contains("the configuration stays as it was: test.conf:1: unknown key"))
        let said = try #require(try status().configuration)
        #expect(said.hasPrefix("refused at ") && said.hasSuffix(": test.conf:1: unknown key"))
        next = try settings()
        daemon.reloadConfiguration()
        #expect(try status().configuration == nil)
        next = nil
        daemon.reloadConfiguration()
        #expect(daemon.ledger.counters.reloads == 2 && daemon.ledger.counters.failedReloads == 2)
        daemon.stop()
        try run(until: { daemon.isFinished })
    }

    @Test("Who asks in the first moment is told of this daemon, and not of the one before")
    func firstStatus() throws {
        try scratch.write(#"{"at":"2026-01-01T00:00:00Z","state":"stopped"}"#, to: "spool/status.json")
        let daemon = try daemon(try settings())
        daemon.start()
        // Before the loop has run once.
        #expect(try status().isAlive(now: .now) && status().pid == Int(Process.id))
        try run(until: { logged.contains(": ready") })
        #expect(try status().state == "running")
        daemon.stop()
        try run(until: { daemon.isFinished })
    }

    @Test("A spool that another daemon has, or that is none, is refused")
    func refused() throws {
        let first = try daemon(try settings())
        let error = try #require(throws: Daemon.StartError.self) { _ = try daemon(try settings()) }
        #expect("\(error)".contains("another outspoold runs on this spool"))
        withExtendedLifetime(first) {}
        var elsewhere = try settings()
        elsewhere.spool = scratch.path("nowhere")
        #expect(throws: Daemon.StartError.self) { _ = try daemon(elsewhere) }
    }

    @Test("A directory that is moved away ends it with 75")
    func displaced() throws {
        let daemon = try daemon(try settings())
        daemon.start()
        try run(until: { logged.contains(": ready") })
        try Program.shell("mv '\(scratch.path("spool/hold"))' '\(scratch.path("aside"))'")
        try run(until: { daemon.isFinished })
        #expect(daemon.exitStatus == 75)
        #expect(logged.contains("hold: the directory was moved or removed; stopping"))
    }
}
