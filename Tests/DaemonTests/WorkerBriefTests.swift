import Spool
import Testing

@testable import Daemon

@Suite("What a worker is given to read")
struct WorkerBriefTests {
    private func text(_ main: String) -> [UInt8] {
        Array("from = a@example.com\n\(main)\n[relay main]\nurl = smtp://127.0.0.1:1\n".utf8)
    }

    @Test("It says which worker, and the configuration in use; what a start alone reads is that of the start")
    func settings() throws {
        let brief = WorkerBrief(
            number: 2, count: 3, path: "/etc/o/outspool.conf",
            first: text("spool = spool\ninstance = one\nworkers = 3\nmax_age = 1d"),
            current: text("spool = other\ninstance = two\nworkers = 5\nmax_age = 2d"))
        let read = try #require(WorkerBrief(brief.encoded))
        #expect(read == brief)
        let settings = try read.settings()
        #expect(settings.spool == "/etc/o/spool" && settings.instance == "one" && settings.workers == 3)
        #expect(settings.retry.maximumAge == .days(2))
        #expect(try read.settings(of: text("max_age = 3d")).retry.maximumAge == .days(3))
        #expect(throws: (any Error).self) { try read.settings(of: text("max_agee = 3d")) }
    }

    @Test(
        "What no parent writes is refused",
        arguments: [
            "", "{}", #"{"worker":4,"of":3,"path":"x","first":"","current":""}"#,
            #"{"worker":1,"of":3,"path":"x","first":""}"#,
        ])
    func refused(_ text: String) { #expect(WorkerBrief(Array(text.utf8)) == nil) }

    @Test("A number of workers is read, within its bounds", arguments: [("1", 1), ("64", 64), ("0", nil), ("65", nil)])
    func count(_ word: String, _ expected: Int?) throws {
        let settings = try? Settings(.init(parsing: text("workers = \(word)"), name: "x.conf"))
        #expect(settings?.workers == expected)
    }

    @Test("The word --worker is the parent's")
    func invocation() throws {
        #expect(try Invocation(["--worker", "2"]) == .work(worker: 2))
        #expect(try Invocation([], worker: "2") == .work(worker: 2))
        #expect(try Invocation(["--version"], worker: "2") == .version)
        #expect(throws: ProgramFailure.self) { try Invocation(["--worker"]) }
        #expect(throws: ProgramFailure.self) { try Invocation(["--worker", "x"]) }
    }
}
