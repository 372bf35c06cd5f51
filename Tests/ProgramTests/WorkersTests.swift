import Foundation
import Scratch
import Testing

/// A daemon with several workers: what holds for one process holds for all of them together.
@Suite("Workers", .serialized, .ownThreads)
struct WorkersTests {
    private func place() throws -> Workplace {
        let place = try Workplace()
        place.workers = 3
        return place
    }

    /// As spool(5) has it: FNV-1a of 64 bits, modulo the number of workers, and 1.
    private func owner(_ id: String, among count: UInt64 = 3) -> Int {
        let hash = id.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return Int(hash % count) + 1
    }

    /// Ids of one worker of three.
    private func ids(_ count: Int, of worker: Int, prefix: String = "job") -> [String] {
        Array((0...).lazy.map { "\(prefix)\($0)" }.filter { owner($0) == worker }.prefix(count))
    }

    /// One line of the status of a worker.
    private func worker(_ number: Int, in place: Workplace) -> [String: Any] {
        ((place.status["workers"] as? [[String: Any]]) ?? []).first { $0["worker"] as? Int == number } ?? [:]
    }

    private func process(_ number: Int, in place: Workplace) throws -> Int32 {
        try place.wait("worker \(number) to run") {
            worker(number, in: place)["state"] as? String == "running" && worker(number, in: place)["pid"] != nil
        }
        return Int32(try #require(worker(number, in: place)["pid"] as? Int))
    }

    @Test("Each worker delivers its share, and all of it is told as one")
    func delivers() throws {
        let place = try place()
        let metrics = place.root.appending(path: "outspool.prom")
        try place.configure(port: try place.sink(), main: "metrics_file = outspool.prom")
        let daemon = try place.daemon()
        for number in 0..<30 { try place.hello("job\(number)") }
        try place.wait("all to be sent") { place.names("done").count == 30 }
        try place.wait("the status to say so") { place.status["sent"] as? Int == 30 }
        #expect(place.status["pid"] as? Int == Int(daemon.pid))
        #expect(Set(place.workerProcesses).count == 3 && !place.workerProcesses.contains(daemon.pid))
        let status = try place.outspool("status")
        #expect(status.status == 0 && status.out.contains("workers  3 of 3 at work"), "\(status.out)")
        #expect(try place.outspool("doctor").out.contains("instance main, 3 workers"))
        // Each wrote the lines of its own.
        for number in 0..<30 {
            let process = place.workerProcesses.count == 3 ? place.workerProcesses[owner("job\(number)") - 1] : 0
            #expect(place.log.contains("outspool/qmgr[\(process)]: job\(number): removed"))
        }
        #expect(place.mails().count == 30)
        #expect(daemon.stop() == 0)
        #expect(place.status["state"] as? String == "stopped")
        let text = place.text(metrics)
        #expect(text.contains("outspool_recipients_total{outcome=\"sent\"} 30\n") && text.contains("outspool_workers "))
        for process in place.workerProcesses { #expect(place.isGone(process)) }
    }

    @Test("A worker that is killed is started again at once, and its jobs go on; the others do not stop")
    func killedWorker() throws {
        let place = try place()
        try place.configure(port: try place.sink("--fail", "dot(slow@example.com)=silence:1"))
        let daemon = try place.daemon()
        for worker in 1...3 { for id in ids(3, of: worker) { try place.hello(id) } }
        try place.wait("all to be counted") { place.status["sent"] as? Int == 9 }
        let id = try #require(ids(1, of: 2, prefix: "slow").first)
        try place.hello(id, to: "slow@example.com")
        try place.wait("it to be under way") { (try? place.events(id)) == ["sending"] }
        let victim = try process(2, in: place)
        kill(victim, SIGKILL)
        try place.wait("the orphan to be judged") { place.places(id) == ["retry/01-30s"] }
        #expect(try place.events(id) == ["sending", "in-doubt"])
        #expect(
            place.log.contains("worker 2 has ended: ended by signal 9; it is started again at once"), "\(place.log)")
        try place.wait("it to be told") {
            worker(2, in: place)["restarts"] as? Int == 1 && worker(2, in: place)["state"] as? String == "running"
        }
        #expect(try process(2, in: place) != victim)
        #expect(try place.outspool("retry", id).status == 0)
        for worker in 1...3 { for id in ids(3, of: worker, prefix: "later") { try place.hello(id) } }
        try place.wait("all to be sent") { place.names("done").count == 19 }
        // What the dead one counted stays.
        try place.wait("the sum") { place.status["sent"] as? Int == 19 }
        #expect(daemon.stop() == 0)
    }

    @Test("Where the parent is killed its workers stop by themselves, and the next one goes on with their jobs")
    func killedParent() throws {
        let place = try place()
        try place.configure(port: try place.sink("--fail", "dot(slow@example.com)=silence"))
        var daemon = try place.daemon()
        let slow = (1...3).compactMap { ids(1, of: $0, prefix: "slow").first }
        for id in slow { try place.hello(id, to: "slow@example.com") }
        for id in slow { try place.wait("\(id) to be under way") { (try? place.events(id)) == ["sending"] } }
        let workers = place.workerProcesses
        daemon.kill()
        try place.hello("later")
        // At once: the directories of the old workers are waited for.
        daemon = try place.daemon()
        for worker in workers { try place.wait("\(worker) to end") { place.isGone(worker) } }
        try place.wait(for: "later", in: "done")
        for id in slow {
            try place.wait("\(id) to be judged", limit: .seconds(40)) {
                (try? place.events(id).first) == "sending" && (try? place.events(id).contains("in-doubt")) == true
            }
        }
        #expect(daemon.stop() == 0)
        #expect(place.names("cur/main") == [])
    }

    @Test("A worker that is stopped holds up its share only, and status says so")
    func stoppedWorker() throws {
        let place = try place()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        let stopped = try process(1, in: place)
        kill(stopped, SIGSTOP)
        defer { kill(stopped, SIGCONT) }
        for worker in 1...3 { for id in ids(4, of: worker) { try place.hello(id) } }
        try place.wait("the others' jobs") { place.names("done").count == 8 }
        try place.wait("the log to say so") { place.log.contains("worker 1: no sign of life for ") }
        try place.wait("status to say so") {
            let ran = try place.outspool("status")
            return ran.status == 2 && ran.out.contains("worker 1 (pid \(stopped)): no sign of life for ")
                && ran.out.contains("workers  2 of 3 at work")
        }
        #expect(try place.outspool("doctor").out.contains("worker 1 (pid \(stopped)): no sign of life for "))
        #expect(place.names("new").sorted() == ids(4, of: 1).sorted())
        kill(stopped, SIGCONT)
        try place.wait("its share") { place.names("done").count == 12 }
        try place.wait("the log to say so") { place.log.contains("worker 1: goes on after ") }
        try place.wait("status to be well") { try place.outspool("status").status == 0 }
        #expect(daemon.stop() == 0)
    }

    @Test("Another number of workers is a start with orphans: nothing is lost, whatever state it is in")
    func changedNumber() throws {
        let place = try place()
        let port = try place.sink(
            "--fail", "dot(slow@example.com)=silence", "--fail", "rcpt(later@example.com)=451 4.7.1 Later", "--fail",
            "rcpt(gone@example.com)=550 5.1.1 No such user")
        let relay = "tls = none\nconnections = 40"
        try place.configure(port: port, relay: relay)
        let kinds = ["slow": 12, "later": 12, "gone": 6, "fine": 12]
        for (number, next) in [(3, 1), (1, 4), (4, 2)] {
            place.workers = number
            try place.configure(port: port, relay: relay)
            let daemon = try place.daemon()
            for (kind, count) in kinds {
                for index in 0..<count { try place.hello("\(kind)-\(number)-\(index)", to: "\(kind)@example.com") }
            }
            try place.drop(
                "set-\(number)",
                #"{"template":"hello","to":"fine@example.com","params":{"name":"x"},"sendAt":"2099-01-01T00:00:00Z"}"#)
            try place.wait("jobs in every state", limit: .seconds(60)) {
                place.names("new").isEmpty && place.names("retry/01-30s").count >= 12
                    && (0..<12).allSatisfy { (try? place.events("slow-\(number)-\($0)").last) == "sending" }
                    && place.names("scheduled").contains("set-\(number)")
                    && (0..<6).allSatisfy { place.names("dead").contains("gone-\(number)-\($0)") }
                    && (0..<12).allSatisfy { place.names("done").contains("fine-\(number)-\($0)") }
            }
            let workers = place.workerProcesses
            daemon.kill()
            for worker in workers {
                kill(worker, SIGKILL)
                try place.wait("\(worker) to end") { place.isGone(worker) }
            }
            place.workers = next
            try place.configure(port: port, relay: relay)
            let second = try place.daemon()
            try place.wait("the orphans to be judged", limit: .seconds(60)) {
                (0..<12).allSatisfy { (try? place.events("slow-\(number)-\($0)").contains("in-doubt")) == true }
            }
            #expect(second.stop() == 0)
            for (kind, count) in kinds {
                for index in 0..<count {
                    let id = "\(kind)-\(number)-\(index)"
                    #expect(place.places(id).count == 1, "\(id): \(place.places(id))")
                }
            }
            #expect(place.places("set-\(number)") == ["scheduled"])
        }
    }

    @Test("Pauses, a reload and cancelled programs reach every worker")
    func steering() throws {
        let place = try place()
        try place.task("work", "touch ../../began-$OUTSPOOL_ID; sleep 1000")
        let port = try place.sink()
        try place.configure(port: port, main: "task_concurrency = 6")
        let daemon = try place.daemon()
        #expect(try place.outspool("pause", "all").status == 0)
        try place.wait("the pause") { place.log.contains("paused: everything") }
        for worker in 1...3 { for id in ids(2, of: worker) { try place.hello(id) } }
        try place.wait("status to say so") { place.status["paused"] as? Bool == true }
        #expect(place.names("done").isEmpty && place.names("new").count == 6)
        #expect(try place.outspool("resume", "all").status == 0)
        try place.wait("all to be sent") { place.names("done").count == 6 }
        #expect(place.log.components(separatedBy: "paused: everything").count == 2)

        let tasks = (1...3).compactMap { ids(1, of: $0, prefix: "task").first }
        for id in tasks { try place.ask("work", id) }
        for id in tasks {
            try place.wait("\(id) to run") {
                FileManager.default.fileExists(atPath: place.root.appending(path: "began-\(id)").path)
            }
        }
        try place.wait("status to list them") { (place.status["tasks"] as? [Any])?.count == 3 }
        for id in tasks {
            let ran = try place.outspool("cancel", id)
            #expect(ran.status == 0 && ran.out == "cancelled: \(id)\n", "\(ran.err)")
        }
        #expect(!place.names("").contains { $0.hasPrefix("cancel.") })

        // Another subject prefix cannot be seen; another author can.
        try place.configure(port: port, main: "redirect_all_to = staging@example.com")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        for worker in 1...3 { for id in ids(1, of: worker, prefix: "redirected") { try place.hello(id) } }
        try place.wait("them to be sent") { place.names("done").count == 9 }
        #expect(
            place.mails().count { $0.contains("X-Outspool-Original-To") || $0.contains("staging@example.com") } == 3)
        try place.write("outspool.conf", "nonsense = 1\n")
        daemon.send(SIGHUP)
        try place.wait("it to be refused") { place.log.contains("the configuration stays as it was") }
        // A worker that is started again has what is in use, not what the file says.
        let victim = try process(3, in: place)
        kill(victim, SIGKILL)
        try place.wait("another worker 3") { worker(3, in: place)["pid"] as? Int ?? Int(victim) != Int(victim) }
        _ = try process(3, in: place)
        let last = try #require(ids(1, of: 3, prefix: "last").first)
        try place.hello(last)
        try place.wait(for: last, in: "done")
        #expect(daemon.stop() == 0)
    }

    @Test("Dead letters of all workers are told as one: once to on_event, and in one digest")
    func deadLetters() throws {
        let place = try place()
        try place.task("tell", "cat >> '\(place.root.path)/told'; echo >> '\(place.root.path)/told'")
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user"),
            main: "on_event = tell dead\nnotify = admin@example.com\nnotify_interval = 1m")
        let daemon = try place.daemon()
        let all = (1...3).flatMap { ids(2, of: $0) }
        for id in all { try place.hello(id, to: "gone@example.com") }
        try place.wait("all to be dead") { place.names("dead").count == 6 }
        let told = place.root.appending(path: "told")
        try place.wait("all to be told") { place.text(told).split(separator: "\n").count == 6 }
        for id in all { #expect(place.text(told).components(separatedBy: "\"job\":\"\(id)\"").count == 2) }
        try place.wait("the digest") { place.names("done").contains { $0.hasPrefix("outspool-digest-") } }
        #expect(place.names("done").count == 7)
        let digest = try #require(place.mails().first { $0.contains("admin@example.com") })
        #expect(digest.contains("6 dead letters"), "\(digest)")
        #expect(daemon.stop() == 0)
    }

    @Test("Drop boxes are taken in once, and have room again when a worker has sent")
    func boxes() throws {
        let place = try place()
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "root").status == 0)
        try place.configure(port: try place.sink(), main: "dropbox_max_jobs = 4")
        let daemon = try place.daemon()
        for number in 0..<24 {
            try place.write(
                "spool/drop/shop/tmp/j\(number)", #"{"template":"hello","to":"a@example.com","params":{"name":"x"}}"#)
            try FileManager.default.moveItem(
                at: place.spool.appending(path: "drop/shop/tmp/j\(number)"),
                to: place.spool.appending(path: "drop/shop/new/j\(number)"))
        }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 24 }
        #expect(place.mails().count == 24)
        #expect(daemon.stop() == 0)
        #expect(place.log.components(separatedBy: "outspool/pickup").count == 25)
    }

    @Test("SIGTERM to all processes at once is a stop like any other")
    func groupStop() throws {
        let place = try place()
        try place.configure(port: try place.sink("--delay", "dot=500ms"))
        let daemon = try place.daemon()
        let all = (1...3).flatMap { ids(2, of: $0) }
        for id in all { try place.hello(id) }
        try place.wait("them to be under way") { all.allSatisfy { (try? place.events($0)) == ["sending"] } }
        let workers = place.workerProcesses
        daemon.send(SIGTERM)
        for worker in workers { kill(worker, SIGTERM) }
        #expect(daemon.status == 0)
        #expect(place.names("done").count == 6)
        #expect(!place.log.contains("is started again"))
    }

    @Test("Lines of several processes stay whole in one pipe")
    func pipe() throws {
        let place = try place()
        try place.configure(port: try place.sink())
        let program = "'\(Program.built("outspoold").path)' --config '\(place.configuration.path)'"
        let command = "exec \(program) 2> >(cat > piped)"
        let daemon = try place.start(
            "/bin/bash", ["-c", "cd '\(place.root.path)'; \(command)"], name: "daemon")
        for number in 0..<600 { try place.hello("job\(number)") }
        try place.wait("all to be sent", limit: .seconds(60)) { place.names("done").count == 600 }
        #expect(daemon.stop() == 0)
        let piped = place.root.appending(path: "piped")
        try place.wait("the end of the log") { place.text(piped).hasSuffix(": stopped\n") }
        let lines = place.text(piped).split(separator: "\n", omittingEmptySubsequences: true)
        // Five lines for each mail.
        #expect(lines.count >= 3000)
        for line in lines {
            #expect(line.components(separatedBy: " outspool/").count == 2, "\(line)")
        }
    }

    @Test("A worker is nothing to be started by hand")
    func byHand() throws {
        let place = try place()
        let ran = try place.run(Program.built("outspoold").path, ["--worker", "1"])
        #expect(ran.status == 64 && ran.err.contains("--worker is for a daemon that starts its workers itself"))
    }
}
