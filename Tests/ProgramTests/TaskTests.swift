import Foundation
import Scratch
import Testing

/// Tasks on a live daemon: what a program gets, and what becomes of its job.
@Suite("Tasks", .serialized, .ownThreads)
struct TaskTests {
    @Test("A program gets its parameters, its environment and its place; its job is done")
    func done() throws {
        let place = try Workplace()
        try place.task(
            "picture",
            "cat > ../../in; env > ../../env; pwd > ../../pwd; echo working >&2; echo all well >&2; echo; exit 0",
            conf: "timeout = 1h")
        try place.write("templates/picture/schema.json", #"{"properties":{"key":{"type":"string","writeOnly":true}}}"#)
        try place.configure(port: 9)
        let daemon = try place.daemon()
        try place.ask("picture", params: #"{"key":"sesame","width":1.50}"#)
        try place.wait(for: "picture", in: "done")
        #expect(place.text(place.root.appending(path: "in")) == #"{"key":"sesame","width":1.50}"# + "\n")
        let environment = place.text(place.root.appending(path: "env")).split(separator: "\n").map(String.init)
        for wanted in [
            "OUTSPOOL_ID=picture", "OUTSPOOL_TEMPLATE=picture", "OUTSPOOL_ATTEMPT=1", "OUTSPOOL_PROGRESS_FD=3",
            "OUTSPOOL_SPOOL=\(place.spool.path)",
        ] { #expect(environment.contains(wanted), "\(wanted)") }
        let deadline = try #require(environment.first { $0.hasPrefix("OUTSPOOL_DEADLINE=") }).dropFirst(18)
        let left = try #require(ISO8601DateFormatter().date(from: String(deadline))).timeIntervalSinceNow
        #expect((3500...3600).contains(left))
        let folder = place.root.appending(path: "templates/picture").resolvingSymlinksInPath().path
        #expect(place.text(place.root.appending(path: "pwd")) == folder + "\n")
        #expect(try place.events("picture") == ["running", "done"])
        #expect(try place.last("picture")["reply"] as? String == "all well")
        #expect(try place.history("picture")[0]["submitted"] != nil)
        // Secrets are masked, as a mail's are.
        #expect(!place.text(try place.file("picture")).contains("sesame"))
        daemon.stop()
        #expect(place.log.contains("picture: task=picture, attempt=1, delay="))
        #expect(place.log.contains("status=done (all well)"))
    }

    @Test(
        "The exit status decides",
        arguments: [
            ("exit 75", "retry/01-30s", "deferred", "exit status 75 (EX_TEMPFAIL)"),
            ("exit 1", "retry/01-30s", "deferred", "exit status 1"),
            ("exit 78", "retry/01-30s", "deferred", "exit status 78 (EX_CONFIG)"),
            ("kill -11 $$", "retry/01-30s", "deferred", "ended by signal 11 (SIGSEGV)"),
            ("exit 65", "dead", "dead", "exit status 65 (EX_DATAERR)"),
            ("exit 77", "dead", "dead", "exit status 77 (EX_NOPERM)"),
        ])
    func statuses(script: String, state: String, word: String, reason: String) throws {
        let place = try Workplace()
        try place.task("work", "echo 'no luck' >&2\n\(script)")
        try place.configure(port: 9)
        _ = try place.daemon()
        try place.ask("work")
        try place.wait(for: "work", in: state)
        #expect(try place.events("work") == ["running", word])
        let last = try place.last("work")
        #expect(last["attempt"] as? Int == 1)
        #expect(last["reason"] as? String == reason)
        #expect(last["reply"] as? String == "no luck")
        #expect((last["next"] != nil) == (word == "deferred"))
    }

    @Test("Each failure climbs a bucket; a dead one that the operator retries begins anew; a done one is not run again")
    func buckets() throws {
        let place = try Workplace()
        try place.task(
            "work", "echo $OUTSPOOL_ATTEMPT >> ../../runs; cat ../../status > /dev/null && exit $(cat ../../status)")
        try place.write("status", "75")
        try place.configure(port: 9)
        _ = try place.daemon()
        try place.ask("work")
        try place.wait(for: "work", in: "retry/01-30s")
        #expect(try place.outspool("retry", "work").status == 0)
        try place.wait(for: "work", in: "retry/02-1m")
        try place.write("status", "65")
        #expect(try place.outspool("retry", "work").status == 0)
        try place.wait(for: "work", in: "dead")
        try place.write("status", "0")
        #expect(try place.outspool("retry", "work").status == 0)
        try place.wait(for: "work", in: "done")
        #expect(place.text(place.root.appending(path: "runs")) == "1\n2\n3\n1\n")
        let file = try place.file("work")
        try FileManager.default.moveItem(at: file, to: place.spool.appending(path: "new/work"))
        try place.wait(for: "work", in: "done")
        #expect(place.text(place.root.appending(path: "runs")) == "1\n2\n3\n1\n")
    }

    @Test("A job that is none for its task, or for none that there is, says so")
    func misfits() throws {
        let place = try Workplace()
        try place.task("work", "exit 0")
        try place.write("templates/work/schema.json", #"{"required":["size"]}"#)
        try place.configure(port: 9)
        _ = try place.daemon()
        try place.ask("work", "addressed", params: #"{"size":1}"#, #","to":"a@example.com""#)
        try place.ask("work", "small")
        try place.wait(for: "addressed", in: "dead")
        try place.wait(for: "small", in: "dead")
        #expect((try place.last("addressed")["reason"] as? String)?.contains("/to: does not belong") == true)
        #expect((try place.last("small")["reason"] as? String)?.contains("do not fit work") == true)
        // The command judges as the daemon does.
        let config = place.configuration.path
        #expect(
            try place.outspool("--config", config, "submit", "work", "--to", "a@example.com", "-p", "size:=1").status
                == 65)
        #expect(try place.outspool("--config", config, "preview", "work").err.contains("is a task"))
    }

    @Test("A program that cannot be started blocks its jobs, until it is mended")
    func blocked() throws {
        let place = try Workplace()
        try place.task("work", "exit 0")
        try place.allowRunning("templates/work/run", 0o644)
        try place.task("lost", "exit 0")
        try place.write("templates/lost/run", "#!/nonexistent/interpreter\n")
        try place.allowRunning("templates/lost/run")
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.ask("work")
        try place.ask("lost")
        try place.wait(for: "work", in: "retry/01-30s")
        try place.wait(for: "lost", in: "retry/01-30s")
        #expect((try place.last("work")["reason"] as? String)?.contains("run: not executable (chmod +x)") == true)
        // Nothing ran: no `running` is left, and no attempt.
        #expect(try place.events("lost") == ["blocked"])
        #expect((try place.last("lost")["reason"] as? String)?.contains("No such file or directory") == true)
        #expect(
            try place.outspool("check", "--templates", place.root.appending(path: "templates").path, "work").status
                == 78)
        try place.allowRunning("templates/work/run")
        try place.task("lost", "exit 0")
        try place.wait(for: "work", in: "done")
        try place.wait(for: "lost", in: "done")
        #expect(try place.events("lost") == ["blocked", "running", "done"])
    }

    @Test("A task may submit jobs itself: a thumbnail, then a mail")
    func submits() throws {
        let place = try Workplace()
        let outspool = Program.built("outspool").path
        try place.task(
            "work", "exec '\(outspool)' submit hello --id \"$OUTSPOOL_ID-mail\" --to zoe@example.com -p name=Zoë")
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.ask("work")
        try place.wait(for: "work", in: "done")
        try place.wait(for: "work-mail", in: "done")
        #expect(place.mails().count == 1)
    }

    @Test("A drop box starts the tasks that it was given, and no others, however the job comes back")
    func permission() throws {
        let place = try Workplace()
        try place.task("given", "exit 0")
        try place.task("other", "echo run >> ../../run; exit 0")
        let port = try place.sink()
        try place.configure(port: port)
        let group = try place.run("/usr/bin/id", ["-gn"]).lines[0]
        #expect(try place.outspool("dropbox", "add", "shop", "--group", group).status == 0)
        let daemon = try place.daemon()
        func submit(_ id: String, _ template: String) throws {
            let result = try place.run(
                Program.built("outspool").path, ["submit", template, "--id", id],
                environment: [
                    "OUTSPOOL_SPOOL": place.spool.appending(path: "drop/shop").path, "OUTSPOOL_CONFIG": "/nonexistent",
                ])
            #expect(result.status == 0, "\(result.err)")
        }
        // None by default.
        try submit("early", "given")
        try place.wait(for: "early@shop", in: "dead")
        #expect(try place.last("early@shop")["reason"] as? String == "the drop box shop may not ask for the task given")
        try place.configure(
            relays: "[relay main]\nurl = smtp://127.0.0.1:\(port)\ntls = none\n[dropbox shop]\ntasks = given\n")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        try submit("one", "given")
        try submit("two", "other")
        try place.wait(for: "one@shop", in: "done")
        try place.wait(for: "two@shop", in: "dead")
        // The operator's hand gives no permission, the configuration does.
        #expect(try place.outspool("retry", "two@shop", "early@shop").status == 0)
        try place.wait(for: "early@shop", in: "done")
        try place.wait("the second refusal") { try place.events("two@shop") == ["dead", "requeued", "dead"] }
        // What lost its name on the way is still known by its box.
        try place.drop("one@shop", #"{"template":"other","params":{"another":1}}"# + "\n")
        try place.wait("the namesake") { place.names("dead").count == 2 }
        let namesake = try #require(place.names("dead").first { $0 != "two@shop" })
        #expect(namesake.hasSuffix("@shop"))
        #expect(try place.outspool("retry", namesake).status == 0)
        try place.wait("its refusal") {
            try place.names("dead").contains(namesake) && place.events(namesake).count >= 3
        }
        #expect(!FileManager.default.fileExists(atPath: place.root.appending(path: "run").path))
        daemon.stop()
    }

    @Test("Progress is shown while the program runs")
    func progress() throws {
        let place = try Workplace()
        try place.task(
            "work", "printf 'page 1 of 9\\npage 2' >&3; touch ../../told; while [ ! -e ../../go ]; do sleep 0.05; done")
        try place.configure(port: 9)
        let daemon = try place.daemon()
        try place.ask("work")
        try place.wait("the progress") { "\(place.status["tasks"] ?? "")".contains("page 1 of 9") }
        #expect(try place.outspool("show", "work").out.contains("progress: page 1 of 9\n"))
        #expect(try place.outspool("show", "--json", "work").out.contains(#""progress":"page 1 of 9""#))
        #expect(try place.outspool("status").out.contains("work: work for "))
        #expect(try place.outspool("status").out.contains(", page 1 of 9\n"))
        #expect(try place.outspool("top", "--once").out.contains("page 1 of 9"))
        #expect(place.status["tasksRunning"] as? Int == 1)
        try place.write("go", "")
        try place.wait(for: "work", in: "done")
        try place.wait("status.json") { place.status["tasksRunning"] as? Int == 0 }
        #expect(!(try place.outspool("show", "work").out.contains("progress")))
        daemon.stop()
    }

    @Test("There are so many places, for all and for each task, and bulk leaves one to the others")
    func places() throws {
        let place = try Workplace()
        // Each run notes how many there are with it; a directory for each is the counter.
        let body = """
            mkdir ../../now/$OUTSPOOL_ID; ls ../../now | wc -l >> ../../most.$OUTSPOOL_TEMPLATE
            while [ ! -e ../../go.$OUTSPOOL_TEMPLATE ]; do sleep 0.05; done; rmdir ../../now/$OUTSPOOL_ID
            """
        try FileManager.default.createDirectory(
            at: place.root.appending(path: "now"), withIntermediateDirectories: false)
        try place.task("bulky", body, conf: "priority = bulk")
        try place.task("narrow", body, conf: "concurrency = 1")
        try place.configure(port: 9, main: "task_concurrency = 3")
        let daemon = try place.daemon()
        for index in 0..<5 { try place.ask("bulky", "bulky\(index)") }
        try place.wait("two of them to run") { place.names("cur/main").count == 2 }
        for index in 0..<2 { try place.ask("narrow", "narrow\(index)") }
        try place.wait("one more") { place.names("cur/main").count == 3 }
        #expect(place.names("cur/main").filter { $0.hasPrefix("narrow") }.count == 1)
        try place.write("go.narrow", "")
        try place.wait("both") { place.names("done").filter { $0.hasPrefix("narrow") }.count == 2 }
        #expect(place.names("done").count == 2)
        try place.write("go.bulky", "")
        try place.wait("all") { place.names("done").count == 7 }
        let most = ["bulky", "narrow"].flatMap {
            place.text(place.root.appending(path: "most.\($0)")).split(separator: "\n")
        }
        #expect(most.compactMap { Int($0.filter(\.isNumber)) }.max() ?? 9 <= 3)
        daemon.stop()
    }

    @Test("What is paused, scheduled or expired is so for tasks, too; a run ends with its job's time")
    func times() throws {
        let place = try Workplace()
        try place.task("work", "echo run >> ../../run")
        try place.task("slow", "sleep 100", conf: "ttl = 2s\ntimeout = 1h")
        try place.configure(port: 9)
        try place.write("spool/pause.template.work", "")
        _ = try place.daemon()
        try place.ask("work")
        try place.ask("work", "late", #","expiresAt":"2020-01-01T00:00:00Z""#)
        try place.ask("work", "tomorrow", #","sendAt":"2100-01-01T00:00:00Z""#)
        try place.ask("slow")
        try place.wait(for: "late", in: "dead")
        try place.wait(for: "tomorrow", in: "scheduled")
        try place.wait(for: "slow", in: "dead")
        #expect(try place.events("slow") == ["running", "deferred", "expired"])
        #expect(place.names("new") == ["work"])
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause.template.work"))
        try place.wait(for: "work", in: "done")
        #expect(place.text(place.root.appending(path: "run")) == "run\n")
    }

    @Test("The sample task writes its file, tells of it by mail, once, and refuses a month that is not there")
    func sample() throws {
        let place = try Workplace()
        let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../etc/templates/export-orders").standardizedFileURL
        try FileManager.default.copyItem(at: sample, to: place.root.appending(path: "templates/export-orders"))
        try place.configure(port: try place.sink())
        _ = try place.daemon(environment: ["PATH": Program.builtFolder.path + ":/usr/bin:/bin"])
        try place.ask("export-orders", "good", params: #"{"month":"2026-10","to":"zoe@example.com"}"#)
        try place.ask("export-orders", "bad", params: #"{"month":"2020-01","to":"zoe@example.com"}"#)
        try place.wait(for: "good-mail", in: "done")
        try place.wait(for: "good", in: "done")
        try place.wait(for: "bad", in: "dead")
        #expect((try place.last("good")["reply"] as? String)?.hasPrefix("3 rows in ") == true)
        #expect(try place.last("bad")["reply"] as? String == "there are no orders of 2020-01")
        #expect(place.mails().count == 1)
        #expect(place.mails()[0].contains("3 rows"))
    }
}
