import Foundation
import JSON
import Scratch
import Testing

@Suite("outspool ls, show, check", .serialized, .ownThreads)
struct ReadingTests {
    private let history = """
        {"at":"2026-11-23T17:44:11.502Z","event":"sending","attempt":1,"to":["a@x"],"relay":"main","submitted":"2026-11-23T17:44:11.498Z"}
        {"at":"2026-11-23T17:44:11.513Z","event":"deferred","attempt":1,"to":"a@x","code":451,"dsn":"4.7.1","reply":"Greylisted","next":"2026-11-23T17:44:41Z"}

        """

    @Test("Lists by id, filtered, sent ones only when asked for")
    func lists() throws {
        let spool = try Fixture()
        try spool.put("{\"template\":\"b\",\"to\":\"Zoë <zoe@example.com>\"}\n", "new/2")
        try spool.put(
            "{\"template\":\"a\",\"to\":[\"a@x\",{\"name\":\"B\",\"email\":\"b@x\"}]}\n" + history, "retry/03-2m/1")
        try Program.shell(
            "mkdir -p '\(spool.spool)/cur/main' '\(spool.spool)/done/2026-11-23' && chmod 700 '\(spool.spool)/cur/main'"
        )
        try spool.put("{\"template\":\"a\"}\n", "cur/main/3")
        try spool.put("{\"template\":\"a\"}\n", "done/2026-11-23/4")
        try spool.put("", "new/.hidden")
        let lines = try spool.run("ls").lines
        #expect(lines[0].split(separator: " ") == ["ID", "STATE", "AGE", "TEMPLATE", "TO", "TRY", "NEXT", "LAST"])
        #expect(lines.dropFirst().map { $0.prefix(1) } == ["1", "2", "3"])
        #expect(lines[1].contains("retry"))
        #expect(lines[1].contains("a@x +1"))
        #expect(lines[1].contains(" 3 "))
        #expect(lines[1].contains("451 4.7.1"))
        #expect(lines[2].contains("zoe@exampl"))
        for line in lines { #expect(line.count <= 80) }
        func ids(_ arguments: String...) throws -> [String] {
            try spool.outspool.run(["ls", "--json"] + arguments).lines.map {
                try JSON(parsing: $0).object?["id"]?.string ?? ""
            }
        }
        #expect(try ids("--state", "done") == ["4"])
        #expect(try ids("--state", "retry/03-2m", "--state", "new") == ["1", "2"])
        #expect(try ids("--state", "hold") == [])
        #expect(try ids("--template", "a") == ["1", "3"])
        #expect(try ids("--to", "B@X") == ["1"])
        #expect(try spool.run("ls", "--state", "held").status == 64)
        let first = try JSON(parsing: try spool.run("ls", "--json").lines[0])
        #expect(first.object?["attempts"] == 3)
        #expect(first.object?["path"] == "retry/03-2m/1")
        #expect(first.object?["submitted"] == "2026-11-23T17:44:11.498Z")
        #expect(first.object?["last"]?.object?["code"] == 451)
    }

    @Test("An empty spool lists nothing")
    func empty() throws { #expect(try Fixture().run("ls").out == "") }

    private static let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{202E}gpj\u{2028}\r\nnew line\u{200F}\u{7F}"

    @Test("Hostile text is escaped everywhere")
    func hostileText() throws {
        let spool = try Fixture()
        let text = JSON.string(Self.hostile).text
        try spool.put(
            "{\"template\":\(text),\"to\":\(text),\"params\":{\(text):\(text)}}\n"
                + "{\"at\":\"2026-11-23T17:44:11Z\",\"event\":\"deferred\",\"to\":\(text),\"reply\":\(text),\"relay\":\(text),\"reason\":\(text),\"name\":\(text)}\n",
            "dead/a")
        try spool.put(Self.hostile, "dead/b")
        try spool.put("{\"template\":\"x\"}", "dead/\u{1B}[2Jname\u{9B}\n")
        for arguments in [
            ["ls"], ["ls", "--json"], ["show", "a"], ["show", "--json", "a"], ["show", "b"], ["check"],
        ] {
            let ran = try spool.outspool.run(arguments)
            #expect(isHarmless(ran.out), "\(arguments)")
            #expect(isHarmless(ran.err), "\(arguments)")
        }
        let ran = try spool.outspool.run(["submit", Self.hostile, "--nonsense\u{1B}"])
        #expect(isHarmless(ran.err))
        let object = try JSON(parsing: try spool.run("show", "--json", "a").lines[0]).object
        #expect(object?["job"]?.object?["template"]?.string == Self.hostile)
        let lines = try spool.run("ls").lines
        #expect(lines.count == 4)
    }

    @Test("What is no regular file is named, not opened")
    func irregular() throws {
        let spool = try Fixture()
        try Program.shell(
            "cd '\(spool.spool)/dead' && mkfifo fifo && ln -s /etc/passwd link && mkdir dir && printf '\\377' > \"$(printf 'a\\377')\""
        )
        let out = try spool.run("ls").out
        for word in ["FIFO", "symbolic link", "directory", "a\\xFF"] { #expect(out.contains(word)) }
        #expect(try spool.run("show", "fifo").out.contains("FIFO"))
    }

    @Test("A large job is listed from a part of it")
    func large() throws {
        let spool = try Fixture()
        let padding = String(repeating: "x", count: 300_000)
        try spool.put(
            "{\"template\":\"big\",\"to\":\"a@x\",\"params\":{\"p\":\"\(padding)\"}}\n" + history, "retry/01-30s/a")
        let events = String(repeating: history, count: 1000)
        try spool.put("{\"template\":\"long\",\"to\":\"b@x\"}\n" + events, "retry/01-30s/b")
        let lines = try spool.run("ls").lines
        #expect(lines.count == 3)
        #expect(lines[1].contains("big") && lines[1].contains("a@x") && lines[1].contains("451"))
        #expect(lines[2].contains("long") && lines[2].contains("451"))
        let shown = try spool.run("show", "--reveal", "a").out
        #expect(shown.utf8.count < 2000)
        #expect(shown.contains("(300000 bytes)"))
    }

    @Test("Beyond ten thousand jobs all are listed")
    func many() throws {
        let spool = try Fixture()
        try Program.shell(
            "cd '\(spool.spool)/new' && for i in $(seq 10050); do echo '{\"template\":\"x\"}' > j$i; done")
        #expect(try spool.run("ls").lines.count == 10051)
    }

    @Test("Shows a job's place, object and history")
    func shows() throws {
        let spool = try Fixture()
        try spool.put("{\"template\":\"a\",\"to\":\"a@x\",\"params\":{\"n\":1.50}}\n" + history, "hold/k")
        // No template is in sight here, and any parameter may be a secret.
        let ran = try spool.run("show", "--reveal", "k")
        #expect(ran.status == 0)
        #expect(ran.out.contains("hold\n"))
        #expect(ran.out.contains("\"n\": 1.50"))
        #expect(
            ran.out.contains(
                "2026-11-23T17:44:11.513Z  deferred   #1  a@x  451 4.7.1 Greylisted  next 2026-11-23T17:44:41Z"))
        let json = try JSON(parsing: try spool.run("show", "--json", "k").out).object
        #expect(json?["history"]?.array?.count == 2)
        let missing = try spool.run("show", "nothing")
        #expect(missing.status == 66)
        #expect(missing.err == "outspool: no job nothing in \(spool.spool)\n")
        #expect(try spool.run("show", "../x").status == 64)
    }

    @Test(
        "Colours are for terminals that want them", .enabled(if: Machine.program("python3") != nil, "needs python3"))
    func colours() throws {
        let spool = try Fixture()
        try spool.put("{\"template\":\"a\"}\n", "dead/k")
        var terminal = Program("/usr/bin/env").with("OUTSPOOL_SPOOL", spool.spool).with("TERM", "xterm")
        let words = ["python3", "-c", "import pty, sys; pty.spawn(sys.argv[1:])", spool.outspool.path, "ls"]
        #expect(try terminal.run(words).out.contains("\u{1B}[31mdead"))
        terminal.environment["NO_COLOR"] = "1"
        #expect(try terminal.run(words).out.contains("\u{1B}") == false)
        #expect(try spool.run("ls").out.contains("\u{1B}") == false)
    }

    @Test("A new spool has no fault; each fault is a line")
    func checks() throws {
        let spool = try Fixture()
        #expect(try spool.run("check").status == 0)
        #expect(try spool.run("check").out == "")
        try Program.shell(
            "cd '\(spool.spool)' && chmod 755 new && rmdir hold retry/03-2m && rmdir scheduled && touch scheduled")
        let ran = try spool.run("check")
        #expect(ran.status == 78)
        #expect(ran.lines.count == 4)
        #expect(ran.out.contains("/new: error: mode 0755, not 0700"))
        #expect(ran.out.contains("/hold: error: No such file or directory; outspool init makes it"))
        #expect(ran.out.contains("/scheduled: error: is a regular file, not a directory"))
        #expect(try spool.outspool.with("OUTSPOOL_SPOOL", "/nonexistent").run(["check"]).status == 69)
    }
}
