import Foundation
import Scratch
import Testing

@Suite("Trouble with relays", .serialized, .ownThreads)
struct RelayTroubleTests {
    /// The processor time that a process has used, in seconds.
    func processorTime(_ process: RunningProgram) throws -> Double {
        let fields = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
            .components(separatedBy: ") ").last!.split(separator: " ")
        return Double(Int(fields[11])! + Int(fields[12])!) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    @Test("While the relay is down jobs wait in new/, none loses an attempt, no processor time is used")
    func down() throws {
        let place = try Workplace()
        let port = try place.sink()
        // A relay that is not there: the sink's port is taken, so one next to it is asked for and freed.
        let free = try Machine.freePort()
        try place.configure(port: free)
        let daemon = try place.daemon()
        for index in 0..<1000 { try place.hello("job\(index)") }
        try place.wait("the breaker to open") { place.log.contains("relay main failed") }
        let before = try processorTime(daemon)
        let start = Date()
        // The claim is about time that passes, so some has to.
        pass(.seconds(3))
        #expect(try processorTime(daemon) - before < 0.3 * Date().timeIntervalSince(start))
        #expect(place.names("new").count == 1000)
        #expect(place.names("cur/main").isEmpty)
        #expect(try place.history("job1").isEmpty)
        try place.configure(port: port)
        daemon.send(SIGHUP)
        try place.wait("all to be delivered", limit: .seconds(60)) { place.names("done").count == 1000 }
        #expect(try place.events("job999") == ["sending", "sent"])
    }

    @Test("The next relay takes over while the first one is down")
    func failover() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(
            relays: """
                [relay first]
                url = smtp://127.0.0.1:\(try Machine.freePort())
                tls = none
                [relay second]
                url = smtp://127.0.0.1:\(port)
                tls = none
                """)
        _ = try place.daemon()
        try place.hello("over")
        try place.wait(for: "over", in: "done")
        #expect(try place.history("over").first?["relay"] as? String == "second")
    }

    @Test("A mail that makes the relay drop the connection climbs its buckets while others flow")
    func poison() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt(poison@example.com)=close"))
        _ = try place.daemon()
        try place.hello("poison", to: "poison@example.com")
        for index in 0..<20 { try place.hello("fine\(index)") }
        try place.wait(for: "poison", in: "retry/01-30s")
        try place.wait("the others") { place.names("done").count == 20 }
        #expect(try place.events("poison") == ["deferred"])
    }

    @Test("A mistyped sender does not bury the queue: the breaker opens after a few refusals")
    func sameRefusal() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "mail=550 5.7.1 Sender not allowed"), relay: "tls = none\nconnections = 1")
        _ = try place.daemon()
        for index in 0..<40 { try place.hello("job\(index)") }
        try place.wait("the breaker to open") { place.log.contains("breaker opened") }
        #expect(place.names("dead").count < 20)
        #expect(place.names("new").count > 20)
    }

    @Test("421 at MAIL is an attempt of the job, and its sender's jobs rest; those of others pass at once")
    func busy() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "mail(poison@example.com)=421 4.3.2 Too many"))
        _ = try place.daemon()
        for index in 0..<30 { try place.hello("bad\(index)", #","from":"poison@example.com""#) }
        try place.wait("the sender to rest") { place.log.contains("refuses sender <poison@example.com>") }
        for index in 0..<10 {
            let start = Date()
            try place.hello("good\(index)")
            try place.wait(for: "good\(index)", in: "done")
            #expect(Date().timeIntervalSince(start) < 1)
        }
        #expect(place.names("retry/01-30s").count < 20)
        #expect(place.names("dead").isEmpty)
        try place.wait("status to say so") {
            try place.outspool("status").out.contains("relay main refuses poison@example.com: 421 4.3.2 Too many")
        }
    }

    @Test("A quota at the dot buries nothing, and the next relay takes over")
    func quota() throws {
        let place = try Workplace()
        let port = try place.sink("--fail", "dot=550 5.4.5 Daily user sending limit exceeded")
        let spare = try place.sink()
        try place.configure(port: port, relay: "tls = none\n[relay spare]\nurl = smtp://127.0.0.1:\(spare)\ntls = none")
        _ = try place.daemon()
        for index in 0..<100 { try place.hello("job\(index)") }
        try place.wait("all to be delivered") { place.names("done").count == 100 }
        #expect(place.names("dead").isEmpty)
    }

    @Test("One refusal for everything buries three, and the rest goes when it ends")
    func row() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "dot=554 Policy says no:6"), relay: "tls = none\nconnections = 1")
        _ = try place.daemon()
        for index in 0..<60 { try place.hello("job\(index)") }
        try place.wait("the rest to be delivered", limit: .seconds(60)) { place.names("done").count == 57 }
        #expect(place.names("dead").count == 3)
    }

    @Test("rate bounds what is sent in a second")
    func rate() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "tls = none\nrate = 10/s")
        _ = try place.daemon()
        let start = Date()
        for index in 0..<30 { try place.hello("job\(index)") }
        try place.wait("all to be delivered") { place.names("done").count == 30 }
        // Ten may go at once, the rest at ten a second.
        #expect(Date().timeIntervalSince(start) > 1.5)
    }

    @Test("connections is the most there are at a time, and they are used again")
    func connections() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=20ms"), relay: "tls = none\nconnections = 3")
        _ = try place.daemon()
        for index in 0..<60 { try place.hello("job\(index)") }
        try place.wait("all to be delivered") { place.names("done").count == 60 }
        // Sixty mails are fewer than a connection carries, so there is no reason for a fourth session.
        let sessions = Set(
            place.mails().compactMap { mail in
                mail.split(whereSeparator: \.isNewline).first { $0.hasPrefix("X-Sink-Session:") }?.prefix { $0 != ";" }
            })
        #expect((2...3).contains(sessions.count), "\(sessions)")
    }
}
