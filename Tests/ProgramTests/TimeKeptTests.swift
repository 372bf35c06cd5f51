import Foundation
import Scratch
import Testing

/// What was said of a time holds for as long as it may take.
@Suite(
    "Times that were given are kept", .serialized, .ownThreads,
    .enabled(if: Machine.faketime != nil, "needs Debian's faketime"))
struct TimeKeptTests {
    @Test("A mail for next month is sent on its day, although max_age is five days, and has the date of that day")
    func nextMonth() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        // Time itself goes by: nobody sets a clock.
        let clock = try FakedClock(in: place, at: "+0", onlyWall: false)
        _ = try clock.daemon(of: place)
        let day = Date(timeIntervalSinceNow: 30 * 86400)
        try place.hello("letter", #","sendAt":"\#(ISO8601DateFormatter().string(from: day))""#)
        try place.wait(for: "letter", in: "scheduled")
        try clock.set("+31d")
        try place.wait(for: "letter", in: "done")
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, d MMM yyyy HH:mm:ss"
        #expect(place.mails()[0].contains("\nDate: \(format.string(from: day)) +0000"))
    }

    @Test("A job that expires because the clock is set forward is held, and sent when it is released")
    func clockWasWrong() throws {
        let place = try Workplace()
        try place.otpTemplate()
        try place.configure(port: try place.sink(), main: "max_age = 5d")
        try place.write("spool/pause", "")
        // As after a start without a clock of its own, before NTP has an answer.
        let clock = try FakedClock(in: place, at: "+0", onlyWall: true)
        _ = try clock.daemon(of: place)
        let inAnHour = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 3600))
        try place.otp("otp")
        try place.hello("old")
        try place.hello("late", #","expiresAt":"\#(inAnHour)""#)
        try clock.set("+6d")
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        for id in ["otp", "old", "late"] {
            try place.wait(for: id, in: "hold")
            let events = try place.history(id)
            #expect(events.count == 1 && events[0]["event"] as? String == "held")
            let reason = try #require(events[0]["reason"] as? String)
            #expect(reason.hasPrefix("the clock was set forward by 6d, over its expiry at "))
        }
        for id in ["otp", "old"] {
            #expect(try place.outspool("release", id).status == 0)
            try place.wait(for: id, in: "done")
        }
        // Its producer named a moment, and by the clock as it is that is over.
        try place.outspool("release", "late")
        try place.wait(for: "late", in: "dead")
        // What is submitted now has its time by the clock as it is.
        try place.hello("over", #","expiresAt":"\#(inAnHour)""#)
        try place.wait(for: "over", in: "dead")
        #expect(place.mails().count == 2)
    }
}
