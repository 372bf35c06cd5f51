import Configuration
import EventLoop
import Linux
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// A spool of a test's own, a loop and a log: what the parts of the daemon are made of.
final class SpoolPlace {
    let scratch: Scratch
    let spool: SpoolTree
    let loop: EventLoop
    let log: Log
    let ledger: Ledger

    init() throws {
        scratch = try Scratch()
        try Creation.spool(at: scratch.path("spool"))
        loop = try EventLoop()
        spool = try SpoolTree(path: scratch.path("spool"), instance: "main")
        log = try Log(.file(scratch.path("log")), format: .text)
        ledger = Ledger(log)
    }

    /// Submits an object's text under an id, to the spool or to a drop box.
    func submit(_ text: String = #"{"to":"a@example.org","subject":"s","text":"t"}"#, id: String, box: String? = nil)
        throws
    {
        let path = box.map { "\(spool.path)/drop/\($0)" } ?? spool.path
        try Entrance(path: path).submit(Array(text.utf8), id: try #require(JobID(id)))
    }

    /// Puts a file where it is, by whatever way, with its mtime; no submission.
    func put(_ name: String, _ text: String = "{}\n", modified: Timestamp? = nil) throws {
        try scratch.write(text, to: "spool/\(name)")
        if let modified { try spool.root.setModified(name, nanoseconds: modified.nanoseconds) }
    }

    func modified(_ name: String) throws -> Timestamp { Timestamp(nanoseconds: try spool.root.status(name).modified) }

    /// The names in a directory of the spool.
    func names(_ directory: String) throws -> [String] { try scratch.list("spool/\(directory)") }

    /// The log so far.
    var logged: String {
        get throws {
            log.flush()
            return try scratch.read("log")
        }
    }

    /// Settings of this spool and a relay, as a file of them is read.
    func settings(_ main: String = "", relay url: String = "smtp://127.0.0.1:9", _ more: String = "tls = none") throws
        -> Settings
    {
        let text = """
            spool = \(spool.path)
            templates = \(scratch.path("templates"))
            from = shop@example.com
            hostname = shop.example
            \(main)
            [relay main]
            url = \(url)
            \(more)

            """
        return try Settings(ConfigurationFile(parsing: text, name: "test.conf"))
    }

    /// Writes an executable script of the shell.
    func script(_ name: String, _ body: String) throws -> String {
        try scratch.write("#!/bin/sh\n\(body)\n", to: name, mode: 0o755)
    }

    /// Runs the loop until something holds; fails after ten seconds, with the log.
    func run(until holds: @escaping () throws -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
        try loop.run(until: { (try? holds()) == true }, saying: { (try? self.logged) ?? "" }, location)
    }
}

extension EventLoop {
    /// Runs until something holds, which is looked at every few milliseconds; fails after ten seconds.
    func run(
        until holds: @escaping () -> Bool, saying details: () -> String, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let end = Clock.monotonic + Span.seconds(10).nanoseconds
        var isOver = false
        func look() {
            if holds() || Clock.monotonic > end {
                isOver = true
                return stop()
            }
            schedule(after: .milliseconds(5), look)
        }
        look()
        if !isOver { try run() }
        #expect(holds(), "not within ten seconds: \(holds() ? "" : details())", sourceLocation: location)
    }

    /// Runs for a moment in which something must not happen, and no event tells of that.
    func pass(_ span: Span) throws {
        schedule(after: span) { self.stop() }
        try run()
    }
}
