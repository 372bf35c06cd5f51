import Foundation
import JSON
import Scratch
import Testing

/// The operator's verbs on a spool without a daemon: each is one file operation.
@Suite("outspool retry, hold, release, rm, edit, pause, wait, prune", .serialized, .ownThreads)
struct OperatingTests {
    private static let job = #"{"template":"hello","to":"a@x"}"# + "\n"
    private static let tried = """
        {"template":"hello","to":"a@x","tags":["t"]}
        {"at":"2026-11-23T17:44:11Z","event":"deferred","attempt":1,"to":"a@x","code":451,"reply":"Greylisted","submitted":"2026-11-23T17:44:10Z"}

        """

    /// Files of a spool without their mtimes.
    private func files(_ spool: Fixture) throws -> [String] {
        try Program.shell("cd '\(spool.spool)' && find . -type f | sort").lines.map { String($0.dropFirst(2)) }
    }

    private func modified(_ spool: Fixture, _ name: String) throws -> Date {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(spool.spool)/\(name)")
        return try #require(attributes[.modificationDate] as? Date)
    }

    @Test(
        "A verb is the file operation that the manual names",
        arguments: [
            (["hold", "k"], "retry/03-2m/k", ["hold/k"]), (["hold", "k"], "new/k", ["hold/k"]),
            (["hold", "k"], "dead/k", ["hold/k"]), (["hold", "k"], "scheduled/k", ["hold/k"]),
            (["release", "k"], "hold/k", ["new/k"]), (["retry", "k"], "dead/k", ["new/k"]),
            (["rm", "k"], "dead/k", []), (["rm", "k"], "hold/k", []), (["rm", "k"], "new/k", []),
            (["hold", "--template", "hello"], "retry/01-30s/k", ["hold/k"]),
            (["hold", "--template", "other"], "retry/01-30s/k", ["retry/01-30s/k"]),
            (["hold", "--error", "grey"], "retry/01-30s/k", ["hold/k"]), (["hold", "--tag", "t"], "new/k", ["hold/k"]),
            (["hold", "--older", "1h"], "retry/01-30s/k", ["hold/k"]), (["release", "--all"], "hold/k", ["new/k"]),
            (["rm", "--all"], "dead/k", ["dead/k"]), (["rm", "--state", "dead"], "dead/k", []),
            (["retry", "--all"], "dead/k", ["dead/k"]), (["retry", "--state", "dead"], "dead/k", ["new/k"]),
            (["hold", "--all", "--dry-run"], "new/k", ["new/k"]), (["rm", "--dry-run", "k"], "new/k", ["new/k"]),
            (["retry", "--dry-run", "k"], "dead/k", ["dead/k"]),
        ] as [([String], String, [String])])
    func operations(words: [String], before: String, after: [String]) throws {
        let spool = try Fixture()
        try spool.put(Self.tried, before)
        let ran = try spool.outspool.run(words)
        #expect(ran.status == 0, "\(ran.err)")
        #expect(try files(spool) == after)
        if let name = after.first { #expect(try spool.read(name) == Self.tried) }
    }

    @Test("What cannot be done is said, the rest is done, and the exit status tells")
    func failures() throws {
        let spool = try Fixture()
        try Program.shell("cd '\(spool.spool)' && mkdir -m 700 cur/main done/2026-11-23")
        try spool.put(Self.tried, "cur/main/busy")
        try spool.put(Self.tried, "done/2026-11-23/sent")
        try spool.put(Self.tried, "new/a")
        try spool.put(Self.tried, "dead/twin")
        try spool.put(Self.job, "hold/twin")
        for verb in ["retry", "hold", "rm"] {
            let ran = try spool.run(verb, "busy")
            #expect(ran.status == 75)
            #expect(
                ran.err == "outspool: busy is being sent at this moment, and left alone; try again when that is over\n")
        }
        let ran = try spool.run("hold", "nothing", "a", "../x", "sent")
        #expect(ran.status == 66)
        #expect(ran.out == "held: 1 job\n")
        #expect(
            ran.err == """
                outspool: no job nothing in \(spool.spool)
                outspool: hold: ../x is not a job id
                outspool: sent was sent

                """)
        // Nothing is replaced.
        #expect(try spool.run("hold", "--state", "dead").status == 73)
        #expect(try spool.read("hold/twin") == Self.job)
        #expect(try spool.read("dead/twin") == Self.tried)
        for words in [
            ["rm"], ["hold"], ["release"], ["retry"], ["prune"], ["rm", "a", "--all"], ["rm", "a", "--state", "hold"],
            ["hold", "--state", "cur", "--all"], ["retry", "--state", "done"], ["release", "--state", "dead"],
            ["rm", "--state", "held"], ["rm", "--older", "old"], ["retry", "--all", "--rate", "fast"], ["prune", "a"],
            ["prune", "--older", "1d", "--state", "hold"], ["ls", "a", "--to", "x"], ["ls", "--limit", "0"], ["edit"],
            ["edit", "a", "b"], ["wait"], ["pause", "everything"], ["pause", "template"], ["pause", "relay", "a/b"],
            ["resume", "--all", "all"], ["pause", "--json"], ["postpone", "a"], ["postpone", "--until", "+1h"],
        ] {
            let before = try files(spool)
            #expect(try spool.outspool.run(words).status == 64, "\(words)")
            #expect(try files(spool) == before)
        }
    }

    @Test("retry makes deferred and scheduled jobs due now, and touches nothing that is due")
    func due() throws {
        let spool = try Fixture()
        for name in ["retry/05-8m/a", "scheduled/b"] { try spool.put(Self.tried, name) }
        try Program.shell(
            "cd '\(spool.spool)' && touch -d '+10 minutes' retry/05-8m/a scheduled/b && echo '{}' > retry/05-8m/c && touch -d '-10 minutes' retry/05-8m/c"
        )
        let old = try modified(spool, "retry/05-8m/c")
        #expect(try spool.run("retry", "--all").out == "made due: 1 job; nothing to do for 1\n")
        #expect(try abs(modified(spool, "retry/05-8m/a").timeIntervalSinceNow) < 60)
        #expect(try modified(spool, "retry/05-8m/c") == old)
        #expect(try modified(spool, "scheduled/b").timeIntervalSinceNow > 300)
        #expect(try spool.run("retry", "b").status == 0)
        #expect(try abs(modified(spool, "scheduled/b").timeIntervalSinceNow) < 60)
    }

    @Test("A held job whose time has not come goes back to wait for it")
    func releaseScheduled() throws {
        let spool = try Fixture()
        try spool.put(
            #"{"template":"hello","to":"a@x","sendAt":"2126-11-23T17:44:11Z"}"# + "\n"
                + #"{"at":"2026-11-23T17:44:11Z","event":"scheduled","next":"2126-11-23T17:44:11Z"}"# + "\n", "hold/k")
        #expect(try spool.run("release", "k").status == 0)
        #expect(try files(spool) == ["scheduled/k"])
        #expect(try modified(spool, "scheduled/k") == Date(timeIntervalSince1970: 4_951_129_451))
    }

    @Test("Ids come from standard input, as they are or as ls --json prints them")
    func standardInput() throws {
        let spool = try Fixture()
        for id in ["a", "b", "c"] { try spool.put(Self.job, "new/\(id)") }
        let listed = try spool.run("ls", "--json", "--limit", "2").out
        #expect(listed.split(separator: "\n").count == 2)
        #expect(try spool.run("hold", "-", input: listed + "\n  c  \n").out == "held: 3 jobs\n")
        #expect(try spool.run("release", "-", input: "").out == "released: 0 jobs\n")
    }

    @Test("--json has a line for each job, --rate takes its time")
    func machine() throws {
        let spool = try Fixture()
        for id in 1...5 { try spool.put(Self.job, "dead/\(id)") }
        let began = Date()
        let ran = try spool.run("retry", "--state", "dead", "--rate", "10/s", "--json")
        #expect(-began.timeIntervalSinceNow > 0.39)
        let objects = try ran.lines.map { try JSON(parsing: $0).object }
        #expect(objects.count == 5)
        for object in objects {
            #expect(object?["action"] == "retry" && object?["from"] == "dead" && object?["to"] == "new")
        }
    }

    @Test("Pauses are files, and are listed")
    func pauses() throws {
        let spool = try Fixture()
        let none = try spool.run("pause", "--list")
        #expect(none.out == "" && none.status == 0 && none.err == "outspool: nothing is paused\n")
        #expect(try spool.run("pause", "all").out == "paused: all\n")
        #expect(try spool.run("pause", "all").out == "paused already: all\n")
        #expect(try spool.run("pause", "template", "hello").status == 0)
        #expect(try spool.run("pause", "relay", "main").status == 0)
        #expect(try files(spool) == ["pause", "pause.relay.main", "pause.template.hello"])
        #expect(
            try spool.run("pause", "--list").lines == ["paused: all", "paused: relay main", "paused: template hello"])
        #expect(try spool.run("pause", "--list", "--json").lines[1] == #"{"paused":"relay","name":"main"}"#)
        #expect(
            try spool.run("resume", "all").lines == [
                "resumed: all", "still paused: relay main", "still paused: template hello",
            ])
        #expect(try spool.run("resume", "all").lines[0] == "was not paused: all")
        #expect(try spool.run("resume", "--all").status == 0)
        #expect(try files(spool) == [])
    }

    @Test("wait tells what became of jobs")
    func waits() throws {
        let spool = try Fixture()
        try Program.shell("mkdir -m 700 '\(spool.spool)/done/2026-11-23'")
        try spool.put(
            Self.job + #"{"at":"2026-11-23T17:44:11Z","event":"sent","to":"a@x","code":250,"reply":"Ok: queued as 7"}"#
                + "\n",
            "done/2026-11-23/sent")
        try spool.put(Self.job, "dead/dead")
        try spool.put(Self.job, "hold/held")
        try spool.put(Self.job, "new/new")
        #expect(try spool.run("wait", "sent").out == "sent  sent  250 Ok: queued as 7\n")
        for (id, status) in [("sent", 0), ("dead", 65), ("held", 69), ("gone", 66), ("new", 75)] as [(String, Int32)] {
            #expect(try spool.run("wait", "--timeout", "60ms", "--quiet", id).status == status)
        }
        #expect(try spool.run("wait", "held", "dead", "gone").status == 65)
        let object = try JSON(parsing: try spool.run("wait", "--json", "sent").lines[0]).object
        #expect(object?["state"] == "done")
    }

    @Test("prune removes what ended so long ago, and days that it emptied")
    func prunes() throws {
        let spool = try Fixture()
        try Program.shell("mkdir -m 700 '\(spool.spool)/done/2026-11-20' '\(spool.spool)/done/2026-11-21'")
        for name in ["done/2026-11-20/a", "done/2026-11-21/b", "done/2026-11-21/c", "dead/d", "dead/e", "hold/f"] {
            try spool.put(Self.job, name)
        }
        try Program.shell("cd '\(spool.spool)' && touch -d '-3 days' done/2026-11-20/a done/2026-11-21/b dead/d hold/f")
        #expect(try spool.run("prune", "--older", "2d", "--dry-run").lines.count == 4)
        #expect(try spool.run("prune", "--older", "2d", "--state", "done").out == "removed: 2 jobs\n")
        #expect(try files(spool) == ["dead/d", "dead/e", "done/2026-11-21/c", "hold/f"])
        #expect(try spool.list("done") == ["2026-11-21"])
        #expect(try spool.run("prune", "--older", "2d", "--to", "a@").out == "removed: 1 job\n")
        #expect(try files(spool) == ["dead/e", "done/2026-11-21/c", "hold/f"])
    }

    @Test("Hostile text is escaped by every verb")
    func hostile() throws {
        let spool = try Fixture()
        let nasty = "\u{1B}]0;owned\u{7}\u{202E}"
        let text = JSON.string(nasty).text
        try spool.put("{\"template\":\(text),\"to\":\(text)}\n", "dead/a")
        try spool.put("{}", "dead/\u{1B}[2Jname")
        try spool.put("", "pause.template.\u{1B}[2J")
        for words in [
            ["retry", "--state", "dead", "--dry-run", "-v"], ["hold", nasty], ["rm", "--state", nasty], ["pause"],
            ["pause", "relay", nasty], ["wait", "a"], ["wait", nasty], ["edit", nasty], ["prune", "--older", nasty],
            ["hold", "--state", "dead", "--json"], ["resume", "--all"], ["retry", "--all", "--rate", nasty],
            ["ls", nasty],
        ] {
            let ran = try spool.outspool.run(words)
            #expect(isHarmless(ran.out) && isHarmless(ran.err), "\(words): \(ran.out)\(ran.err)")
        }
    }
}
