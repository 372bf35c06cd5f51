import Foundation
import JSON
import Scratch
import Testing

@Suite("Jobs are found, whatever they are and wherever they go", .serialized, .ownThreads)
struct FoundJobTests {
    private static let mail = #"{"subject":"Hello Zoe","text":"Hi","to":"a@example.com","from":"b@example.com"}"# + "\n"
    private static let sent =
        #"{"at":"2026-11-23T17:44:12Z","event":"sent","attempt":1,"to":"a@example.com","code":250,"reply":"Ok","submitted":"2026-11-23T17:44:11Z"}"#
        + "\n"

    @Test("preview --job takes the file of a job of any state, and its id")
    func preview() throws {
        let spool = try Fixture()
        try Program.shell("mkdir -m 700 '\(spool.spool)/done/2026-11-23'")
        try spool.put(Self.mail + Self.sent, "done/2026-11-23/job-1")
        for operand in ["\(spool.spool)/done/2026-11-23/job-1", "job-1"] {
            let ran = try spool.run("preview", "--job", operand, "--raw")
            #expect(ran.status == 0, "\(ran.err)")
            #expect(ran.out.contains("Subject: Hello Zoe"))
            #expect(ran.out.contains("Date: Mon, 23 Nov 2026 17:44:11 +0000"))
            #expect(ran.out.contains("job-1"))
        }
        let later = #"{"subject":"s","text":"t","to":"a@example.com","sendAt":"2099-12-24T12:00:00Z"}"# + "\n"
        try spool.put(later, "scheduled/later")
        for words in [["preview", "--job", "later", "--raw"], ["show", "--mail", "later"]] {
            #expect(try spool.outspool.run(words).out.contains("Date: Thu, 24 Dec 2099 12:00:00 +0000"))
        }
        let none = try spool.run("preview", "--job", "job-2")
        #expect(none.status == 66 && none.err.contains("no job of that id in the spool"))
        let two = try spool.run("preview", "--job", "-", input: Self.mail + Self.mail)
        #expect(two.status == 65 && two.err.contains("a file has one job"))
        #expect(try spool.run("preview", "--job", "-", input: Self.mail + Self.sent).status == 0)
    }

    @Test(
        "A job without a template is known by its subject, or by who it is from",
        arguments: [
            (#"{"subject":"Hello Zoe","text":"Hi","to":"a@example.com"}"#, "\"Hello Zoe\"", "Hello Zoe"),
            (
                #"{"message":"From: b@example.com\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nTo: a@example.com\n\nSubject: no\n"}"#,
                "\"Grüße\"", "Grüße"
            ),
            (
                #"{"message":{"base64":"RnJvbTogYkBleGFtcGxlLmNvbQ0KU3ViamVjdDogSGkgdGhlcmUNCg0KeA=="}}"#,
                "\"Hi there\"",
                "Hi there"
            ),
            (#"{"message":"To: a@example.com\n\nx","from":"b@example.com"}"#, "from b@example.com", nil),
            (#"{"template":"hello","to":"a@example.com"}"#, "hello", nil),
        ] as [(String, String, String?)])
    func subject(job: String, listed: String, shown: String?) throws {
        let spool = try Fixture()
        try spool.put(job + "\n", "hold/job")
        #expect(try spool.run("ls").lines[1].contains(" \(listed) "))
        let object = try JSON(parsing: try spool.run("ls", "--json").out).object
        #expect(object?["subject"]?.string == shown)
        #expect(try spool.run("show", "job").out.contains("subject: \(shown ?? "")\n") == (shown != nil))
    }

    @Test("A job that moves is always shown")
    func moving() throws {
        let spool = try Fixture()
        try Program.shell("mkdir -m 700 '\(spool.spool)/cur/main' '\(spool.spool)/done/2026-11-23'")
        try spool.put(Self.mail + Self.sent, "cur/main/job")
        // As a daemon moves it, only without end and in both directions.
        let mover = try RunningProgram(
            Program("/bin/sh"),
            [
                "-c",
                "cd '\(spool.spool)' && while :; do mv cur/main/job done/2026-11-23/job; mv done/2026-11-23/job cur/main/job; done",
            ], in: spool.scratch, name: "mover")
        defer { mover.kill() }
        for _ in 0..<100 {
            let ran = try spool.run("show", "job")
            #expect(ran.status == 0, "\(ran.err)")
        }
    }

    @Test("Languages have the names of their files' endings, too")
    func languages() throws {
        let spool = try Fixture()
        try spool.scratch.write("Hi", to: "templates/hello/subject.mustache")
        try spool.scratch.write("Hi", to: "templates/hello/text.mustache")
        let ran = try spool.run(
            "types", "--lang", "py", "--templates", spool.scratch.path("templates"), "--output",
            spool.scratch.path("types"))
        #expect(ran.status == 0)
        #expect(try spool.scratch.read("types/outspool.py").contains("class Hello"))
        #expect(
            try spool.run("types", "--lang", "cobol").err.contains("--lang is one of swift, typescript, python, php"))
    }

    @Test("wait says once what keeps a job from being sent")
    func hindrance() throws {
        let spool = try Fixture()
        try spool.put(Self.mail, "new/job")
        func wait() throws -> String { try spool.run("wait", "--timeout", "2s", "job").err }
        #expect(try wait() == "outspool: waiting: no daemon runs on this spool\noutspool: job is still waiting\n")
        let relays = #"[{"name":"main","breaker":"open","reason":"connect: refused","connections":0}]"#
        let at = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 60))
        try spool.put(#"{"at":"\#(at)","state":"running","relays":\#(relays)}"#, "status.json")
        #expect(try wait().hasPrefix("outspool: waiting: relay main does not work: connect: refused\n"))
        #expect(try spool.run("wait", "--timeout", "2s", "-q", "job").err == "outspool: job is still waiting\n")
        try spool.run("pause")
        #expect(try wait().hasPrefix("outspool: waiting: all is paused; outspool resume ends that\n"))
    }

    @Test("Who may not submit is told where they may", .enabled(if: Machine.isRoot, "needs root"))
    func boxes() throws {
        let spool = try Fixture()
        try Program.shell("chmod 711 '\(spool.scratch.path)'")
        func submit() throws -> Ran {
            let words = [
                "--reuid=\(Fixture.stranger.id)", "--regid=\(Fixture.stranger.group)", "--clear-groups",
                spool.outspool.path, "--spool", spool.spool, "submit", "x",
            ]
            return try Program(try #require(Machine.program("setpriv"))).run(words)
        }
        let none = try submit()
        #expect(none.status == 77 && none.err.contains("no drop box there is open to this user"))
        #expect(none.err.contains("name another with --spool or OUTSPOOL_SPOOL"))
        try spool.run("dropbox", "add", "local")
        let some = try submit()
        #expect(some.status == 77 && some.err.contains("open to this user: \(spool.spool)/drop/local"))
        let missing = try spool.run("--spool", spool.scratch.path("none"), "submit", "x")
        #expect(missing.status == 69 && missing.err.contains("name another with --spool or OUTSPOOL_SPOOL"))
    }
}
