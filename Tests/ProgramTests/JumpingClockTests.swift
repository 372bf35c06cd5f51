import Foundation
import Scratch
import Testing

/// The wall clock is set while the daemon runs: nothing is lost, and no job waits for a time that will not come.
/// The machine's own clock is never touched.
@Suite(
    "A wall clock that jumps", .serialized, .ownThreads,
    .enabled(if: Machine.faketime != nil, "needs Debian's faketime"))
struct JumpingClockTests {
    private func modified(_ path: String, _ place: Workplace) throws -> Date {
        let attributes = try FileManager.default.attributesOfItem(atPath: place.spool.appending(path: path).path)
        return try #require(attributes[.modificationDate] as? Date)
    }

    private func set(modified: Date, _ path: String, _ place: Workplace) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: modified], ofItemAtPath: place.spool.appending(path: path).path)
    }

    @Test("Back by a day: what was deferred is due after its delay, not a day later")
    func backwards() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        let clock = try FakedClock(in: place, at: "+1d", onlyWall: true)
        _ = try clock.daemon(of: place)
        try place.hello("job")
        try place.wait(for: "job", in: "retry/01-30s")
        #expect(try modified("retry/01-30s/job", place) > Date(timeIntervalSinceNow: 80_000))
        try clock.set("+0")
        try place.wait("the due time to be mended") {
            try modified("retry/01-30s/job", place) < Date(timeIntervalSinceNow: 40)
        }
        #expect(try modified("retry/01-30s/job", place) > Date(timeIntervalSinceNow: 5))
        #expect(place.log.contains("the clock was set back by 1d"))
        #expect(place.mails().isEmpty)
        try clock.set("+2m")
        try place.wait(for: "job", in: "done")
        #expect(place.mails().count == 1)
    }

    @Test("Back by a day: the next digest of dead letters does not wait for it")
    func digest() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No such user"),
            main: "notify = ops@example.com\nnotify_interval = 10s")
        let clock = try FakedClock(in: place, at: "+1d", onlyWall: true)
        _ = try clock.daemon(of: place)
        func digests() -> [String] { place.names("done").filter { $0.hasPrefix("outspool-digest-") } }
        try place.hello("first", to: "gone@example.com")
        try place.wait("a digest") { digests().count == 1 }
        try clock.set("+0")
        try place.wait("the jump to be noticed") { place.log.contains("the clock was set back by 1d") }
        try place.hello("second", to: "gone@example.com")
        try place.wait("a second digest", limit: .seconds(40)) { digests().count == 2 }
    }

    @Test("Forward by a day: what waits for a time that is over is sent at once, and once")
    func forwards() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Later:1"))
        let clock = try FakedClock(in: place, at: "+0", onlyWall: true)
        _ = try clock.daemon(of: place)
        try place.hello("deferred")
        try place.wait(for: "deferred", in: "retry/01-30s")
        let tomorrow = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 80_000))
        let later = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 200_000))
        try place.hello("tomorrow", #","sendAt":"\#(tomorrow)""#)
        try place.hello("later", #","sendAt":"\#(later)""#)
        for id in ["tomorrow", "later"] { try place.wait(for: id, in: "scheduled") }
        try clock.set("+1d")
        for id in ["deferred", "tomorrow"] { try place.wait(for: id, in: "done") }
        #expect(place.places("later") == ["scheduled"])
        #expect(place.mails().count == 2)
        #expect(place.log.contains("the clock was set forward by 1d"))
    }

    @Test("Forward by two days: what was sent a minute ago stays in done/, which keeps it for one")
    func doneIsKept() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "done_retention = 1d")
        let clock = try FakedClock(in: place, at: "+0", onlyWall: true)
        let daemon = try clock.daemon(of: place)
        func reload() throws {
            let before = place.log.components(separatedBy: "configuration reloaded").count
            daemon.send(SIGHUP)
            try place.wait("the reload") { place.log.components(separatedBy: "configuration reloaded").count > before }
        }
        for id in ["old", "young"] {
            try place.hello(id)
            try place.wait(for: id, in: "done")
        }
        let yesterday = Date(timeIntervalSinceNow: -90_000)
        let day = place.spool.appending(path: "done/\(ISO8601DateFormatter().string(from: yesterday).prefix(10))").path
        try FileManager.default.createDirectory(atPath: day, withIntermediateDirectories: false)
        try FileManager.default.moveItem(atPath: try place.file("old").path, toPath: "\(day)/old")
        try FileManager.default.setAttributes([.modificationDate: yesterday], ofItemAtPath: "\(day)/old")
        // What is a day old goes when the daemon cleans up, which it does at a reload, too.
        try reload()
        try place.wait("the old one to be removed") { place.names("done") == ["young"] }
        try place.write("spool/tmp/draft", "a writer is at work")
        try clock.set("+2d")
        try place.wait("the jump to be noticed") { place.log.contains("the clock was set forward by 2d") }
        try reload()
        try place.hello("next")
        try place.wait(for: "next", in: "done")
        #expect(place.names("done") == ["next", "young"])
        #expect(place.names("tmp") == ["draft"])
    }

    @Test("A rate is kept by a clock that nobody sets")
    func rate() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "tls = none\nrate = 2/m")
        let clock = try FakedClock(in: place, at: "+0", onlyWall: true)
        _ = try clock.daemon(of: place)
        for index in 0..<3 { try place.hello("job\(index)") }
        try place.wait("the first to be sent") { place.names("done").count == 1 }
        for (offset, text) in [("+1d", "forward by 1d"), ("-1d", "back by 2d")] {
            try clock.set(offset)
            try place.wait("the jump to be noticed") { place.log.contains("the clock was set \(text)") }
            #expect(place.mails().count == 1)
        }
    }

    @Test("A due time that nobody can mean is the bucket's delay from now")
    func farAway() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("spool/tmp/job", #"{"template":"hello","to":"zoe@example.com"}"# + "\n")
        try set(modified: Date(timeIntervalSinceNow: 70 * 365 * 86400), "tmp/job", place)
        try FileManager.default.moveItem(
            at: place.spool.appending(path: "tmp/job"), to: place.spool.appending(path: "retry/02-1m/job"))
        try place.wait("the due time to be mended") {
            try modified("retry/02-1m/job", place) < Date(timeIntervalSinceNow: 70)
        }
        #expect(try modified("retry/02-1m/job", place) > Date(timeIntervalSinceNow: 30))
    }
}
