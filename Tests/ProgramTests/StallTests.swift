import Foundation
import Scratch
import Testing

/// What must neither stand still nor turn round and round.
@Suite("Neither stalls nor spins", .serialized, .ownThreads)
struct StallTests {
    /// The processor time that a process uses within a span, as a share of it.
    func load(_ process: RunningProgram, over seconds: Double) throws -> Double {
        func used() throws -> Double {
            let fields = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
                .components(separatedBy: ") ").last!.split(separator: " ")
            return Double(Int(fields[11])! + Int(fields[12])!) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        let (before, start) = (try used(), Date())
        // The claim is about time that passes, so some has to.
        pass(.seconds(seconds))
        return (try used() - before) / Date().timeIntervalSince(start)
    }

    func setDue(_ file: URL, _ date: Date = Date()) throws {
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
    }

    @Test("While the probe of an open breaker is under way the daemon waits")
    func probeUnderWay() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "greeting=421 4.3.2 Not yet:1", "--delay", "dot=4s"))
        let daemon = try place.daemon()
        // One is the probe, the other one waits for it.
        try place.hello("slow")
        try place.hello("waits")
        try place.wait("the probe's mail to be under way") {
            try ["slow", "waits"].contains { try place.places($0).isEmpty || place.events($0).last == "sending" }
        }
        #expect(try load(daemon, over: 2) < 0.3)
        try place.wait("both to be sent") { place.names("done").count == 2 }
    }

    @Test("The first relay has its jobs back when it is up again, and its probe does not spin")
    func failBack() throws {
        let place = try Workplace()
        let port = try Machine.freePort()
        try place.configure(
            relays: """
                [relay first]
                url = smtp://127.0.0.1:\(port)
                tls = none
                [relay second]
                url = smtp://127.0.0.1:\(try place.sink())
                tls = none
                """)
        let daemon = try place.daemon()
        try place.hello("over")
        try place.wait(for: "over", in: "done")
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "First").path], name: "first")
        var index = 0
        try place.wait("a job to go to the first relay") {
            index += 1
            try place.hello("job\(index)")
            try place.wait(for: "job\(index)", in: "done")
            // The probe takes its time: a job now and then is enough to see where jobs go.
            pass(.milliseconds(50))
            return try place.history("job\(index)").last?["event"] as? String == "sent"
                && place.history("job\(index)").first { $0["event"] as? String == "sending" }?["relay"] as? String
                    == "first"
        }
        try place.hello("stays")
        try place.wait(for: "stays", in: "done")
        #expect(try place.history("stays").first?["relay"] as? String == "first")
        #expect(try load(daemon, over: 1) < 0.3)
    }

    @Test("A relay that answers 421 to every MAIL costs next to nothing and few attempts")
    func busyForEver() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "mail=421 4.3.2 Too many"))
        let daemon = try place.daemon()
        for index in 0..<50 { try place.hello("job\(index)") }
        try place.wait("the breaker to open") { place.log.contains("breaker opened") }
        #expect(try load(daemon, over: 5) < 0.3)
        #expect(place.names("new").count + place.names("cur/main").count >= 38)
        let returns = try (0..<50).flatMap { try place.events("job\($0)") }
        #expect(Set(returns).isSubset(of: ["deferred", "returned"]))
        #expect(returns.count < 40)
    }

    @Test("Jobs of a paused template do not hold up the others where a rate is set")
    func pausedBacklog() throws {
        let place = try Workplace()
        try place.write("spool/pause.template.hello", "")
        try place.write("templates/other/subject.mustache", "Other")
        try place.write("templates/other/text.mustache", "Other")
        for index in 0..<200 { try place.hello("held\(index)") }
        try place.configure(port: try place.sink(), relay: "tls = none\nrate = 5/s\nconnections = 1")
        _ = try place.daemon()
        try place.drop("free", #"{"template":"other","to":"a@example.com"}"#)
        try place.wait(for: "free", in: "done")
        #expect(place.names("new").count == 200)
    }

    @Test("Jobs that a template blocks do not use up the rate of the others")
    func blockedBacklog() throws {
        let place = try Workplace()
        for index in 0..<200 { try place.drop("a\(index)", #"{"template":"nowhere","to":"a@example.com"}"#) }
        try place.configure(port: try place.sink(), relay: "tls = none\nrate = 5/s\nconnections = 1")
        _ = try place.daemon()
        try place.wait("all to be blocked") { place.names("retry/01-30s").count == 200 }
    }

    @Test("A claimed job whose connection went stale is tried once more on a new one, whatever came meanwhile")
    func strandedByPause() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "mail(stale@example.com)=close", "--delay", "mail=1s"),
            relay: "tls = none\nconnections = 1")
        _ = try place.daemon()
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        try place.hello("second", #","from":"stale@example.com""#)
        try place.wait(for: "second", in: "cur/main")
        try place.write("spool/pause", "")
        try place.wait(for: "second", in: "retry/01-30s")
        #expect(try place.events("second") == ["deferred"])
    }

    @Test("A full drop box goes on when its jobs have been sent")
    func quota() throws {
        let place = try Workplace()
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "\(getegid())").status == 0)
        try place.configure(port: try place.sink(), main: "dropbox_max_jobs = 5")
        // More names than are remembered, so that the reading rests while the box is full.
        let box = place.spool.appending(path: "drop/shop/new").path
        let object = Data(#"{"template":"hello","to":"a@example.com"}"#.utf8)
        for index in 0..<10_100 {
            #expect(FileManager.default.createFile(atPath: "\(box)/job\(index)", contents: object))
        }
        _ = try place.daemon()
        try place.wait("more to be sent than the box may have at a time") { place.names("done").count > 30 }
    }

    @Test("A file whose producer has link(2) and unlink(2) only is a job like any other")
    func linked() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("spool/tmp/x", #"{"template":"hello","to":"a@example.com"}"#)
        let (draft, job) = (place.spool.appending(path: "tmp/x").path, place.spool.appending(path: "new/linked").path)
        #expect(link(draft, job) == 0)
        try place.hello("marker")
        try place.wait(for: "marker", in: "done")
        #expect(place.names("dead").isEmpty)
        #expect(unlink(draft) == 0)
        try place.wait(for: "linked", in: "done", limit: .seconds(40))
    }
}
