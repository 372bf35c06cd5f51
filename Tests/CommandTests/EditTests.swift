import Foundation
import Scratch
import Testing

@Suite("outspool edit", .serialized, .ownThreads)
struct EditTests {
    private static let object = #"{"template":"hello","to":"a@x","params":{"n":1.50}}"# + "\n"
    private static let history =
        #"{"at":"2026-11-23T17:44:11Z","event":"deferred","attempt":1,"to":"a@x","code":451,"reply":"Later"}"# + "\n"

    /// Runs `edit` with a script of the shell as the editor; the file is `$1`.
    private func edit(_ spool: Fixture, _ script: String, _ words: String..., as user: (id: Int, group: Int)? = nil)
        throws -> Ran
    {
        let editor = try spool.scratch.write("#!/bin/sh\n\(script)\n", to: "editor")
        try Program.shell("chmod 755 '\(editor)' && mkdir -p -m 1777 '\(spool.scratch.path)/temporary'")
        var program = spool.outspool.with("VISUAL", editor).with("TMPDIR", spool.scratch.path("temporary"))
        program.user = user
        return try program.run(["edit"] + words)
    }

    private func place(_ spool: Fixture) throws -> [String] {
        try Program.shell("cd '\(spool.spool)' && find . -type f | sort").lines.map { String($0.dropFirst(2)) }
    }

    @Test(
        "The object changes; history, mode, mtime and place do not",
        arguments: ["retry/03-2m/k", "new/k", "hold/k", "dead/k"])
    func changes(name: String) throws {
        let spool = try Fixture()
        try spool.put(Self.object + Self.history, name)
        try Program.shell("cd '\(spool.spool)' && chmod 640 \(name) && touch -d '2026-11-24 00:00:00.5 UTC' \(name)")
        let ran = try edit(spool, "sed -i s/a@x/b@y/ \"$1\"", "k")
        #expect(ran.status == 0, "\(ran.err)")
        #expect(try place(spool) == [name])
        let text = try spool.read(name)
        #expect(text.contains(#""to": "b@y""#))
        #expect(text.contains(#""n": 1.50"#))
        #expect(text.hasSuffix("}\n" + Self.history))
        #expect(try spool.scratch.mode("spool/" + name) == 0o640)
        #expect(try Program.shell("stat -c %y '\(spool.spool)/\(name)' | grep -c '00:00:00.5'").out == "1\n")
        #expect(try spool.scratch.list("temporary") == [])
    }

    @Test(
        "A text that was not changed, and an editor that fails, leave the file alone",
        arguments: [("true", 0), ("exit 3", 69)])
    func unchanged(script: String, status: Int32) throws {
        let spool = try Fixture()
        try spool.put(Self.object + Self.history, "retry/03-2m/k")
        #expect(try edit(spool, script, "k").status == status)
        #expect(try place(spool) == ["retry/03-2m/k"])
        #expect(try spool.read("retry/03-2m/k") == Self.object + Self.history)
    }

    @Test(
        "What is no job stays in hold/ as it was, and the text is kept",
        arguments: [
            "echo '{' > \"$1\"", "sed -i s/template/nonsense/ \"$1\"", "echo '{\"template\":\"a\"} x' > \"$1\"",
            ": > \"$1\"",
        ])
    func invalid(script: String) throws {
        let spool = try Fixture()
        try spool.put(Self.object + Self.history, "new/k")
        let ran = try edit(spool, script, "k")
        #expect(ran.status == 65)
        #expect(ran.err.contains("k is in hold/, unchanged; what you wrote is in \(spool.scratch.path("temporary"))"))
        #expect(try place(spool) == ["hold/k"])
        #expect(try spool.read("hold/k") == Self.object + Self.history)
        #expect(try spool.scratch.list("temporary").count == 1)
    }

    @Test("On a terminal a bad text can be mended", .enabled(if: Machine.program("python3") != nil, "needs python3"))
    func again() throws {
        let spool = try Fixture()
        try spool.put(Self.object, "new/k")
        let editor = try spool.scratch.write(
            "#!/bin/sh\nif grep -q nonsense \"$1\"; then sed -i s/nonsense/template/ \"$1\"; else sed -i 's/template/nonsense/; s/a@x/b@y/' \"$1\"; fi\n",
            to: "editor")
        try Program.shell("chmod 755 '\(editor)'")
        let script = """
            import os, pty, sys
            asked = [False]
            def read(fd):
                data = os.read(fd, 1024)
                if b"Edit again" in data and not asked[0]:
                    asked[0] = True
                    os.write(fd, b"y\\n")
                return data
            sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
            """
        let ran = try Program("/usr/bin/env").with("OUTSPOOL_SPOOL", spool.spool).with("VISUAL", editor).run([
            "python3", "-c", script, spool.outspool.path, "edit", "k",
        ])
        #expect(ran.status == 0, "\(ran.out)")
        #expect(try spool.read("new/k").contains("b@y"))
    }

    @Test("A job that somebody else moves or changes meanwhile is theirs")
    func races() throws {
        let spool = try Fixture()
        try spool.put(Self.object, "new/k")
        let moved = try edit(spool, "mv '\(spool.spool)/hold/k' '\(spool.spool)/dead/'; sed -i s/a@x/b@y/ \"$1\"", "k")
        #expect(moved.status == 75)
        #expect(try place(spool) == ["dead/k"])
        #expect(try spool.read("dead/k") == Self.object)
        let changed = try edit(spool, "echo x >> '\(spool.spool)/hold/k'; sed -i s/a@x/b@y/ \"$1\"", "k")
        #expect(changed.status == 75)
        #expect(try place(spool) == ["hold/k"])
        #expect(try spool.read("hold/k") == Self.object + "x\n")
    }

    @Test("A job of a time to come waits for the one that it is given")
    func scheduled() throws {
        let spool = try Fixture()
        try spool.put(
            #"{"template":"hello","to":"a@x","sendAt":"2126-11-23T17:44:11Z"}"# + "\n"
                + #"{"at":"2026-11-23T17:44:11Z","event":"scheduled","next":"2126-11-23T17:44:11Z"}"# + "\n",
            "scheduled/k")
        #expect(try edit(spool, "sed -i s/2126/2127/ \"$1\"", "k").status == 0)
        #expect(
            try Program.shell("TZ=UTC stat -c %y '\(spool.spool)/scheduled/k'").out.hasPrefix("2127-11-23 17:44:11"))
    }

    @Test("--keep leaves it in hold/, and a dead letter that is no job can be made one")
    func kept() throws {
        let spool = try Fixture()
        try spool.put("{oops\n" + #"{"at":"2026-11-23T17:44:11Z","event":"dead","reason":"not JSON"}"# + "\n", "dead/k")
        #expect(try edit(spool, "echo '{\"template\":\"a\"}' > \"$1\"", "--keep", "k").status == 0)
        #expect(
            try spool.read("hold/k")
                == "{\"template\":\"a\"}\n" + #"{"at":"2026-11-23T17:44:11Z","event":"dead","reason":"not JSON"}"#
                + "\n")
    }

    @Test("Root's edit leaves the file to its owner", .enabled(if: Machine.isRoot, "needs root"))
    func owner() throws {
        let spool = try Fixture()
        try spool.put(Self.object, "hold/k")
        try Program.shell("chown -R 65534:65534 '\(spool.spool)'")
        #expect(try edit(spool, "sed -i s/a@x/b@y/ \"$1\"", "k").status == 0)
        #expect(try Program.shell("stat -c %u:%g '\(spool.spool)/hold/k'").out == "65534:65534\n")
    }

    /// The first rename holds the job, the second swaps the files, the third puts it back; the unlink clears the old
    /// file.
    @Test(
        "Killed at any of its steps, edit leaves one whole job",
        .enabled(if: Machine.program("strace") != nil, "needs strace"),
        arguments: [
            "renameat2:signal=SIGKILL:when=1", "renameat2:signal=SIGKILL:when=2", "renameat2:signal=SIGKILL:when=3",
            "fsync:signal=SIGKILL:when=1", "fsync:error=ENOSPC:when=1", "renameat2:error=EIO:when=2",
        ])
    func killed(injection: String) throws {
        let spool = try Fixture()
        try spool.put(Self.object + Self.history, "retry/03-2m/k")
        let editor = try spool.scratch.write("#!/bin/sh\nsed -i s/a@x/b@y/ \"$1\"\n", to: "editor")
        try Program.shell("chmod 755 '\(editor)' && mkdir '\(spool.scratch.path)/temporary'")
        let strace = Program(try #require(Machine.program("strace"))).with("OUTSPOOL_SPOOL", spool.spool)
            .with("VISUAL", editor).with("TMPDIR", spool.scratch.path("temporary"))
        let ran = try strace.run(["-o", "/dev/null", "-e", "inject=" + injection, spool.outspool.path, "edit", "k"])
        #expect(ran.status != 0)
        let places = try place(spool).filter { !$0.hasPrefix("tmp/") }
        #expect(places == ["hold/k"] || places == ["retry/03-2m/k"], "\(places)")
        let text = try spool.read(places[0])
        #expect(text.hasSuffix("}\n" + Self.history))
        #expect(text.hasPrefix(Self.object) || text.contains("\"to\": \"b@y\""))
    }
}
