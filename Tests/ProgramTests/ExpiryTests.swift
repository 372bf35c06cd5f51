import Foundation
import Scratch
import Testing

/// A one-time password is good for 15 minutes. The daemon is the real one, its clocks jump by 16 minutes.
@Suite(
    "What is over its time is never sent", .serialized, .ownThreads,
    .enabled(if: Machine.faketime != nil, "needs Debian's faketime"))
struct ExpiryTests {
    /// A daemon whose clocks, the wall's and the monotonic one, are as far ahead as ``jump()`` says.
    private final class Ahead {
        let place: Workplace
        private let clock: FakedClock

        init(_ place: Workplace) throws {
            self.place = place
            try place.otpTemplate()
            clock = try FakedClock(in: place, at: "+0", onlyWall: false)
            _ = try clock.daemon(of: place)
        }

        func jump(minutes: Int = 16) throws { try clock.set("+\(minutes)m") }

        func expectExpired(_ id: String, after events: [String]) throws {
            try place.wait(for: id, in: "dead")
            #expect(try place.events(id) == events + ["expired"])
            // The log is written at the end of the daemon's round.
            try place.wait("the log to say so") { place.log.contains("\(id): status=expired") }
        }
    }

    @Test("Its relay down for 16 minutes, a password is dead with `expired`; what has no ttl is sent then")
    func relayDown() throws {
        let place = try Workplace()
        // A port that nobody listens on, until somebody does.
        let port = try place.sink()
        try #require(place.lastStarted).stop()
        try place.configure(port: port)
        let ahead = try Ahead(place)
        try place.otp("otp")
        try place.hello("letter")
        try place.wait("the relay to be found down") { place.log.contains("relay main failed at connect") }
        #expect(place.names("new") == ["letter", "otp"])
        try ahead.jump()
        try ahead.expectExpired("otp", after: [])
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path], name: "again")
        try place.wait(for: "letter", in: "done")
        #expect(place.mails().count == 1)
        #expect(place.mails()[0].contains("this is a test."))
    }

    @Test("Deferred")
    func retry() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        let ahead = try Ahead(place)
        try place.otp("otp")
        try place.wait(for: "otp", in: "retry/01-30s")
        try ahead.jump()
        try ahead.expectExpired("otp", after: ["deferred"])
        #expect(place.mails().isEmpty)
    }

    @Test("Deferred for fourteen minutes only, it is sent")
    func inTime() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        let ahead = try Ahead(place)
        try place.otp("otp")
        try place.wait(for: "otp", in: "retry/01-30s")
        try ahead.jump(minutes: 14)
        try place.wait(for: "otp", in: "done")
        #expect(place.mails().count == 1)
    }

    @Test("Held, and released too late")
    func hold() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let ahead = try Ahead(place)
        try place.write("spool/pause", "")
        try place.wait("the pause to be seen") { place.log.contains("paused: everything") }
        try place.otp("otp")
        try FileManager.default.moveItem(
            at: place.spool.appending(path: "new/otp"), to: place.spool.appending(path: "hold/otp"))
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        try place.wait("the pause to be over") { place.log.contains("not paused") }
        try ahead.jump()
        // In hold/ nothing looks at it.
        try place.hello("letter")
        try place.wait(for: "letter", in: "done")
        #expect(place.places("otp") == ["hold"])
        try FileManager.default.moveItem(
            at: place.spool.appending(path: "hold/otp"), to: place.spool.appending(path: "new/otp"))
        try ahead.expectExpired("otp", after: [])
        #expect(place.mails().count == 1)
    }

    @Test("Scheduled for a time that is over by more than its ttl")
    func scheduled() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let ahead = try Ahead(place)
        let inTenMinutes = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 600))
        try place.otp("otp", #","sendAt":"\#(inTenMinutes)""#)
        try place.wait(for: "otp", in: "scheduled")
        try ahead.jump(minutes: 26)
        try ahead.expectExpired("otp", after: ["scheduled"])
        #expect(place.mails().isEmpty)
    }

    @Test("Blocked by its template until it was too late")
    func blocked() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let ahead = try Ahead(place)
        try place.write("templates/otp/text.mustache", "{{#open}}")
        try place.otp("otp")
        try place.wait(for: "otp", in: "retry/01-30s")
        try ahead.jump()
        try place.write("templates/otp/text.mustache", "Repaired")
        try ahead.expectExpired("otp", after: ["blocked"])
        #expect(place.mails().isEmpty)
    }
}
