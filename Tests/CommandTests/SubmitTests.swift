import Foundation
import JSON
import Scratch
import Testing

@Suite("outspool submit", .serialized, .ownThreads)
struct SubmitTests {
    @Test("Prints the id, alone, of a job that is in new/")
    func submits() throws {
        let spool = try Fixture()
        let ran = try spool.run(
            "submit", "order-shipped", "--to", "Zoë <zoe@example.com>", "-p", "carrier=DHL", "-p", "orderId:=1042")
        #expect(ran.status == 0)
        #expect(ran.err == "")
        #expect(ran.lines == (try spool.list("new")))
        #expect(ran.out.hasSuffix("\n"))
        #expect(
            try spool.read("new/\(ran.lines[0])")
                == #"{"template":"order-shipped","params":{"carrier":"DHL","orderId":1042},"to":"Zoë <zoe@example.com>"}"#
                + "\n")
        #expect(try spool.list("tmp") == [])
    }

    @Test("Every option has its field")
    func options() throws {
        let spool = try Fixture()
        let ran = try spool.run(
            "submit", "--to=a@x", "--to", "b@x", "--cc", "c@x", "--bcc", "d@x", "--from", "f@x", "--reply-to", "r@x",
            "--locale",
            "de-AT", "--id", "key", "--priority", "bulk", "--send-at", "2026-11-23T18:44:11+01:00", "--expires-at",
            "2099-11-24T00:00:00Z", "--tag", "t", "--tag", "u", "--header", "X-A: b: c ", "-pk=v=w", "-p", "e=", "-p",
            "j:=[1.50,null]", "--",
            "x")
        #expect(ran.status == 0)
        #expect(ran.out == "key\n")
        #expect(
            try spool.read("new/key")
                == #"{"template":"x","params":{"k":"v=w","e":"","j":[1.50,null]},"to":["a@x","b@x"],"cc":"c@x","bcc":"d@x","from":"f@x","replyTo":"r@x","locale":"de-AT","priority":"bulk","headers":{"X-A":"b: c"},"sendAt":"2026-11-23T18:44:11+01:00","expiresAt":"2099-11-24T00:00:00Z","tags":["t","u"]}"#
                + "\n")
    }

    @Test("Parameters and whole jobs from files and standard input; a job's bytes are kept")
    func files() throws {
        let spool = try Fixture()
        let params = try spool.scratch.write(#"{"a": 1.0}"#, to: "params")
        #expect(try spool.run("submit", "x", "--params", params, "--id", "a").out == "a\n")
        #expect(try spool.object("a") == ["template": "x", "params": ["a": .number(.init(text: "1.0"))]])
        let text = "{\n  \"template\" : \"x\",\"x-mine\":1}"
        #expect(try spool.run("submit", "--job", "-", "--id", "b", input: text).out == "b\n")
        #expect(try spool.read("new/b") == text)
    }

    @Test(
        "The same job under its id is success, said on standard error; another job is refused, wherever the first one is",
        arguments: ["new", "retry/03-2m", "dead", "cur/main", "done/2026-11-23"])
    func alreadyQueued(state: String) throws {
        let spool = try Fixture()
        try spool.run("submit", "x", "--id", "k", "-p", "a=1", "-p", "b=2")
        if state != "new" {
            try FileManager.default.createDirectory(
                atPath: spool.spool + "/" + state, withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: spool.spool + "/new/k", toPath: spool.spool + "/\(state)/k")
        }
        let again = try spool.run("submit", "x", "--id", "k", "-p", "b=2", "-p", "a=1")
        #expect(again.status == 0 && again.out == "k\n" && again.err == "outspool: k is already queued\n")
        let other = try spool.run("submit", "y", "--id", "k")
        #expect(other.status == 65 && other.out == "")
        #expect(other.err == "outspool: k: another job of that id is in \(state); a new job needs a new id\n")
        let line = #"{"id":"k","job":{"template":"y"}}"#
        #expect(try spool.run("submit", "--batch", "-", input: line).status == 65)
        #expect(try spool.list("new").count == (state == "new" ? 1 : 0))
    }

    @Test(
        "What is wrong is one line and a status of sysexits(3), and queues nothing",
        arguments: [
            (["submit"], "", 64), (["submit", "x", "y"], "", 64), (["submit", "x", "--too", "a@b"], "", 64),
            (["submit", "x", "--to"], "", 64), (["submit", "x", "-p", "novalue"], "", 64),
            (["submit", "x", "-p", "=v"], "", 64),
            (["submit", "x", "-p", "a=1", "-p", "a=2"], "", 64), (["submit", "x", "-p", "a:={"], "", 65),
            (["submit", "x", "--id", "a b"], "", 65), (["submit", "x", "--id", "../a"], "", 65),
            (["submit", "x", "--send-at", "tomorrow"], "", 64), (["submit", "x", "--priority", "urgent"], "", 65),
            (["submit", "x", "--header", "nocolon"], "", 64),
            (["submit", "x", "--params", "-", "-p", "a=1"], "{}", 64),
            (["submit", "x", "--params", "-"], "[]", 65), (["submit", "x", "--params", "/nonexistent"], "", 66),
            (["submit", "--job", "-"], "", 65), (["submit", "--job", "-"], "{}", 65),
            (["submit", "--job", "-"], "{\"template\":1}", 65),
            (["submit", "--job", "-"], "{\"template\":\"x\"}\n{\"event\":1}", 65),
            (["submit", "--job", "-", "--to", "a@b"], "{}", 64),
            (["submit", "--job", "/nonexistent"], "", 66), (["submit", "--job", "/"], "", 66),
            (["submt", "x"], "", 64), ([], "", 64),
            (["--nonsense"], "", 64), (["--spool", "/nonexistent", "submit", "x"], "", 69),
            (["submit", "x", "--config"], "", 64), (["submit", "x", "--to", "zoe"], "", 65),
            (["submit", "x", "--to", "a@example.com,b@example.com"], "", 65),
            (["submit", "--job", "-"], "{\"template\":\"x\",\"to\":[\"a@b\",7]}", 65),
        ] as [([String], String, Int32)])
    func refuses(arguments: [String], input: String, status: Int32) throws {
        let spool = try Fixture()
        let ran = try spool.outspool.run(arguments, input: input)
        #expect(ran.status == status)
        #expect(ran.out == "")
        #expect(ran.err.hasPrefix("outspool: "))
        #expect(ran.err.filter { $0 == "\n" }.count == 1)
        #expect(try spool.list("new") == [])
        #expect(try spool.list("tmp") == [])
    }

    @Test(
        "Slips are recognised",
        arguments: [
            (["submt"], "submit"), (["lss"], "ls"), (["submit", "--tp", "a"], "--to"), (["ls", "--jsn"], "--json"),
        ])
    func slips(arguments: [String], word: String) throws {
        #expect(try Fixture().outspool.run(arguments).err.hasSuffix("did you mean \(word)?\n"))
    }

    @Test("A batch queues the good lines, says the bad ones, and exits 65")
    func batch() throws {
        let spool = try Fixture()
        try spool.run("submit", "x", "--id", "old")
        let ran = try spool.run(
            "submit", "--batch", "-",
            input: """
                {"template":"a"}
                {"id":"two","job":{"template":"b"}}

                not json
                {"id":"old","job":{"template":"c"}}
                {"template":"d","unknown":1}
                {"id":"a b","job":{"template":"e"}}
                {"id":"f","job":{"template":"f"},"extra":1}
                {"template":"g","x-id":"free"}
                """)
        #expect(ran.status == 65)
        #expect(ran.lines.count == 3)
        #expect(ran.lines[1] == "two")
        #expect(Set(ran.lines + ["old"]) == Set(try spool.list("new")))
        #expect(try spool.object(ran.lines[0]) == ["template": "a"])
        #expect(try spool.object(ran.lines[2]) == ["template": "g", "x-id": "free"])
        let said = ran.err.split(separator: "\n").map { $0.dropFirst(10).prefix { $0 != ":" } }
        #expect(said == ["line 4", "line 5", "line 6", "line 7", "line 8"])
    }

    @Test("A batch comes through a FIFO, too, whose writer takes its time", arguments: ["jobs", "<(cat jobs)"])
    func fifo(_ file: String) throws {
        let spool = try Fixture()
        // A process more before anything is written: who does not wait for it finds nothing, or an error.
        let script = """
            cd '\(spool.scratch.path)'; mkfifo jobs
            '\(spool.outspool.path)' submit --batch \(file) & pid=$!
            exec 3> jobs; echo '{"template":"x","to":"a@b"}' | cat >&3; exec 3>&-
            wait $pid
            """
        var shell = Program("/bin/bash")
        shell.environment = spool.outspool.environment
        let ran = try shell.run(["-c", script])
        #expect(ran.err == "")
        #expect(ran.status == 0)
        #expect(ran.lines == (try spool.list("new")))
        #expect(ran.lines.count == 1)
    }

    @Test("A long batch, all in order")
    func longBatch() throws {
        let spool = try Fixture()
        let input = (0..<600).map { "{\"id\":\"j\($0)\",\"job\":{\"template\":\"x\"}}\n" }.joined()
        let ran = try spool.run("submit", "--batch", "-", input: input)
        #expect(ran.status == 0)
        #expect(ran.lines == (0..<600).map { "j\($0)" })
        #expect(try spool.list("new").count == 600)
    }

    @Test("A result that cannot be written is a failure")
    func fullOutput() throws {
        let spool = try Fixture()
        for arguments in [["submit", "x"], ["ls"], ["--help"], ["--version"], ["init", spool.scratch.path("other")]] {
            let ran = try spool.outspool.run(arguments, output: "/dev/full")
            #expect(ran.status == 74, "\(arguments)")
            let queued = arguments[0] == "submit" ? "; the job is queued, as \(try spool.list("new")[0])" : ""
            #expect(ran.err == "outspool: standard output: No space left on device\(queued)\n")
        }
        #expect(
            try Program.shell("OUTSPOOL_SPOOL='\(spool.spool)' '\(spool.outspool.path)' submit x >&- 2>/dev/null")
                .status == 74)
        for name in try spool.list("new") { #expect(try spool.read("new/\(name)") == "{\"template\":\"x\"}\n") }
    }

    @Test("The configuration says where the spool is, unless it is said otherwise")
    func location() throws {
        let spool = try Fixture()
        try spool.scratch.write(
            "# a comment\n\ntemplates = t\nspool = spool \n[relay main]\nspool = elsewhere\n", to: "outspool.conf")
        var bare = Program(spool.outspool.path)
        let file = spool.scratch.path("outspool.conf")
        #expect(try bare.run(["--config", file, "submit", "x", "--id", "a"]).status == 0)
        #expect(try bare.run(["submit", "--config=\(file)", "x", "--id", "b"]).status == 0)
        bare.environment["OUTSPOOL_CONFIG"] = file
        #expect(try bare.run(["submit", "x", "--id", "c"]).status == 0)
        #expect(try bare.run(["--spool", "/nonexistent", "submit", "x"]).status == 69)
        #expect(try bare.run(["--config", "/nonexistent", "submit", "x"]).status == 78)
        #expect(try spool.list("new") == ["a", "b", "c"])
    }
}
