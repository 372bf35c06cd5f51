import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Census")
struct CensusTests {
    private let place: SpoolPlace
    private let census: Census

    init() throws {
        place = try SpoolPlace()
        census = Census(spool: place.spool, loop: place.loop, log: place.log)
    }

    private func count() throws -> [String: Census.Count] {
        census.countIfDue()
        try place.run(until: { census.counted != nil })
        return Dictionary(uniqueKeysWithValues: census.counts.map { ($0.state, $0) })
    }

    @Test("Every state has its count and its oldest; hidden files are none, and days are one state")
    func counts() throws {
        let hour = Timestamp(seconds: Timestamp.now.seconds - 3600)
        try place.put("new/\(JobID.make(at: hour).text)")
        try place.put("new/\(JobID.make(at: hour + .minutes(5)).text)")
        try place.put("new/.draft")
        try place.put("hold/own-id", modified: hour - .hours(1))
        try place.put("hold/younger", modified: hour)
        try place.put("retry/02-1m/a", modified: hour)
        for day in ["2026-11-23", "2026-11-24"] {
            try Directory.make(path: place.scratch.path("spool/done/\(day)"), mode: 0o700)
            try place.put("done/\(day)/a")
        }
        try place.put("done/2026-11-24/b")
        #expect(census.counts.allSatisfy { $0.jobs == 0 })
        let counts = try count()
        #expect(counts.count == State.waiting.count + 3)
        #expect(counts["new"] == .init(state: "new", jobs: 2, oldest: hour))
        #expect(counts["hold"] == .init(state: "hold", jobs: 2, oldest: hour - .hours(1)))
        #expect(counts["done"] == .init(state: "done", jobs: 3))
        #expect(counts["dead"] == .init(state: "dead", jobs: 0))
        // The mtime is the due time: since when it waits, the change of the file says.
        let retried = try #require(counts["retry/02-1m"])
        #expect(retried.jobs == 1)
        #expect(try #require(retried.oldest) > hour + .minutes(30))
    }

    @Test("A day that has gone counts no more, and no count comes sooner than its interval")
    func again() throws {
        try Directory.make(path: place.scratch.path("spool/done/2026-11-23"), mode: 0o700)
        try place.put("done/2026-11-23/a")
        let first = try count()
        #expect(first["done"]?.jobs == 1)
        try place.scratch.remove("spool/done/2026-11-23")
        try place.put("new/a")
        census.countIfDue()
        // Nothing must be counted, and no event tells of that.
        try place.loop.pass(.milliseconds(50))
        #expect(census.counts.first { $0.state == "new" }?.jobs == 0)
        let later = Census(spool: place.spool, loop: place.loop, log: place.log)
        later.countIfDue()
        try place.run(until: { later.counted != nil })
        #expect(later.counts.last == .init(state: "done", jobs: 0))
        #expect(try place.logged == "")
    }

    @Test(
        "A generated id tells its second, another one none",
        arguments: [
            ("20261123T174411Z-x", "2026-11-23T17:44:11Z"), ("20261123T174411Z", nil), ("20261323T174411Z-x", nil),
            ("20261123-174411Z-x", nil), ("order-1042", nil),
        ] as [(String, String?)])
    func time(id: String, time: String?) throws { #expect(JobID(id)?.time?.rfc3339Seconds == time) }
}
