import Foundation
import Scratch
import Testing

@Suite("Crashes and starts", .serialized, .ownThreads)
struct CrashTests {
    /// Kills the daemon at a dozen random moments under load. In the end every job is in done/, once;
    /// and what the relay got more often than once, the job's history announces.
    @Test("kill -9 at any moment: every job is delivered, every duplicate announced")
    func killed() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=2ms"), relay: "tls = none\nconnections = 20")
        let count = 400
        var submitted = 0
        for _ in 0..<12 {
            let daemon = try place.daemon()
            for _ in 0..<(count / 12 + 1) where submitted < count {
                try place.hello("job\(submitted)", to: "r\(submitted)@example.com")
                submitted += 1
            }
            usleep(UInt32.random(in: 0...60_000))
            daemon.kill()
            #expect(daemon.status == 128 + SIGKILL)
        }
        let daemon = try place.daemon()
        for _ in 0..<3 {
            // What is in doubt waits half a minute; touch is the operator's way to say now.
            try place.wait("all to be done or deferred") {
                place.names("new").isEmpty && place.names("cur/main").isEmpty
            }
            for bucket in ["retry/01-30s", "retry/02-1m"] {
                for name in place.names(bucket) {
                    // It may be claimed meanwhile.
                    try? FileManager.default.setAttributes(
                        [.modificationDate: Date()], ofItemAtPath: place.spool.appending(path: "\(bucket)/\(name)").path
                    )
                }
            }
        }
        // Twice in doubt is held: that is a promise, too.
        try place.wait("every job in done/ or hold/", limit: .seconds(60)) {
            place.names("done").count + place.names("hold").count == count
        }
        daemon.stop()
        var copies: [String: Int] = [:]
        for mail in place.mails() {
            let to = try #require(mail.split(whereSeparator: \.isNewline).first { $0.hasPrefix("To:") })
            copies[to.dropFirst(4).trimmingCharacters(in: .whitespacesAndNewlines), default: 0] += 1
        }
        for index in 0..<count {
            let id = "job\(index)"
            #expect(place.places(id).count == 1)
            let delivered = copies["r\(index)@example.com"] ?? 0
            if place.names("hold").contains(id) { continue }
            #expect(delivered >= 1, "\(id) was never delivered")
            let doubts = try place.events(id).count { $0 == "in-doubt" }
            #expect(delivered <= 1 + doubts, "\(id) was delivered \(delivered) times with \(doubts) doubts")
        }
    }

    @Test("A second daemon on the spool says so and exits")
    func second() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        let second = try place.run(
            Program.built("outspoold").path, ["--config", place.configuration.path])
        #expect(second.status == 75)
        #expect(second.err.contains("another outspoold runs on this spool"))
    }

    @Test("SIGTERM finishes what is in flight, and nothing is left in cur/")
    func drained() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--delay", "dot=2s"))
        let daemon = try place.daemon()
        try place.hello("slow")
        try place.wait("the mail to be under way") { (try? place.events("slow")) == ["sending"] }
        #expect(daemon.stop() == 0)
        #expect(place.places("slow") == ["done"])
    }

    @Test("SIGTERM beyond its grace returns what was not sent, and leaves what is past the dot")
    func aborted() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "mail(silent@example.com)=silence", "--fail", "dot=silence"),
            main: "shutdown_grace = 1s")
        let daemon = try place.daemon()
        try place.hello("before", #","from":"silent@example.com""#)
        try place.hello("behind")
        try place.wait("both to be claimed") {
            try place.names("cur/main") == ["before", "behind"] && place.events("behind") == ["sending"]
        }
        #expect(daemon.stop() == 0)
        #expect(place.places("before") == ["new"])
        #expect(try place.events("before") == ["returned"])
        #expect(place.places("behind") == ["cur/main"])
        let again = try place.daemon()
        try place.wait(for: "behind", in: "retry/01-30s")
        #expect(try place.events("behind") == ["sending", "in-doubt"])
        again.stop()
    }

    @Test("on_doubt = hold holds what may have been sent")
    func held() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "dot=close:1"))
        try place.write("templates/hello/template.conf", "on_doubt = hold\n")
        _ = try place.daemon()
        try place.hello("careful")
        try place.wait(for: "careful", in: "hold")
        #expect(try place.events("careful") == ["sending", "in-doubt"])
    }

    @Test("SIGHUP takes a valid configuration and keeps the old one otherwise")
    func reloaded() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port)
        let daemon = try place.daemon()
        try place.configure(port: port, main: "colour = blue")
        daemon.send(SIGHUP)
        try place.wait("the refusal") { place.log.contains("unknown key 'colour'") }
        try place.configure(port: port, main: "reply_to = changed@example.com")
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        try place.hello("after")
        try place.wait(for: "after", in: "done")
        #expect(place.mails().first?.contains("Reply-To: changed@example.com") == true)
    }
}
