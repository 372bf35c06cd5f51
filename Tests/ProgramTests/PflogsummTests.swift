import Foundation
import Scratch
import Testing

private let pflogsumm = "/usr/sbin/pflogsumm"
private let hasPflogsumm = FileManager.default.isExecutableFile(atPath: pflogsumm)

/// What the log says, read by somebody else, against what the spool says.
@Suite("The log under pflogsumm", .serialized, .ownThreads)
struct PflogsummTests {
    /// What the histories and the directories of a spool add up to.
    struct Account: Equatable {
        var (received, delivered, deferred, deferrals, bounced, held, expired) = (0, 0, 0, 0, 0, 0, 0)
    }

    func account(_ place: Workplace) throws -> Account {
        var sum = Account()
        for state in Workplace.states {
            for id in place.names(state) {
                sum.received += 1
                // One event may tell of several recipients.
                let events = try place.history(id).flatMap { event in
                    Array(
                        repeating: event["event"] as? String ?? "",
                        count: event["event"] as? String == "sending" ? 1 : (event["to"] as? [Any])?.count ?? 1)
                }
                sum.delivered += events.count { $0 == "sent" }
                let deferrals = events.count { $0 == "deferred" || $0 == "in-doubt" }
                sum.deferrals += deferrals
                if deferrals > 0 { sum.deferred += 1 }
                sum.bounced += events.count { $0 == "refused" || $0 == "dead" }
                sum.expired += events.count { $0 == "expired" }
                if state == "hold" { sum.held += 1 }
            }
        }
        return sum
    }

    /// The "Grand Totals" of a report.
    func totals(_ place: Workplace) throws -> (totals: [String: Int], report: String) {
        let log = place.root.appending(path: "daemon.log").path
        let result = try place.run(pflogsumm, ["--syslog-name=outspool", "--problems-first", log])
        #expect(result.status == 0)
        #expect(result.err == "")
        var totals: [String: Int] = [:]
        for line in result.lines {
            let words = line.split(separator: " ")
            if words.count >= 2, let count = Int(words[0]), totals[String(words[1])] == nil {
                totals[String(words[1])] = count
            }
            if words.count >= 4, words[1] == "deferred", words[3].hasPrefix("deferrals") {
                totals["deferrals"] = Int(words[2].dropFirst())
            }
        }
        return (totals, result.out)
    }

    @Test("The totals of a thousand mails with every outcome are the spool's own", .enabled(if: hasPflogsumm))
    func thousand() throws {
        let place = try Workplace()
        try place.write("templates/once/subject.mustache", "Once\n")
        try place.write("templates/once/text.mustache", "Once.\n")
        try place.write("templates/once/template.conf", "on_doubt = hold\n")
        for folder in ["drop/shop", "drop/shop/tmp", "drop/shop/new"] {
            try FileManager.default.createDirectory(
                at: place.spool.appending(path: folder), withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
        }
        var faults: [String] = []
        func fail(_ phase: String, _ address: String, _ action: String) {
            faults += ["--fail", "\(phase)(\(address)@example.com)=\(action)"]
        }
        func hello(_ id: String, to: String, _ more: String = "", template: String = "hello") throws {
            try place.drop(
                id, #"{"template":"\#(template)","to":"\#(to)@example.com","params":{"name":"x"}\#(more)}"# + "\n")
        }
        // Nothing starts before the second daemon: what waits over a restart is received once.
        try Data().write(to: place.spool.appending(path: "pause"))
        for index in 0..<640 { try hello("plain\(index)", to: "p\(index % 50)") }
        for index in 0..<50 {
            try place.write(
                "spool/drop/shop/new/box\(index)",
                #"{"template":"hello","to":"b\#(index)@example.com","params":{"name":"x"}}"#)
        }
        for index in 0..<100 {
            try hello("grey\(index)", to: "g\(index)")
            fail("rcpt", "g\(index)", "451 4.7.1 Greylisted, try again:1")
        }
        for index in 0..<80 { try hello("gone\(index)", to: "gone\(index)") }
        for index in 0..<80 { fail("rcpt", "gone\(index)", "550 5.1.1 No such user") }
        for index in 0..<40 { try hello("late\(index)", to: "l\(index)", #","expiresAt":"2020-01-01T00:00:00Z""#) }
        for index in 0..<40 { try hello("wrong\(index)", to: "w\(index)", #","tpyo":1"#) }
        for index in 0..<20 { try place.drop("torn\(index)", #"{"template":"hello","to":"#) }
        for index in 0..<10 {
            try hello("doubt\(index)", to: "d\(index)")
            fail("dot", "d\(index)", "close:1")
            try hello("held\(index)", to: "h\(index)", template: "once")
            fail("dot", "h\(index)", "close:1")
        }
        for index in 0..<10 {
            let to = ["p1", "g\(100 + index)", "gone0"].map { #""\#($0)@example.com""# }.joined(separator: ",")
            try place.drop("mixed\(index)", #"{"template":"hello","to":[\#(to)],"params":{"name":"x"}}"#)
            fail("rcpt", "g\(100 + index)", "451 4.7.1 Greylisted, try again:1")
        }
        let metrics = place.root.appending(path: "outspool.prom")
        let sink = try place.start(
            Program.built("outspool-sink").path, ["--listen", "127.0.0.1:0"] + faults, name: "faulty")
        let output = place.root.appending(path: "faulty.out")
        try place.wait("the sink to listen") { place.text(output).contains("\n") }
        let port = try #require(Int(place.text(output).prefix { $0 != "\n" }.split(separator: ":").last ?? ""))
        try place.configure(port: port, relay: "tls = none\nconnections = 5", main: "metrics_file = \(metrics.path)")
        try place.daemon().stop()
        let before = place.samples(metrics)
        let daemon = try place.daemon()
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        let retries = ["retry/01-30s", "retry/02-1m", "retry/03-2m"]
        func rest() -> Int { (["new", "drop/shop/new", "cur/main"]).reduce(0) { $0 + place.names($1).count } }
        for _ in 0..<3 {
            try place.wait("all to be tried", limit: .seconds(90)) { rest() == 0 }
            for bucket in retries {
                for name in place.names(bucket) {
                    try? FileManager.default.setAttributes(  // It may be claimed meanwhile.
                        [.modificationDate: Date()], ofItemAtPath: place.spool.appending(path: "\(bucket)/\(name)").path
                    )
                }
            }
        }
        try place.wait("all to end", limit: .seconds(90)) {
            rest() + retries.reduce(0) { $0 + place.names($1).count } == 0
        }
        daemon.stop()
        _ = sink

        let own = try account(place)
        #expect(own.received == 1000)
        #expect(own.held == 10 && own.expired == 40 && own.delivered > 800)
        let (totals, report) = try totals(place)
        #expect(totals["received"] == own.received, "\(report)")
        #expect(totals["delivered"] == own.delivered)
        #expect(totals["deferred"] == own.deferred)
        #expect(totals["deferrals"] == own.deferrals)
        #expect(totals["bounced"] == own.bounced)
        #expect(totals["held"] == own.held)
        #expect(totals["rejected"] == 0)
        #expect(place.log.components(separatedBy: "status=expired").count - 1 == own.expired)
        // Nothing of it went uncounted in the metrics of the two daemons; the first one settled what needs no relay.
        let samples = place.samples(metrics).merging(before) { $0 + $1 }
        #expect(samples[#"outspool_recipients_total{outcome="sent"}"#] == own.delivered)
        #expect(samples[#"outspool_jobs_dead_total{cause="expired",template="hello"}"#] == own.expired)
        #expect(samples[#"outspool_jobs_held_total{template="once"}"#] == own.held)
        #expect(samples["outspool_jobs_received_total"] == own.received)
        #expect((before["outspool_jobs_received_total"] ?? 0) >= 50)
        // The report is made of our words: reasons, relays, senders, warnings.
        #expect(report.contains("No such user") && report.contains("Greylisted") && report.contains("test@example.com"))
        #expect(report.contains("in-doubt"))
    }

    @Test("In JSON every line is one object, and the same fields have types")
    func json() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user"), main: "log_format = json")
        let daemon = try place.start(
            Program.built("outspoold").path, ["--config", place.configuration.path], name: "daemon")
        try place.hello("sent")
        try place.hello("gone", to: "gone@example.com")
        try place.wait(for: "sent", in: "done")
        try place.wait(for: "gone", in: "dead")
        daemon.stop()
        let lines = try place.log.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(
            lines.allSatisfy {
                $0["at"] is String && $0["pid"] is Int && $0["level"] is String && $0["source"] is String
            })
        let about = lines.filter { $0["id"] as? String == "sent" }
        let sources = about.compactMap { $0["source"] as? String }
        #expect(
            sources == ["pickup", "cleanup", "qmgr", "smtp", "qmgr"].map { "outspool/\($0)" }, "one of each, in order")
        #expect(about[0]["uid"] as? Int == Int(getuid()) && about[0]["from"] as? String == "test@example.com")
        #expect(about[1]["message-id"] as? String == "<sent@test.example>")
        #expect(about[2]["size"] as? Int ?? 0 > 100 && about[2]["nrcpt"] as? Int == 1)
        #expect(about[3]["to"] as? String == "zoe@example.com" && (about[3]["delays"] as? [Double])?.count == 4)
        #expect(about[4]["text"] as? String == "removed")
        let bounced = try #require(lines.first { $0["status"] as? String == "bounced" })
        #expect(bounced["dsn"] as? String == "5.1.1" && bounced["text"] as? String == "550 5.1.1 No such user")
    }

    @Test("What stands in an address or a reply fakes no line of the report", .enabled(if: hasPflogsumm))
    func forged() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "rcpt=550 5.1.1 to=<a@b>, relay=x, delay=1, status=sent (ok)"))
        let daemon = try place.daemon()
        let address = #"\"x>, relay=none, delay=1, delays=1, dsn=2.0.0, status=sent y\"@example.com"#
        try place.drop("forged", #"{"template":"hello","to":"\#(address)","params":{"name":"x"}}"#)
        try place.drop(
            "field", #"{"template":"hello","to":"a@example.com","to=<a@b>, relay=x, delay=1, status=sent":1}"#)
        try place.wait(for: "forged", in: "dead")
        try place.wait(for: "field", in: "dead")
        daemon.stop()
        let totals = try totals(place).totals
        #expect(totals["received"] == 2)
        #expect(totals["delivered"] == 0)
        #expect(totals["bounced"] == 2)
    }
}

extension Workplace {
    /// The samples of a metrics file that are whole numbers, by name and labels.
    func samples(_ file: URL) -> [String: Int] {
        var samples: [String: Int] = [:]
        for line in text(file).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            samples[String(line[..<space])] = Int(line[line.index(after: space)...])
        }
        return samples
    }
}
