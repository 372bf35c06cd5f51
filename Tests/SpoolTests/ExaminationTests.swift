import Foundation
import Linux
import Scratch
import Spool
import Testing
import Time

@Suite("Examination")
struct ExaminationTests {
    /// The case's name, with what tells it from its like.
    private func look(_ spool: Fixture, _ id: String, in state: State = .new, limit: Int = 1000) throws -> String {
        switch try spool.tree.examine(try #require(JobID(id)), in: state, limit: limit) {
        case .job(let job): "job \(job.contents.history.events.count)"
        case .malformed(_, let reason): "malformed: \(reason)"
        case .foreign(let status): "foreign \(status.owner)"
        case .irregular(let status): "irregular: \(status.kind)"
        case .gone: "gone"
        }
    }

    @Test("A job, with its history")
    func job() throws {
        let spool = try Fixture()
        try spool.put("{\"template\":\"x\"}\n{\"at\":\"2026-11-23T17:44:11Z\",\"event\":\"returned\"}\n", "new/a")
        #expect(try look(spool, "a") == "job 1")
        #expect(try look(spool, "b") == "gone")
        #expect(try look(spool, "b", in: .claimed(instance: "other")) == "gone")
    }

    @Test("A further hard link, of a backup or of a producer that died, does not stop a job")
    func hardLink() throws {
        let spool = try Fixture()
        try spool.put("{\"template\":\"x\"}\n", "tmp/draft")
        try spool.put("{\"template\":\"z\"}\n", "scheduled/z")
        #expect(try Program.shell("cd '\(spool.path)' && ln tmp/draft new/a && cp -al . ../backup").status == 0)
        #expect(try look(spool, "a") == "job 0")
        #expect(try look(spool, "z", in: .scheduled) == "job 0")
    }

    @Test("The object is judged alone: its history may be longer than a job may be")
    func longHistory() throws {
        let spool = try Fixture()
        let line = "{\"at\":\"2026-11-23T17:44:11Z\",\"event\":\"deferred\",\"attempt\":1,\"to\":\"a@example.com\"}\n"
        try spool.put("{\"template\":\"x\"}\n" + String(repeating: line, count: 20_000), "retry/01-30s/a")
        // Of so many outcomes of an attempt one is left when it is known that there are many.
        #expect(try look(spool, "a", in: .retry(.first)) == "job 1000")
        let long = String(line.dropLast(2)) + ",\"reply\":\"\(String(repeating: "x", count: 900_000))\"}\n"
        try spool.put("{\"template\":\"x\"}\n" + String(repeating: long, count: 20), "retry/01-30s/c")
        #expect(try look(spool, "c", in: .retry(.first)) == "job 20")
        try spool.put("{\"t\":\"\(String(repeating: "x", count: 1000))\"}\n" + line, "retry/01-30s/b")
        #expect(try look(spool, "b", in: .retry(.first)).hasPrefix("malformed: 1"))
    }

    @Test(
        "What is no regular file is not opened",
        arguments: [
            ("mkfifo a", "irregular: FIFO"), ("ln -s /etc/passwd a", "irregular: symbolic link"),
            ("ln -s missing a", "irregular: symbolic link"), ("mkdir a", "irregular: directory"),
            ("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"a\")'", "irregular: socket"),
        ])
    func irregular(script: String, found: String) throws {
        let spool = try Fixture()
        #expect(try Program.shell("cd '\(spool.path)/new' && \(script)").status == 0)
        #expect(try look(spool, "a") == found)
    }

    @Test(
        "What is no object is malformed, and says where",
        arguments: [
            ("", "malformed: not a JSON object: line 1, column 1: "),
            ("{", "malformed: not a JSON object: line 1, column 2: "),
            ("{\"a\":1,}", "malformed: not a JSON object: line 1, column 8: "),
            (
                "{\"t\":\"" + String(repeating: "x", count: 1000) + "\"}",
                "malformed: 1008 bytes, and max_job_size is 1000"
            ),
        ])
    func malformed(text: String, prefix: String) throws {
        let spool = try Fixture()
        try spool.put(text, "new/a")
        #expect(try look(spool, "a").hasPrefix(prefix))
    }

    @Test("A file that is too large is not read")
    func tooLarge() throws {
        let spool = try Fixture()
        #expect(try Program.shell("truncate -s 40G '\(spool.path)/new/a'").status == 0)
        #expect(try look(spool, "a").hasPrefix("malformed: 42949672960 bytes"))
    }

    @Test("Another user's file is not opened", .enabled(if: Machine.isRoot, "needs root"))
    func foreign() throws {
        let spool = try Fixture()
        try spool.put("{}", "new/a")
        try Program.shell("chown 65534 '\(spool.path)/new/a'")
        #expect(try look(spool, "a") == "foreign 65534")
    }

    @Test("A date at the end of the calendar does no harm", arguments: ["2400-01-01", "2440-01-01", "1905-01-01"])
    func dates(date: String) throws {
        let spool = try Fixture()
        try spool.put("{}", "new/a")
        #expect(try Program.shell("touch -d '\(date)' '\(spool.path)/new/a'").status == 0)
        #expect(try look(spool, "a") == "job 0")
    }
}
