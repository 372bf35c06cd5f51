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
}
