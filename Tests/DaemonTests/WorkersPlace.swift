import Configuration
import EventLoop
import JSON
import Linux
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// The queues of several workers, each with a spool of its own, on one loop with a real relay; between them and the
/// parent's terms are calls in place of sockets, and every message is text on its way.
final class WorkersPlace {
    let scratch: Scratch
    let loop: EventLoop
    let log: Log
    let ledger: Ledger
    let relay: TestRelay
    let settings: Settings
    private(set) var queues: [Queue] = []
    private var shared: [WorkerTerms] = []
    private var spools: [SpoolTree] = []
    /// The letters of all workers.
    private(set) var letters: [DeadLetter] = []
    private(set) var parent: ParentTerms!
    /// Called with each message of a worker that has reached the parent.
    var heard: (JSON.Object) -> Void = { _ in }
    /// The parent answers no questions.
    var isDeaf = false
    /// How many questions were asked, and how many messages told.
    private(set) var asked = 0
    private(set) var told = 0

    /// See ``QueuePlace``.
    init(
        _ count: Int = 3, relay options: [String] = [], settings more: String = "", relayKeys: String = "",
        relayURL: String? = nil
    ) throws {
        scratch = try Scratch()
        loop = try EventLoop()
        log = try Log(.file(scratch.path("log")), format: .text)
        ledger = Ledger(log)
        relay = try TestRelay(options, on: loop)
        try Directory.make(path: scratch.path("templates"), mode: 0o755)
        try Creation.spool(at: scratch.path("spool"))
        let text = """
            spool = \(scratch.path("spool"))
            templates = \(scratch.path("templates"))
            from = shop@example.com
            hostname = shop.example
            \(more)
            [relay main]
            url = \(relayURL ?? relay.url)
            tls = none
            \(relayKeys)

            """
        settings = try Settings(ConfigurationFile(parsing: text, name: scratch.path("test.conf")))
        let allowances = Allowances(try SpoolTree(path: scratch.path("spool"), instance: "main"), log)
        parent = ParentTerms(loop: loop, ledger: ledger, allowances: allowances) { [unowned self] worker, message in
            let bytes = message.encoded
            loop.later { [weak self] in
                if let self, let read = try? JSON(parsing: bytes) { shared[worker - 1].hear(read) }
            }
        }
        parent.use(settings)
        let curl = try CurlLoop(loop)
        for number in 1...count { try start(number, curl) }
        for number in 1...count { parent.workerStarted(number) }
        // The parent's second.
        func tick() {
            loop.schedule(after: .seconds(1)) { [weak self] in
                guard let self else { return }
                parent.tick(now: .now)
                for queue in queues { queue.schedule() }
                tick()
            }
        }
        tick()
    }

    private func start(_ number: Int, _ curl: CurlLoop) throws {
        let path = scratch.path("spool\(number)")
        try Creation.spool(at: path)
        let spool = try SpoolTree(path: path, instance: "main")
        let ledger = Ledger(log, buried: { [unowned self] in letters.append($0) })
        let terms = WorkerTerms(
            loop: loop, ledger: ledger,
            tell: { [unowned self] in
                told += 1
                _ = pass($0, from: number)
            },
            ask: { [unowned self] in
                asked += 1
                return isDeaf ? nil : pass($0, from: number)
            })
        var settings = settings
        settings.spool = path
        let queue = Queue(
            spool: spool, loop: loop, ledger: ledger, curl: curl, settings: settings, shared: terms, tell: { _ in })
        shared.append(terms)
        queue.use(settings)
        queues.append(queue)
        spools.append(spool)
    }

    private func pass(_ message: JSON, from worker: Int) -> JSON? {
        guard let read = try? JSON(parsing: message.encoded), let object = read.object else { return nil }
        let answer = parent.hear(read, from: worker)
        heard(object)
        return answer.flatMap { try? JSON(parsing: $0.encoded) }
    }

    /// Lets the workers begin.
    func open() { for queue in queues { queue.open() } }

    /// Submits a job to each worker, under an id of its own: `id.1` to the first.
    func submit(
        _ text: String = #"{"to":"zoe@example.net","subject":"Hi","text":"Hello"}"#, id: String,
        to workers: [Int]? = nil
    ) throws {
        for worker in workers ?? Array(1...queues.count) {
            let name = "\(id).\(worker)"
            try Entrance(path: spools[worker - 1].path).submit(Array(text.utf8), id: try #require(JobID(name)))
            queues[worker - 1].arrived(DirectoryName(name), in: .new)
        }
    }

    /// Makes the template of a task.
    func task(_ name: String, _ body: String, configuration: String = "") throws {
        try Directory.make(path: scratch.path("templates/\(name)"), mode: 0o755)
        if !configuration.isEmpty { try scratch.write(configuration, to: "templates/\(name)/template.conf") }
        try scratch.write("#!/bin/sh\n\(body)\n", to: "templates/\(name)/run")
        try Directory(path: scratch.path("templates/\(name)")).setMode("run", 0o755)
    }

    /// How many files all workers have in a directory of their spools.
    func count(in directory: String) -> Int {
        (1...queues.count).reduce(0) { $0 + ((try? scratch.list("spool\($1)/\(directory)").count) ?? 0) }
    }

    var done: String { "done/\(Timestamp.now.day)" }

    /// The connections of all workers to the relay.
    var connections: Int { queues.reduce(0) { $0 + ($1.relays.first?.measured.connections ?? 0) } }

    /// How many connections the workers have begun so far.
    var begun: Int { queues.reduce(0) { $0 + $1.ledger.counters.connections["main"] } }

    var logged: String {
        log.flush()
        return (try? scratch.read("log")) ?? ""
    }

    func lines(_ text: String) -> Int { logged.split(separator: "\n").count { $0.contains(text) } }

    /// Runs the loop until `isDone`; fails after forty seconds, with the log.
    func run(until isDone: @escaping () -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
        let end = Clock.monotonic + Span.seconds(30).nanoseconds
        while !isDone(), Clock.monotonic < end { try loop.pass(.milliseconds(10)) }
        try loop.run(until: isDone, saying: { logged }, location)
    }
}
