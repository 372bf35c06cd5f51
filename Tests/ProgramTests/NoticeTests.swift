import Foundation
import Scratch
import Testing

private let promtool = Machine.program("promtool") ?? ProcessInfo.processInfo.environment["PROMTOOL"]
private let hasParser = Machine.python(with: "prometheus_client") != nil

/// Who is told of what: the metrics file, `notify` and `on_dead`, on a live daemon.
@Suite("Notices", .serialized, .ownThreads)
struct NoticeTests {
    /// A daemon that has sent, deferred and buried something; the metrics file after it has stopped.
    private func worked() throws -> (Workplace, URL) {
        let place = try Workplace()
        let file = place.root.appending(path: "textfile/outspool.prom")
        try place.write("textfile/other.prom", "")
        try place.configure(
            port: try place.sink(
                "--fail", "rcpt(gone@example.com)=550 5.1.1 No such user", "--fail",
                "rcpt(later@example.com)=451 4.7.1 Later"),
            main: "metrics_file = textfile/outspool.prom")
        let daemon = try place.daemon()
        try place.hello("sent")
        try place.hello("gone", to: "gone@example.com")
        try place.hello("later", to: "later@example.com")
        try place.drop("strange", #"{"template":"nosuch","to":"a@example.com"}"#)
        try place.wait(for: "sent", in: "done")
        try place.wait(for: "gone", in: "dead")
        try place.wait(for: "later", in: "retry/01-30s")
        // Nobody tried to send it, and it is dead all the same.
        try place.drop("unaddressed", #"{"template":"hello"}"#)
        try place.wait(for: "unaddressed", in: "dead")
        try place.wait(for: "strange", in: "retry/01-30s")
        try place.wait("the daemon to count") { place.text(file).contains("outspool_jobs{") }
        daemon.stop()
        return (place, file)
    }

    @Test("The metrics file tells what happened, and is whole")
    func metrics() throws {
        let (place, file) = try worked()
        let samples = place.samples(file)
        #expect(samples["outspool_jobs_received_total"] == 5)
        #expect(samples[#"outspool_recipients_total{outcome="sent"}"#] == 1)
        #expect(samples[#"outspool_jobs_done_total{template="hello"}"#] == 1)
        #expect(samples[#"outspool_jobs_deferred_total{template="hello"}"#] == 1)
        #expect(samples[#"outspool_jobs_dead_total{cause="refused",template="hello"}"#] == 1)
        #expect(samples[#"outspool_jobs_blocked_total{template="(unknown)"}"#] == 1)
        #expect(samples[#"outspool_relay_breaker_open{relay="main"}"#] == 0)
        #expect(samples[#"outspool_relay_attempts_total{relay="main"}"#] == 3)
        #expect(samples[#"outspool_delivery_latency_seconds_count{priority="normal"}"#] == 1)
        #expect(samples[#"outspool_jobs{state="cur"}"#] == 0)
        #expect(samples["outspool_dead_letters_total"] == 2)
        let status = place.status
        for (name, count) in [("sent", 1), ("deferred", 1), ("refused", 1), ("done", 1), ("dead", 2)] {
            #expect(status[name] as? Int == count, "\(name)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path)
        #expect(names.sorted() == ["other.prom", "outspool.prom"])
    }

    @Test("Prometheus' own parser reads every sample", .enabled(if: hasParser, "needs python3-prometheus-client"))
    func parsed() throws {
        let (place, file) = try worked()
        let script = """
            import sys
            from prometheus_client.parser import text_string_to_metric_families
            families = list(text_string_to_metric_families(open(sys.argv[1]).read()))
            print(len(families), sum(len(f.samples) for f in families), all(f.documentation for f in families))
            """
        let result = try place.run("/usr/bin/python3", ["-c", script, file.path])
        #expect(result.status == 0, "\(result.err)")
        let words = result.out.split(separator: " ").map(String.init)
        let lines = place.text(file).split(separator: "\n")
        #expect(words.first.flatMap { Int($0) } == lines.count { $0.hasPrefix("# TYPE") })
        #expect(words.dropFirst().first.flatMap { Int($0) } == lines.count { !$0.hasPrefix("#") })
        #expect(words.last == "True\n")
    }

    @Test("promtool has no objection to the metrics", .enabled(if: promtool != nil))
    func promtoolMetrics() throws {
        let (place, file) = try worked()
        let result = try place.run(try #require(promtool), ["check", "metrics"], input: place.text(file))
        #expect(result.status == 0)
        #expect(result.out + result.err == "")
    }

    @Test("The alerts are valid, and ring when they should", .enabled(if: promtool != nil))
    func alerts() throws {
        let place = try Workplace()
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../etc/prometheus")
        for (words, file) in [(["check", "rules"], "outspool.rules.yml"), (["test", "rules"], "outspool.test.yml")] {
            let result = try place.run(try #require(promtool), words + [folder.appending(path: file).path])
            #expect(result.status == 0, "\(result.out)\(result.err)")
        }
        // Every series that an alert asks for is one that the daemon writes.
        let (other, metrics) = try worked()
        let text = other.text(metrics)
        let rules = try String(contentsOf: folder.appending(path: "outspool.rules.yml"), encoding: .utf8)
        let names = Set(rules.matches(of: /outspool_[a-z_]+(?=[{\[ )])/).map { String($0.output) })
        #expect(names.count >= 8)
        for name in names { #expect(text.contains("# TYPE \(name) "), "\(name)") }
    }

    @Test("Jobs are counted by state, and again after a change")
    func census() throws {
        let place = try Workplace()
        let file = place.root.appending(path: "outspool.prom")
        try place.configure(port: 9, main: "metrics_file = outspool.prom")
        try Data().write(to: place.spool.appending(path: "pause"))
        for index in 0..<7 { try place.hello("new\(index)") }
        for index in 0..<3 { try place.write("spool/hold/held\(index)", "{}") }
        try place.write("spool/done/2026-11-01/a", "{}")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -7200)],
            ofItemAtPath: place.spool.appending(path: "new/new3").path)
        let daemon = try place.daemon()
        try place.wait("a count", limit: .seconds(40)) { place.samples(file)[#"outspool_jobs{state="new"}"#] == 7 }
        let samples = place.samples(file)
        #expect(samples[#"outspool_jobs{state="hold"}"#] == 3)
        #expect(samples["outspool_paused"] == 1)
        let oldest = try #require(samples[#"outspool_oldest_job_age_seconds{state="new"}"#])
        #expect(oldest >= 7200 && oldest < 7300)
        daemon.stop()
    }

    @Test("A reload begins and moves the metrics file; what was counted stays")
    func reload() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port)
        let daemon = try place.daemon()
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        try place.configure(port: port, main: "metrics_file = late.prom")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        try place.hello("second")
        try place.wait(for: "second", in: "done")
        daemon.stop()
        let samples = place.samples(place.root.appending(path: "late.prom"))
        #expect(samples[#"outspool_jobs_done_total{template="hello"}"#] == 2)
        #expect(samples[#"outspool_reloads_total{result="ok"}"#] == 1)
    }

    @Test(
        "What the configuration says of notices is checked",
        arguments: [
            ("metrics_file = x.prom\nnotify = Ops <ops@example.com>\non_dead = ./hook \"a b\"", nil),
            ("notify = nobody", "'notify': "), ("notify_interval = 5s", "'notify_interval' is 10s or more"),
            ("on_dead = hook", "'on_dead' begins with a path, not with 'hook'"),
            ("on_dead = /bin/x \"open", "'on_dead': a quote without its end"),
            ("on_dead_timeout = soon", "on_dead_timeout"),
        ] as [(String, String?)])
    func configuration(lines: String, fault: String?) throws {
        let place = try Workplace()
        try place.configure(port: 9, main: lines)
        let check = try place.run(
            Program.built("outspoold").path, ["--check", "--config", place.configuration.path])
        #expect(check.status == (fault == nil ? 0 : 78))
        #expect(fault.map { check.err.contains($0) } ?? check.err.isEmpty, "\(check.err)")
    }

    // notify

    @Test("A digest tells of dead letters, once, and outlives a restart")
    func digest() throws {
        // The dead letters have to fall into one digest.
        let place = try Workplace(workers: 1)
        let sink = try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user")
        let main = "notify = ops@example.com\nnotify_interval = 10s"
        try place.configure(port: sink, main: main)
        let daemon = try place.daemon()
        for index in 0..<60 { try place.hello("gone\(index)", to: "gone@example.com") }
        try place.drop("gone", #"{"template":"hello","to":"gone@example.com","tp\u001b[31myo":1}"#)
        try place.wait("the dead letters") { place.names("dead").count == 61 }
        func digests() -> [String] { place.names("done").filter { $0.hasPrefix("outspool-digest-") } }
        try place.wait("a digest") { digests().count == 1 }
        let first = try #require(place.mails().first { $0.contains("To: ops@example.com") })
        let body = first.replacingOccurrences(of: "=\r\n", with: "").replacingOccurrences(of: "=\n", with: "")
        #expect(body.contains("61 dead letters"))
        #expect(body.contains("... and 11 more"))
        #expect(body.contains("550 5.1.1 No such user"))
        #expect(body.contains("outspool show gone"))
        #expect(!body.contains("\u{1B}"))
        daemon.stop()
        // Nobody is there when the next one dies: a dead letter that is younger than the digest.
        try place.write("spool/dead/alone", #"{"template":"hello","to":"alone@example.com"}"# + "\n")
        let second = try place.daemon()
        try place.wait("a second digest", limit: .seconds(40)) { digests().count == 2 }
        second.stop()
        let mails = place.mails().filter { $0.contains("To: ops@example.com") }
        #expect(mails.count == 2)
        #expect(mails.contains { $0.contains("1 dead letter") && $0.contains("alone") && !$0.contains("gone5") })
    }

    @Test("A crash between a digest and the note of it submits none twice, and forgets nothing")
    func digestCrash() throws {
        // The dead letters have to fall into one digest.
        let place = try Workplace(workers: 1)
        let sink = try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user")
        try place.configure(port: sink, main: "notify = ops@example.com\nnotify_interval = 10s")
        let note = place.spool.appending(path: ".digest")
        let daemon = try place.daemon()
        let before = try #require(
            try FileManager.default.attributesOfItem(atPath: note.path)[.modificationDate] as? Date)
        for index in 0..<60 { try place.hello("gone\(index)", to: "gone@example.com") }
        func digests() -> [String] { place.names("done").filter { $0.hasPrefix("outspool-digest-") } }
        try place.wait("a digest") { digests().count == 1 }
        try place.wait("the note of it") { place.text(note).hasPrefix("outspool-digest-") }
        daemon.kill()
        // As it was before: the digest has gone out, and the note has not been written.
        try Data().write(to: note)
        try FileManager.default.setAttributes([.modificationDate: before], ofItemAtPath: note.path)
        try place.write("spool/dead/alone", #"{"template":"hello","to":"alone@example.com"}"# + "\n")
        let second = try place.daemon()
        try place.wait("the other's digest", limit: .seconds(40)) { digests().count == 2 }
        second.stop()
        let mails = place.mails().filter { $0.contains("To: ops@example.com") }
        #expect(mails.count == 2)
        #expect(mails.contains { $0.contains("1 dead letter\r\n") || $0.contains("1 dead letter\n") }, "\(mails)")
    }

    @Test("A relay that is away is told of in one digest, which waits for it")
    func outage() throws {
        let place = try Workplace()
        let main = "notify = ops@example.com\nnotify_interval = 10s\nmetrics_file = outspool.prom"
        let port = try Machine.freePort()
        try place.configure(port: port, main: main)
        let daemon = try place.daemon()
        try place.hello("waits")
        try place.wait("a digest to wait") { place.names("new").contains { $0.hasPrefix("outspool-digest-") } }
        try place.drop("expired", #"{"template":"hello","to":"a@example.com","expiresAt":"2020-01-01T00:00:00Z"}"#)
        try place.wait(for: "expired", in: "dead")
        // Two intervals, each of which would have a digest.
        let enough = Date(timeIntervalSinceNow: 21)
        try place.wait("two intervals", limit: .seconds(30)) { Date() > enough }
        #expect(place.names("new").count { $0.hasPrefix("outspool-digest-") } == 1)
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path], name: "back")
        try place.wait("both digests and the job", limit: .seconds(90)) { place.names("done").count == 3 }
        daemon.stop()
        let mails = place.mails().filter { $0.contains("To: ops@example.com") }
        #expect(mails.contains { $0.contains("relay main is unreachable") })
        #expect(mails.contains { $0.contains("1 dead letter") && $0.contains("expired") })
    }

    @Test("A digest that dies is logged, and no digest tells of it")
    func digestDies() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "rcpt=550 5.1.1 No such user"),
            main: "notify = ops@example.com\nnotify_interval = 10s")
        let daemon = try place.daemon()
        try place.hello("gone")
        try place.wait("the digest to die") { place.names("dead").count == 2 }
        let enough = Date(timeIntervalSinceNow: 12)
        try place.wait("an interval", limit: .seconds(20)) { Date() > enough }
        #expect(place.names("dead").count == 2)
        #expect(place.log.contains("a digest for notify is a dead letter"))
        daemon.stop()
    }

    // on_dead

    @Test("on_dead gets each dead letter as a line of JSON, and no shell sees it")
    func onDead() throws {
        let place = try Workplace()
        try place.script(
            "hook", "cat >> \"$1\"; env > env.txt; ls -l /proc/self/fd > fds.txt; cat /proc/self/status > status.txt")
        try place.configure(
            port: try place.sink("--fail", "rcpt=550 5.1.1 No such user"),
            main: "on_dead = ./hook \"events $(touch owned).jsonl\"")
        let daemon = try place.daemon()
        for index in 0..<5 { try place.hello("gone\(index)", to: "zoe@example.com") }
        let events = place.root.appending(path: "events $(touch owned).jsonl")
        try place.wait("five events") { place.text(events).split(separator: "\n").count == 5 }
        let line = try #require(place.text(events).split(separator: "\n").first { $0.contains("gone3") })
        let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(event["event"] as? String == "refused")
        #expect(event["id"] as? String == "gone3")
        #expect(event["to"] as? [String] == ["zoe@example.com"])
        #expect(event["code"] as? Int == 550)
        #expect(event["reason"] as? String == "No such user")
        #expect(event["template"] as? String == "hello")
        #expect(event["file"] as? String == place.spool.appending(path: "dead/gone3").path)
        daemon.stop()
        // No signal blocked or ignored, nothing open but the standard three and what ls itself opens.
        let status = place.text(place.root.appending(path: "status.txt"))
        #expect(status.contains("SigBlk:\t0000000000000000"))
        // The C library's own two, 32 and 33, are no program's affair.
        let ignored = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }?.split(separator: "\t").last
        #expect(ignored.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x7FFF_FFFF } == 0)
        #expect(place.text(place.root.appending(path: "fds.txt")).split(separator: "\n").count <= 5)
        #expect(place.text(place.root.appending(path: "env.txt")).contains("OUTSPOOL_SPOOL=\(place.spool.path)"))
    }

    @Test("An on_dead that hangs is ended with all that it started; mail flows meanwhile")
    func hangs() throws {
        let place = try Workplace()
        try place.script(
            "hook", "echo $$ >> pids; sleep 1000 & echo $! >> pids; trap '' TERM; echo working; wait; sleep 1000")
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user"),
            main: "on_dead = ./hook\non_dead_timeout = 1s")
        let daemon = try place.daemon()
        try place.hello("gone", to: "gone@example.com")
        try place.wait("the hook to run") {
            place.text(place.root.appending(path: "pids")).split(separator: "\n").count == 2
        }
        for index in 0..<20 { try place.hello("flow\(index)") }
        try place.wait("twenty mails") { place.names("done").count == 20 }
        try place.wait("its end") { place.log.contains("on_dead: did not end within 1s, for gone: working") }
        for pid in place.text(place.root.appending(path: "pids")).split(separator: "\n") {
            try place.wait("\(pid) to be gone") { kill(Int32(pid)!, 0) == -1 || place.isZombie(Int32(pid)!) }
        }
        // The daemon adopts what it had started, and reaps it.
        try place.wait("them to be reaped") { place.hasNoChildren(daemon) }
        daemon.stop()
    }

    @Test("Behind a slow on_dead a thousand events wait; the rest is counted")
    func backlog() throws {
        let place = try Workplace()
        try place.script("hook", "echo $$ >> pids; exec sleep 100")
        try place.configure(port: 9, main: "on_dead = ./hook\non_dead_timeout = 2m\nmetrics_file = outspool.prom")
        for index in 0..<1010 { try place.hello("wrong\(index)", #","tpyo":1"#) }
        let daemon = try place.daemon()
        try place.wait("the dead letters", limit: .seconds(60)) { place.names("dead").count == 1010 }
        daemon.stop()
        #expect(place.log.components(separatedBy: "1000 events wait for it; more are skipped").count == 2)
        let samples = place.samples(place.root.appending(path: "outspool.prom"))
        #expect(samples[#"outspool_on_dead_runs_total{result="skipped"}"#] == 9)
        #expect(samples["outspool_dead_letters_total"] == 1010)
        for pid in place.text(place.root.appending(path: "pids")).split(separator: "\n") { kill(Int32(pid)!, SIGKILL) }
    }

    @Test("An on_dead that fails, or is not there, is logged with its last word")
    func fails() throws {
        let place = try Workplace()
        try place.script("hook", "head -c 300000 /dev/zero; echo; echo first; echo 'out of luck' >&2; exit 3")
        let sink = try place.sink("--fail", "rcpt=550 5.1.1 No such user")
        try place.configure(port: sink, main: "on_dead = ./hook")
        let daemon = try place.daemon()
        try place.hello("one")
        try place.wait("the failure") { place.log.contains("on_dead: exit status 3, for one: out of luck") }
        try place.configure(port: sink, main: "on_dead = ./missing")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        try place.hello("two")
        try place.wait("the second failure") {
            place.log.contains("missing: No such file or directory; two is not told of")
        }
        daemon.stop()
    }
}

extension Workplace {
    /// Writes an executable shell script.
    func script(_ name: String, _ body: String) throws {
        try write(name, "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n\(body)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root.appending(path: name).path)
    }

    /// The processes whose parent that one is.
    func children(of pid: Int32) -> [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { child in
            text(URL(fileURLWithPath: "/proc/\(child)/status")).contains("PPid:\t\(pid)\n")
        }
    }

    func isZombie(_ pid: Int32) -> Bool { text(URL(fileURLWithPath: "/proc/\(pid)/status")).contains("State:\tZ") }
}
