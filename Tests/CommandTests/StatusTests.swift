import Foundation
import JSON
import Scratch
import Testing

@Suite("outspool status, top", .serialized, .ownThreads)
struct StatusTests {
    private func fill(_ spool: Fixture) throws {
        let event =
            #"{"at":"2026-11-20T17:44:11Z","event":"deferred","attempt":1,"to":"a@x","code":451,"dsn":"4.7.1","reply":"Later","submitted":"2026-11-20T17:44:10Z"}"#
        for index in 1...3 {
            try spool.put(
                "{\"template\":\"hello\",\"to\":[\"a@one.example\",\"B <b@Two.example>\"]}\n\(event)\n",
                "retry/01-30s/r\(index)")
        }
        try spool.put("{\"template\":\"other\",\"to\":\"a@one.example\"}\n", "new/n")
        try spool.put("{\"template\":\"dead\"}\n", "dead/d")
    }

    private func writeStatus(_ spool: Fixture, state: String = "running", age: Double = 0, _ more: String = "") throws {
        let format = ISO8601DateFormatter()
        let at = format.string(from: Date(timeIntervalSinceNow: -age))
        try spool.put(
            "{\"at\":\"\(at)\",\"pid\":7,\"instance\":\"main\",\"state\":\"\(state)\"\(more)}\n", "status.json")
    }

    @Test("A daemon that has its lock and cannot write status.json is not said to be dead")
    func silent() throws {
        let spool = try Fixture()
        try writeStatus(spool, age: 60)
        #expect(try spool.run("status", "--quick").out.contains("daemon   not running;"))
        let ran = try Program.shell(
            "mkdir -p '\(spool.spool)/cur/main' && flock '\(spool.spool)/cur/main' '\(spool.outspool.path)' --spool '\(spool.spool)' status --quick || :"
        )
        #expect(
            ran.out.contains(
                #/daemon   has the spool, and has not written status\.json; last heard of 1m( [0-9]+s)? ago/#))
        #expect(ran.out.contains("critical: a daemon has the spool and has not written status.json since "))
    }

    @Test("A directory that is no spool is an error and no empty spool")
    func noSpool() throws {
        let spool = try Fixture()
        for verb in ["ls", "status", "top", "doctor"] {
            let ran = try spool.run(verb, "--spool", spool.scratch.path)
            #expect(ran.status == 69)
            #expect(ran.err.contains("is not a spool: it has no new/"))
        }
    }

    @Test("States, ages and the shape of what waits")
    func shape() throws {
        let spool = try Fixture()
        try fill(spool)
        try writeStatus(spool)
        let object = try #require(try JSON(parsing: try spool.run("status", "--json").out).object)
        #expect(object["health"] == "ok")
        #expect(object["states"]?.object?["retry"]?.object?["jobs"] == 3)
        #expect(object["states"]?.object?["retry"]?.object?["oldestSubmitted"] == "2026-11-20T17:44:10.000Z")
        #expect(object["states"]?.object?["dead"]?.object?["jobs"] == 1)
        #expect(object["shape"]?.array?.map { $0.object?["name"] } == ["hello", "other"])
        #expect(object["shape"]?.array?[0].object?["jobs"] == 3)
        func names(_ words: String...) throws -> [String] {
            try JSON(parsing: try spool.outspool.run(["status", "--json"] + words).out).object?["shape"]?.array?
                .compactMap { $0.object?["name"]?.string } ?? []
        }
        #expect(try names("--by", "to-domain") == ["one.example", "two.example"])
        #expect(try names("--by", "error") == ["451 4.7.1", "(none)"])
        #expect(try names("--state", "dead") == ["dead"])
        #expect(try names("--to", "two.") == ["hello"])
        for line in try spool.run("status").lines { #expect(line.count <= 80, "\(line)") }
        #expect(try spool.run("status", "--quick").out.contains("TEMPLATE") == false)
    }

    @Test("The exit status is for monitoring")
    func monitoring() throws {
        let spool = try Fixture()
        try fill(spool)
        #expect(try spool.run("status").status == 2)
        try writeStatus(spool, age: 3600)
        #expect(try spool.run("status").status == 2)
        try writeStatus(spool, state: "stopped")
        #expect(try spool.run("status").out.contains("critical: the daemon is not running: it was stopped at"))
        try writeStatus(spool)
        #expect(try spool.run("status", "--max-dead", "1", "--max-waiting", "4").status == 0)
        #expect(try spool.run("status", "--max-dead", "0").status == 1)
        #expect(try spool.run("status", "--max-age", "1m,1h").status == 2)
        #expect(try spool.run("status", "--max-age", "3650d").status == 0)
        #expect(try spool.run("status", "--max-age", "1h", "--quick").status == 64)
        #expect(try spool.run("status", "--max-dead", "2,1").status == 64)
        try spool.put("", "pause.relay.main")
        #expect(try spool.run("status").status == 1)
        try writeStatus(
            spool, ",\"relays\":[{\"name\":\"\\u001b[2J\",\"breaker\":\"open\",\"reason\":\"\\u001b[31m\"}]")
        for words in [["status"], ["status", "--json"], ["top", "--once"]] {
            let ran = try spool.outspool.run(words)
            #expect(isHarmless(ran.out), "\(words)")
            #expect(ran.out.lowercased().contains("1b}[2j") || ran.out.contains("\\u001b[2J"), "\(words): \(ran.out)")
        }
    }

    @Test("status and top tell how far a relay's quotas are used up")
    func quotas() throws {
        let spool = try Fixture()
        try writeStatus(
            spool,
            #","relays":[{"name":"main","breaker":"closed","connections":1,"limit":10,"quotas":["#
                + #"{"limit":50,"unit":"h","used":3},{"limit":5,"unit":"d","used":5,"nextRoom":"2026-11-25T12:24:00Z"}]}]"#
        )
        for words in [["status"], ["top", "--once"]] {
            let lines = try spool.outspool.run(words).lines.filter { $0.hasPrefix("quota ") }
            #expect(
                lines.map { $0.drop { $0 != "m" } } == [
                    "main: 3 of 50/h", "main: 5 of 5/d, used up until 2026-11-25T12:24:00Z",
                ])
        }
        #expect(
            try spool.run("status", "--json").out.contains(
                #"{"limit":5,"unit":"d","used":5,"nextRoom":"2026-11-25T12:24:00Z"}"#))
    }

    @Test(
        "top draws, follows the terminal's size, and gives it back",
        .enabled(if: Machine.program("python3") != nil, "needs python3"), arguments: ["q", "TERM", "^C"])
    func top(ending: String) throws {
        let spool = try Fixture()
        try fill(spool)
        try writeStatus(spool)
        // Waits for the first picture, makes the terminal small, waits for another, moves a job, waits to see it, ends.
        let script = """
            import fcntl, os, pty, select, signal, struct, sys, termios, time
            command, spool, ending = sys.argv[1:4]
            pid, fd = pty.fork()
            if pid == 0:
                os.execve(command, [command, "top"], {"OUTSPOOL_SPOOL": spool, "TERM": "xterm"})
            seen = b""
            def wait(text):
                global seen
                end = time.time() + 20
                while text not in seen:
                    if time.time() > end: sys.exit("waited for " + repr(text) + " in " + repr(seen[-3000:]))
                    if select.select([fd], [], [], 0.2)[0]: seen += os.read(fd, 65536)
            wait(b"retry 3")
            before = termios.tcgetattr(fd)[3] & termios.ICANON
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
            seen = b""
            wait(b"retry 3")
            lines = seen.split(b"\\x1b[H")[-1].split(b"\\r\\n")
            os.rename(spool + "/retry/01-30s/r1", spool + "/hold/r1")
            wait(b"hold: 451")
            wait(b"hold 1")
            if ending == "q": os.write(fd, b"q")
            elif ending == "^C": os.write(fd, b"\\x03")
            else: os.kill(pid, signal.SIGTERM)
            wait(b"\\x1b[?25h\\x1b[?1049l")
            _, status = os.waitpid(pid, 0)
            after = termios.tcgetattr(fd)[3] & termios.ICANON
            print(os.waitstatus_to_exitcode(status), before == 0, after != 0)
            """
        let ran = try Program("/usr/bin/env").run(["python3", "-c", script, spool.outspool.path, spool.spool, ending])
        #expect(ran.out == "0 True True\n", "\(ran.err)")
    }

    @Test("Files that wait untouched are a warning each, and what lies in drop boxes is counted")
    func untouched() throws {
        let spool = try Fixture()
        try writeStatus(spool, #","stopped":25,"stoppedFiles":["new/a: no","new/b: no","new/c: no","new/d: no"]"#)
        try Program.shell(
            "mkdir -p '\(spool.spool)/drop/shop/new' && touch '\(spool.spool)/drop/shop/new/'{a,b,c} 2>&1")
        try spool.put("{}", "drop/shop/new/a")
        let ran = try spool.run("status")
        #expect(ran.status == 1)
        for text in ["it waits untouched: new/c: no", "files that wait untouched: 25", "boxes    shop: "] {
            #expect(ran.out.contains(text), "\(ran.out)")
        }
        #expect(!ran.out.contains("new/d"))
        let json = try JSON(parsing: try spool.run("status", "--json").out).object
        #expect(json?["boxes"]?.object?["shop"]?.int != nil && json?["daemon"]?.object?["stopped"] == 25)
        #expect(try spool.run("doctor", "--no-relays").out.contains("21 files more, see the log"))
    }

    @Test("Without a terminal top is one picture")
    func once() throws {
        let spool = try Fixture()
        try fill(spool)
        try writeStatus(spool)
        let ran = try spool.run("top")
        #expect(ran.status == 0)
        #expect(ran.out.contains("new 1  cur 0  retry 3  scheduled 0  hold 0  dead 1  done 0"))
        #expect(isHarmless(ran.out))
        for line in ran.lines { #expect(line.count <= 80) }
    }
}
