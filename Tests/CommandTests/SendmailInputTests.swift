import Foundation
import JSON
import Scratch
import Testing

@Suite("sendmail: the message and the spool", .serialized, .ownThreads)
struct SendmailInputTests {
    @Test(
        "A dot ends the message, unless -i says otherwise",
        arguments: [
            ([], "x\n.\ny\n", "x\n"), ([], "x\n..\n.y\n", "x\n..\n.y\n"), ([], "x\n.", "x\n"),
            ([], "x\r\n.\r\ny", "x\n"),
            (["-i"], "x\n.\ny\n", "x\n.\ny\n"), (["-oi"], ".\n", ".\n"), ([], ".\nx\n", ""),
            (
                [],
                String(repeating: "z", count: 700) + "\n" + String(repeating: "w\n", count: 40_000) + ".\n" + "tail\n",
                String(repeating: "z", count: 700) + "\n" + String(repeating: "w\n", count: 40_000)
            ),
        ] as [([String], String, String)])
    func dot(words: [String], input: String, body: String) throws {
        let place = try SendmailFixture()
        #expect(try place.run(words + ["a@b"], input: "\n" + input).status == 0)
        #expect(place.message(try place.jobs()[0]) == "To: undisclosed-recipients:;\n\n" + body)
    }

    @Test("A dot ends the reading, too: the caller may keep the pipe open")
    func openPipe() throws {
        let place = try SendmailFixture()
        // The writer waits for a line that sendmail's end brings, not for a time.
        let script = """
            cd '\(place.spool.scratch.path)'; mkfifo in done
            ./sendmail a@b < in & pid=$!
            exec 3> in; printf 'Subject: s\\n\\nx\\n.\\n' >&3
            wait $pid; echo $?
            """
        var shell = Program("/bin/sh")
        shell.environment = place.program().environment
        #expect(try shell.run(["-c", script]).out == "0\n")
        #expect(try place.jobs().count == 1)
    }

    @Test("Bytes that are not UTF-8 are queued as they are")
    func latin1() throws {
        let place = try SendmailFixture()
        let script =
            "printf 'To: a@b\\nSubject: h\\351llo\\n\\nna\\357ve\\n' | '\(place.spool.scratch.path)/sendmail' -t -F 'J\u{F6}rg'"
        var shell = Program("/bin/sh")
        shell.environment = place.program().environment
        #expect(try shell.run(["-c", script]).status == 0)
        let job = try #require(try place.jobs().first?.object)
        let text = try #require(job["message"]?.object?["base64"]?.string)
        let bytes = try #require(Data(base64Encoded: text))
        #expect(String(data: bytes, encoding: .isoLatin1) == "To: a@b\nSubject: h\u{E9}llo\n\nna\u{EF}ve\n")
        #expect(job["from"]?.object?["name"] == "J\u{F6}rg")
    }

    @Test("The author is added where the message names none, and only there")
    func author() throws {
        let place = try SendmailFixture()
        try place.run(["-F", "Cron Daemon", "-f", "cron@x", "a@b"])
        #expect(try place.jobs()[0].object?["from"] == ["email": "cron@x", "name": "Cron Daemon"])
        try place.run(["-F", "Cron Daemon", "-f", "cron@x", "a@b"], input: "From: other@x\n\n")
        #expect(try place.jobs().filter { $0.object?["from"] == nil }.count == 1)
        try place.run(["-f", "", "null@b"])
        #expect(
            try place.jobs().contains { $0.object?["from"] == ["email": .string("MAILER-DAEMON@\(place.origin)")] })
    }

    @Test("Who calls is who the number says; the environment helps where it cannot", .enabled(if: Machine.isRoot))
    func caller() throws {
        let place = try SendmailFixture()
        try place.spool.run("dropbox", "add", "local")
        func sender(_ user: Int, _ environment: [String: String]) throws -> String {
            var program = place.program().as(user: user, group: 65534)
            for (name, value) in environment { program = program.with(name, value) }
            let ran = try program.run(["a@b"], input: "x")
            #expect(ran.status == 0, "\(ran)")
            let id = try #require(try place.spool.list("drop/local/new").last)
            let job = try JSON(parsing: try place.spool.read("drop/local/new/\(id)"))
            try FileManager.default.removeItem(atPath: place.spool.spool + "/drop/local/new/\(id)")
            return String(place.envelope(job).split(separator: " ")[0])
        }
        #expect(try sender(65534, [:]) == "nobody@")
        #expect(try sender(65534, ["LOGNAME": "root", "USER": "zoe"]) == "nobody@")
        #expect(try sender(47_111, [:]) == "uid47111@")
        #expect(try sender(47_111, ["USER": "zoe"]) == "zoe@")
        #expect(try sender(47_111, ["LOGNAME": "a b", "USER": "DOMAIN\\zoe"]) == "\"DOMAIN\\\\zoe\"@")
    }

    @Test(
        "Below a set-user-id program the caller is who started it, and their environment names no files",
        .enabled(if: Machine.isRoot && Machine.program("python3") != nil, "needs root and python3"))
    func elevated() throws {
        let place = try SendmailFixture()
        let path = place.spool.scratch.path
        let secret = try place.spool.scratch.write("secret words\n", to: "secret")
        let script = """
            import os, sys
            os.setresuid(65534, 0, 0)
            os.execve("\(path)/sendmail", ["sendmail", "-v", "a@b"],
                      {"OUTSPOOL_CONFIG": "\(secret)", "OUTSPOOL_SPOOL": "\(path)/none"})
            """
        // The default spool, in a namespace of its own.
        let ran = try Program.shell(
            """
            exec unshare -m sh -c 'mkdir -p "$0/var/outspool" && mount --bind "$0/spool" "$0/var/outspool" &&
              mount --rbind "$0/var" /var/spool && { [ ! -d /etc/outspool ] || mount -t tmpfs none /etc/outspool; } &&
              echo x | python3 -c "$1"' '\(path)' '\(script)'
            """)
        #expect(ran.status == 0 && !ran.err.contains("secret"), "\(ran)")
        #expect(place.envelope(try #require(try place.jobs().first)) == "nobody@ a@b")
    }

    @Test("What the site cannot do now is temporary, and said", .enabled(if: Machine.isRoot))
    func temporary() throws {
        let place = try SendmailFixture()
        let stranger = place.program().as(user: 65533, group: 65533)
        let shut = try stranger.run(["a@b"], input: "x")
        #expect(shut.status == 75 && shut.err.contains("Permission denied") && shut.err.contains("dropbox add local"))
        #expect(try place.program().with("OUTSPOOL_SPOOL", place.spool.spool + "/none").run(["a@b"]).status == 75)
        let config = try place.spool.scratch.write("no equals sign\n", to: "bad.conf")
        let broken = try place.program().with("OUTSPOOL_CONFIG", config).run(["a@b"])
        #expect(broken.status == 75 && broken.err.contains("bad.conf:1"), "\(broken)")
        // A tiny filesystem that is full: nothing is queued and nothing is left.
        let full = try Program.shell(
            """
            exec unshare -m sh -c 'mount -t tmpfs -o size=64k none "$0/spool/tmp" 2>&1 &&
              OUTSPOOL_SPOOL="$0/spool" head -c 300000 /dev/zero | tr "\\0" x | OUTSPOOL_SPOOL="$0/spool" "$0/sendmail" a@b 2>&1
              echo $?; ls "$0/spool/tmp"' '\(place.spool.scratch.path)'
            """)
        #expect(full.lines.last == "75" && full.out.contains("No space left"), "\(full)")
        #expect(try place.spool.list("new") == [])
    }

    @Test("A message over max_job_size is the message's fault")
    func tooLarge() throws {
        let place = try SendmailFixture()
        let config = try place.spool.scratch.write("max_job_size = 2000\nhostname = mail.example\n", to: "small.conf")
        let program = place.program().with("OUTSPOOL_CONFIG", config)
        // Each of these newlines is two bytes in JSON.
        for input in [String(repeating: "x", count: 3000), String(repeating: "x\n", count: 900)] {
            let ran = try program.run(["root"], input: input)
            #expect(ran.status == 65 && ran.err == "sendmail: the message is too large: a job has at most 2000 bytes\n")
        }
        #expect(try place.spool.list("new") == [])
        #expect(try program.run(["root"], input: "x").status == 0)
        let hasMailName = FileManager.default.fileExists(atPath: "/etc/mailname")
        let job = try place.jobs()[0]
        #expect(place.envelope(job).hasSuffix(hasMailName ? " root@" : " root@mail.example"))
    }

    @Test("An address that cannot be read costs that address, and the sender gets a notice")
    func unreadable() throws {
        let place = try SendmailFixture()
        let ran = try place.run(
            ["-t", "-v", "-f", "shop@x.example"], input: "To: good@b, no@b..c, [Shop] News <c@d>\nBcc: e@f..g\n\nx\n")
        #expect(ran.status == 0 && ran.err.contains("\"no@b..c\"") && ran.err.contains("\"e@f..g\""), "\(ran)")
        let jobs = try place.jobs()
        #expect(Set(jobs.map(place.envelope)) == ["shop@x.example good@b c@d", "<> shop@x.example"])
        let notice = jobs.compactMap { $0.object?["text"]?.string }.joined()
        #expect(
            notice.contains("\"no@b..c\"") && notice.contains("\"e@f..g\"")
                && notice.contains(ran.lines[0].suffix(27)))
        // From the null sender nobody can be told, and without a recipient nothing is sent.
        let null = try SendmailFixture()
        #expect(try null.run(["-t", "-f", "", "a@b"], input: "To: no@b..c\n\n").status == 0)
        #expect(try null.jobs().map(null.envelope) == ["<> a@b"])
        let none = try SendmailFixture()
        #expect(try none.run(["-t"], input: "To: no@b..c\n\n").status == 65)
        #expect(try none.jobs() == [])
    }
}
