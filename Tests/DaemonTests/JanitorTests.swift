import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Janitor")
struct JanitorTests {
    private let place: SpoolPlace
    private let janitor: Janitor

    init() throws {
        place = try SpoolPlace()
        janitor = Janitor(spool: place.spool, loop: place.loop, log: place.log, retention: .days(1))
    }

    private func done(_ day: String, _ id: String, age: Span) throws {
        let path = place.scratch.path("spool/done/\(day)")
        do { try Directory.make(path: path, mode: 0o700) } catch { if error != .exists { throw error } }
        try place.put("done/\(day)/\(id)", modified: .now - age)
    }

    @Test("Sent jobs go when their retention is over, and their day with the last of them")
    func prunes() throws {
        try done("2020-01-01", "old", age: .days(3))
        try done("2020-01-02", "old", age: .hours(25))
        try done("2020-01-02", "young", age: .hours(23))
        try done("2020-01-03", "mine", age: .hours(1))
        janitor.sweep(boxes: [], now: .now)
        try place.run(until: {
            try place.names("done") == ["2020-01-02", "2020-01-03"] && place.names("done/2020-01-02") == ["young"]
        })
        #expect(try place.names("done/2020-01-03") == ["mine"])
        #expect(try place.logged == "")
    }

    @Test("Without a retention everything goes but the day of today")
    func none() throws {
        let today = Timestamp.now.day
        janitor.retention = .zero
        try done(today, "a", age: .zero)
        try done("2020-01-01", "a", age: .zero)
        janitor.sweep(boxes: [], now: .now)
        try place.run(until: { try place.names("done") == [today] && place.names("done/\(today)").isEmpty })
    }

    @Test("Drafts go after a day and a half, in boxes too; what is no file stays")
    func drafts() throws {
        try Creation.dropBox("shop", group: Process.effectiveGroup, in: place.spool.path)
        let box = try DropBox("shop", in: place.spool)
        try place.put("tmp/.draft")
        try place.put("tmp/draft", modified: .now - .days(9))
        try place.put("drop/shop/tmp/draft", modified: .now - .days(9))
        try Directory.make(path: place.scratch.path("spool/tmp/directory"), mode: 0o700)
        // An old job is swept last: then the round is over.
        try done("2020-01-01", "old", age: .days(9))
        // Their mtime says nine days; but they came a moment ago, and ctime knows.
        janitor.sweep(boxes: [box], now: .now + .hours(35))
        try place.run(until: { try place.names("done").isEmpty })
        #expect(try place.names("tmp") == [".draft", "directory", "draft"])
        #expect(try place.names("drop/shop/tmp") == ["draft"])
        janitor.sweep(boxes: [box], now: .now + .hours(37))
        try place.run(until: { try !place.names("tmp").contains("draft") })
        #expect(try place.names("tmp").contains("directory"))
        #expect(try place.names("drop/shop/tmp") == [])
    }

    @Test("After the clock was set forward nothing goes before its whole time has passed")
    func jumped() throws {
        try done("2020-01-01", "old", age: .days(3))
        try place.put("tmp/draft")
        janitor.clockWasSetForward()
        janitor.sweep(boxes: [], now: .now + .days(9))
        // Nothing must happen, and no event tells of that.
        try place.loop.pass(.milliseconds(50))
        #expect(try place.names("done/2020-01-01") == ["old"])
        #expect(try place.names("tmp") == ["draft"])
    }
}
