import Configuration
import EventLoop
import Linux
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// A queue on a spool of its own, with a real relay on the same loop, which runs until something has happened.
final class QueuePlace {
    let scratch: Scratch
    let spool: SpoolTree
    let loop: EventLoop
    let log: Log
    let ledger: Ledger
    let relay: TestRelay
    private(set) var letters: [DeadLetter] = []
    private(set) var notices: [String] = []
    /// Called with each dead letter, as the daemon's housekeeping is.
    var buried: (DeadLetter) -> Void = { _ in }
    let settings: Settings
    private let curl: CurlLoop

    private(set) lazy var queue: Queue = makeQueue()

    /// - Parameters:
    ///   - relay: options of outspool-sink(8).
    ///   - settings: lines of outspool.conf(5) before the first section.
    ///   - relayKeys: lines of its section `[relay main]`, and others after it.
    init(relay options: [String] = [], settings more: String = "", relayKeys: String = "") throws {
        scratch = try Scratch()
        try Creation.spool(at: scratch.path("spool"))
        try Directory.make(path: scratch.path("templates"), mode: 0o755)
        loop = try EventLoop()
        spool = try SpoolTree(path: scratch.path("spool"), instance: "main")
        log = try Log(.file(scratch.path("log")), format: .text)
        let box = Box()
        ledger = Ledger(log, buried: { box.letters($0) })
        relay = try TestRelay(options, on: loop)
        let text = """
            spool = \(scratch.path("spool"))
            templates = \(scratch.path("templates"))
            from = shop@example.com
            hostname = shop.example
            \(more)
            [relay main]
            url = \(relay.url)
            tls = none
            \(relayKeys)

            """
        settings = try Settings(ConfigurationFile(parsing: text, name: "test.conf"))
        curl = try CurlLoop(loop)
        box.letters = { [unowned self] in
            letters.append($0)
            buried($0)
        }
    }

    private final class Box { var letters: (DeadLetter) -> Void = { _ in } }

    private func makeQueue() -> Queue {
        let queue = Queue(spool: spool, loop: loop, ledger: ledger, curl: curl, settings: settings) { [unowned self] in
            switch $0 {
            case .idle: notices.append("idle")
            case .sent(let id, _): notices.append("sent \(id)")
            }
        }
        queue.use(settings)
        return queue
    }

    /// Submits an object's text under an id.
    func submit(_ text: String = #"{"to":"zoe@example.net","subject":"Hi","text":"Hello"}"#, id: String) throws {
        try Entrance(path: spool.path).submit(Array(text.utf8), id: try #require(JobID(id)))
    }

    /// Puts a file where it is, by whatever way; no submission.
    func put(_ text: String, _ name: String) throws { try scratch.write(text, to: "spool/\(name)") }

    /// Makes the template of a task, or of a mail with data: a shell script under `program`.
    func template(_ name: String, program: String, _ body: String, files: [String: String] = [:]) throws {
        try Directory.make(path: scratch.path("templates/\(name)"), mode: 0o755)
        for (file, text) in files { try scratch.write(text, to: "templates/\(name)/\(file)") }
        try scratch.write("#!/bin/sh\n\(body)\n", to: "templates/\(name)/\(program)")
        try Directory(path: scratch.path("templates/\(name)")).setMode(program, 0o755)
    }

    /// Runs the loop until `isDone`; fails after ten seconds, with the log.
    func run(until isDone: @escaping () -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
        try loop.run(
            until: isDone,
            saying: {
                log.flush()
                return (try? scratch.read("log")) ?? ""
            }, location)
    }

    /// Runs the loop until a job's file is in a directory of the spool.
    func run(until id: String, isIn directory: String, _ location: SourceLocation = #_sourceLocation) throws {
        try run(until: { [scratch] in (try? scratch.list("spool/\(directory)"))?.contains(id) == true }, location)
    }

    /// Today's directory of sent jobs.
    var done: String { "done/\(Timestamp.now.day)" }

    /// The events of a job's history, wherever it is below the spool.
    func events(_ id: String, in directory: String) throws -> [String] {
        let file = try JobFile(Array(try scratch.read("spool/\(directory)/\(id)").utf8))
        return file.history.events.map(\.kind.rawValue)
    }
}
