import Foundation
import Scratch
import Testing

/// Programs that do what they should not, daemons that die or stop while they run: nothing of them is left behind.
@Suite("Trouble with tasks", .serialized, .ownThreads)
struct TaskTroubleTests {
    /// Name, script, template.conf, where its job ends, and the last event's reason.
    static let bad: [(String, String, String, String, String?)] = [
        ("hangs", "exec sleep 1000", "timeout = 1s", "retry/01-30s", "did not end within 1s"),
        (
            "stubborn", "trap '' TERM; while :; do sleep 1; done", "timeout = 1s", "retry/01-30s",
            "did not end within 1s"
        ),
        (
            // Two sessions away from its group, with a child that has lost its parent.
            "daemon", "setsid sh -c 'setsid sleep 1000 & sleep 1000' < /dev/null > /dev/null 2>&1 & sleep 0.2", "",
            "done", nil
        ),
        (
            "floods",
            "head -c 50000000 /dev/zero >&2; head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&3; printf '\\nend\\n' >&2",
            "", "done", nil
        ),
        ("closes", "exec 0<&-; exit 0", "", "done", nil),
        ("unread", "exit 0", "", "done", nil),
        (
            "memory", "head -c 400000000 /dev/zero | tail -c 399999999 > /dev/null", "memory = 64 MiB", "retry/01-30s",
            "exit status 1"
        ),
        (
            "cpu", "while :; do :; done", "cpu_time = 1s", "retry/01-30s",
            "ended by signal 24 (SIGXCPU, its cpu_time is over)"
        ),
        (
            "children", "for i in 1 2 3 4 5; do sleep 1000 & done; exit 75", "", "retry/01-30s",
            "exit status 75 (EX_TEMPFAIL)"
        ),
    ]

    @Test("Each ends as documented, mail flows meanwhile, and nothing is left")
    func misbehaviour() throws {
        let place = try Workplace()
        for (name, script, conf, _, _) in Self.bad { try place.task(name, script, conf: conf) }
        try place.configure(port: try place.sink(), main: "task_concurrency = 20\nmetrics_file = outspool.prom")
        let daemon = try place.daemon()
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        let before = place.descriptors(of: daemon)
        let large = #"{"text":""# + String(repeating: "x", count: 200_000) + #""}"#
        for (name, _, _, _, _) in Self.bad { try place.ask(name, params: large) }
        for index in 0..<50 {
            try place.hello("mail\(index)")
            try place.wait(for: "mail\(index)", in: "done")
        }
        for (name, _, _, state, reason) in Self.bad {
            try place.wait(for: name, in: state, limit: .seconds(30))
            #expect(try place.last(name)["reason"] as? String == reason, "\(name)")
        }
        #expect(try place.last("floods")["reply"] as? String == "end")
        try place.wait("its children to go") { place.hasNoChildren(daemon) }
        #expect(place.processes(with: place.mark) == [])
        // Its relay's connection may be open or not, and the mails opened a day of done/.
        try place.wait("the descriptors") { place.descriptors(of: daemon) <= before + 2 }
        #expect(daemon.stop() == 0)
        let samples = place.samples(place.root.appending(path: "outspool.prom"))
        #expect(samples[#"outspool_jobs_done_total{template="daemon"}"#] == 1)
        #expect(samples["outspool_task_duration_seconds_count"] == Self.bad.count)
    }

    @Test("A daemon that is killed leaves a task in doubt, and its next start ends what still runs of it")
    func killed() throws {
        let place = try Workplace()
        let body =
            "setsid sh -c 'setsid sleep 1000 & sleep 1000' < /dev/null > /dev/null 2>&1 & touch ../../begun.$OUTSPOOL_ID; sleep 1000"
        try place.task("work", body)
        try place.task("careful", body, conf: "on_doubt = hold")
        try place.configure(port: 9)
        var daemon = try place.daemon()
        try place.ask("work")
        try place.ask("careful")
        for round in 1...2 {
            for name in round == 1 ? ["work", "careful"] : ["work"] {
                let begun = place.root.appending(path: "begun.\(name)").path
                try place.wait("\(name) to begin") { FileManager.default.fileExists(atPath: begun) }
                try FileManager.default.removeItem(atPath: begun)
            }
            try place.killAll(daemon)
            // The leader dies with it; what left its session does not.
            #expect(!place.processes(with: place.mark).isEmpty)
            daemon = try place.daemon()
            #expect(place.processes(with: place.mark) == [])
            #expect(place.log.contains("processes of tasks that were left by a daemon that died"))
            if round == 1 {
                try place.wait(for: "work", in: "retry/01-30s")
                #expect(try place.events("work") == ["running", "in-doubt"])
                #expect(try place.last("work")["reason"] as? String == "the daemon died while the program ran")
                try place.wait(for: "careful", in: "hold")
                #expect(try place.outspool("retry", "work").status == 0)
            }
        }
        // A second doubt holds.
        try place.wait(for: "work", in: "hold")
        #expect(try place.events("work") == ["running", "in-doubt", "running", "in-doubt"])
        daemon.stop()
    }

    @Test("A daemon that stops asks programs to end, and gives their jobs back", arguments: ["", "trap '' TERM; "])
    func stops(trap: String) throws {
        let place = try Workplace()
        try place.task("work", "\(trap)touch ../../begun; while :; do sleep 1; done")
        try place.configure(port: 9, main: "shutdown_grace = 4s")
        let daemon = try place.daemon()
        try place.ask("work")
        try place.wait("it to begin") {
            FileManager.default.fileExists(atPath: place.root.appending(path: "begun").path)
        }
        #expect(daemon.stop() == 0)
        #expect(place.names("new") == ["work"])
        #expect(try place.events("work") == ["running", "returned"])
        #expect(try place.last("work")["reason"] as? String == "the daemon stops")
        #expect(place.processes(with: place.mark) == [])
        // No attempt was counted.
        try place.task("work", "exit 0")
        _ = try place.daemon()
        try place.wait(for: "work", in: "done")
        #expect(try place.last("work")["attempt"] as? Int == 1)
    }

    @Test("With task_shutdown = wait it waits for them, within its grace")
    func waits() throws {
        let place = try Workplace()
        try place.task("work", "touch ../../begun; while [ ! -e ../../go ]; do sleep 0.05; done")
        try place.task("long", "while :; do sleep 1; done")
        try place.configure(port: 9, main: "task_shutdown = wait\nshutdown_grace = 3s")
        let daemon = try place.daemon()
        try place.ask("work")
        try place.ask("long")
        try place.wait("both to begin") {
            place.names("cur/main").count == 2
                && FileManager.default.fileExists(atPath: place.root.appending(path: "begun").path)
        }
        daemon.send(SIGTERM)
        try place.wait("it to stop") { place.log.contains("stopping: 0 jobs in flight, 2 programs of tasks") }
        try place.write("go", "")
        try place.wait(for: "work", in: "done")
        #expect(daemon.status == 0)
        #expect(place.names("new") == ["long"])
        #expect(try place.events("long") == ["running", "returned"])
    }
}
