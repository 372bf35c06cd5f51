import Foundation
import Scratch
import Testing

@Suite("outspool doctor", .serialized, .ownThreads)
struct DoctorTests {
    private func doctor(_ spool: Fixture) throws -> (status: Int32, out: String) {
        let ran = try spool.outspool.run(["doctor", "--no-relays"])
        return (ran.status, ran.out)
    }

    @Test("A spool whose files are as they should be is said to be so")
    func well() throws {
        let spool = try Fixture()
        #expect(try spool.run("submit", "x", "--id", "a").status == 0)
        #expect(try doctor(spool).out.contains("names, owners, modes, links and times"))
    }

    @Test("Names, kinds, links and owners of the files of jobs have a line each, with what to do")
    func files() throws {
        let spool = try Fixture()
        try spool.put("{}", "retry/01-30s/no id")
        try spool.put("{}", "hold/k")
        try spool.put("{}", "dead/\u{E9}")
        try Program.shell("cd '\(spool.spool)' && mkfifo scheduled/fifo && ln hold/k tmp/k")
        let out = try doctor(spool).out
        for text in [
            "retry/01-30s 1: the name is not a job id: rename or remove it: no id",
            "scheduled  1: a FIFO: remove it: fifo",
            "hold       1: more than one hard link",
            #"dead       1: the name is not a job id: rename or remove it: \xC3\xA9"#,
        ] {
            #expect(out.contains(text), "\(text) is not in \(out)")
        }
        for index in 1...5 { try spool.put("{}", "hold/no \(index)") }
        let many = try doctor(spool).out
        #expect(many.contains("5: the name is not a job id") && many.contains(", ..."))
        let check = try spool.run("check")
        #expect(check.status == 0 && check.out.contains("/spool/hold: warning: 5: the name is not a job id"))
        #expect(try spool.run("check", "--strict").status == 78)
        // In a list, too.
        #expect(try spool.run("ls").out.contains("the name is not a job id"))
    }

    @Test("A scheduled job whose mtime was lost is told of, and one that has its time is not")
    func times() throws {
        let spool = try Fixture()
        let event = #"{"at":"2026-11-23T17:44:11Z","event":"scheduled","next":"2126-01-01T00:00:00Z"}"#
        for id in ["lost", "kept"] { try spool.put("{\"template\":\"x\"}\n\(event)\n", "scheduled/\(id)") }
        try Program.shell("touch -d 2126-01-01T00:00:00Z '\(spool.spool)/scheduled/kept'")
        let out = try doctor(spool).out
        #expect(out.contains("1: due by its mtime, and by its history later") && out.contains(": lost"))
    }

    @Test(
        "What the daemon may not read is critical, and another's file that it may is not",
        .enabled(if: Machine.isRoot, "needs root"))
    func owners() throws {
        let spool = try Fixture()
        try spool.put("{}", "scheduled/mine")
        try spool.put("{}", "scheduled/open")
        try Program.shell(
            "cd '\(spool.spool)' && chown -R 65534:65534 . && chown 0:0 scheduled/*; chmod 600 scheduled/mine; chmod 644 scheduled/open"
        )
        let (status, out) = try doctor(spool)
        #expect(status == 78)
        #expect(out.contains("1: of user 0, and the daemon may not read it: chown it to user 65534: mine"))
        #expect(out.contains("1: of user 0: the daemon makes a copy of its own of it: open"))
    }

    @Test("edit leaves a dead letter that is no file where it is")
    func irregular() throws {
        let spool = try Fixture()
        for (name, script) in [("fifo", "mkfifo"), ("link", "ln -s /etc/passwd"), ("dir", "mkdir")] {
            try Program.shell("cd '\(spool.spool)/dead' && \(script) \(name)")
            let ran = try spool.outspool.with("EDITOR", "/bin/true").run(["edit", name])
            #expect(ran.status == 65 && ran.err.contains("not a job"), "\(ran)")
        }
        #expect(try spool.list("dead") == ["dir", "fifo", "link"] && spool.list("hold") == [])
    }

    @Test(
        "A command for dead letters that is not there is a fault of the configuration",
        arguments: [
            ("/nonexistent/page", "No such file or directory"), ("/etc/passwd", "not executable"),
            ("/etc/", "a directory and not a program"),
        ])
    func onDead(path: String, fault: String) throws {
        let spool = try Fixture()
        let file = spool.scratch.path("outspool.conf")
        try spool.scratch.write(
            "spool = spool\nfrom = a@example.com\nhostname = a.example\non_dead = \(path)\n[relay main]\nurl = smtp://127.0.0.1:9\n",
            to: "outspool.conf", mode: 0o644)
        for verb in ["check", "doctor"] {
            let ran = try spool.outspool.run([verb, "--config", file] + (verb == "doctor" ? ["--no-relays"] : []))
            #expect(ran.status == 78 && ran.out.contains("on_dead") && ran.out.contains(fault), "\(ran)")
        }
    }
}
