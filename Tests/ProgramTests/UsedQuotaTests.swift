import Foundation
import Scratch
import Testing

@Suite("A quota that is used up", .serialized, .ownThreads)
struct UsedQuotaTests {
    private func relay(_ name: String, _ port: Int, _ keys: String = "") -> String {
        "[relay \(name)]\nurl = smtp://127.0.0.1:\(port)\ntls = none\n\(keys)\n"
    }

    /// How many of the sent jobs went through a relay.
    private func sent(by name: String, in place: Workplace) throws -> Int {
        try place.names("done").count { id in
            try place.history(id).contains { $0["event"] as? String == "sending" && $0["relay"] as? String == name }
        }
    }

    @Test("The next relay takes over, and after a restart at once; without one mail waits until there is room")
    func overRestart() throws {
        let place = try Workplace()
        let (main, spare) = (try place.sink(), try place.sink())
        try place.configure(relays: relay("main", main, "quota = 5/d") + relay("spare", spare))
        var daemon = try place.daemon()
        for index in 0..<8 { try place.hello("job\(index)") }
        try place.wait("all to be delivered") { place.names("done").count == 8 }
        #expect(try sent(by: "main", in: place) == 5)
        #expect(try sent(by: "spare", in: place) == 3)
        try place.wait("status to tell") {
            try place.outspool("status").out.contains("main: 5 of 5/d, used up until 20")
        }
        let told = "relay main: the quota of 5/d is used up; there is room again at 20"
        try place.wait("the log to tell") { place.log.contains(told) }

        // Killed, and not stopped: what was written within the second before holds.
        try place.killAll(daemon)
        daemon = try place.daemon()
        try place.hello("next")
        try place.wait(for: "next", in: "done")
        #expect(try sent(by: "spare", in: place) == 4)
        #expect(daemon.stop() == 0)

        try place.configure(relays: relay("main", main, "quota = 5/d"))
        daemon = try place.daemon()
        for index in 0..<3 { try place.hello("late\(index)") }
        try place.wait("the queue to have them") { (place.status["waiting"] as? Int) == 3 }
        // They stay where they are, and nothing is tried.
        pass(.seconds(2))
        #expect(place.names("new").count == 3)
        #expect(try place.events("late0") == [])
        #expect(daemon.stop() == 0)

        // A day passes: the file says that what was taken was taken two days ago.
        let file = place.spool.appending(path: "relays.json")
        let now = ISO8601DateFormatter().string(from: Date()).prefix(10)
        let before = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: -2 * 86400)).prefix(10)
        let yesterday = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: -86400)).prefix(10)
        let text = place.text(file)
        #expect(text.contains(#""recipients":5"#))
        try Data(text.replacing(yesterday, with: before).replacing(now, with: before).utf8).write(to: file)
        daemon = try place.daemon()
        try place.wait("the three to be sent") { place.names("new").isEmpty && place.names("done").count == 12 }
        #expect(try sent(by: "main", in: place) == 8)
    }

    @Test("A restart or a reload gives the relay no mail before its rate allows the next one")
    func rate() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port, relay: "tls = none\nrate = 10/h")
        var daemon = try place.daemon()
        try place.hello("first")
        try place.wait(for: "first", in: "done")
        try place.wait("the moment to be written down") {
            place.text(place.spool.appending(path: "relays.json")).contains("nextStart")
        }
        try place.killAll(daemon)
        daemon = try place.daemon()
        try place.hello("second")
        try place.wait("the queue to have it") { (place.status["waiting"] as? Int) == 1 }
        try place.configure(port: port, relay: "tls = none\nrate = 10/h\nconnections = 3")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        // It stays where it is.
        pass(.seconds(2))
        #expect(place.names("new") == ["second"])
        try place.configure(port: port)
        daemon.send(SIGHUP)
        try place.wait(for: "second", in: "done")
    }
}
