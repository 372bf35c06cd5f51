import Linux
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Buckets")
struct BucketsTests {
    private let place: SpoolPlace

    init() throws { place = try SpoolPlace() }

    /// What was handed over: `directory/id`, and whether there is room for more.
    private final class Taker {
        var taken: [String] = []
        var hasRoom = true
        func take(_ id: JobID, _ state: State) -> Bool {
            if hasRoom { taken.append("\(state.path)/\(id)") }
            return hasRoom
        }
    }

    private func buckets(_ taker: Taker) -> Buckets {
        Buckets(spool: place.spool, loop: place.loop, log: place.log) { taker.take($0, $1) }
    }

    private let first = State.retry(.first)

    @Test("What is due at the start is handed over at once, the rest in its time")
    func due() throws {
        let now = Timestamp.now
        try place.put("retry/01-30s/late", modified: now - .hours(1))
        try place.put("retry/10-4h/old", modified: now - .minutes(1))
        try place.put("scheduled/past", modified: now - .seconds(1))
        try place.put("scheduled/soon", modified: now + .milliseconds(500))
        try place.put("retry/01-30s/later", modified: now + .seconds(25))
        try place.put("scheduled/next-year", modified: now + .days(365))
        try place.put("retry/01-30s/.hidden", modified: now - .hours(1))
        let taker = Taker()
        let buckets = buckets(taker)
        var soonCame: Timestamp?
        buckets.start()
        try place.run(until: {
            if taker.taken.contains("scheduled/soon"), soonCame == nil { soonCame = .now }
            return taker.taken.count == 4
        })
        #expect(Set(taker.taken) == ["retry/01-30s/late", "retry/10-4h/old", "scheduled/past", "scheduled/soon"])
        #expect(taker.taken.last == "scheduled/soon")
        #expect(try #require(soonCame) >= now + .milliseconds(500))
        #expect(buckets.count(first) == 1 && buckets.count(.scheduled) == 1)
    }

    @Test("A due time of a clock that was set back is mended, and written down; the operator's is not")
    func mended() throws {
        let now = Timestamp.now
        // As the history has it: the daemon's own.
        var event = Event(.deferred, at: now)
        event.attempt = 1
        event.next = now + .hours(1)
        try place.put("retry/01-30s/far", modified: now + .hours(1))
        try place.scratch.write(
            "{}\n" + String(decoding: event.line, as: UTF8.self), to: "spool/retry/01-30s/far")
        try place.spool.root.setModified("retry/01-30s/far", nanoseconds: (now + .hours(1)).nanoseconds)
        try place.put("retry/01-30s/touched", modified: now + .hours(2))
        try place.put("retry/01-30s/near", modified: now + .seconds(35))
        try place.put("scheduled/far", modified: now + .hours(1))
        let taker = Taker()
        let buckets = buckets(taker)
        buckets.start()
        try place.run(until: { buckets.count(first) == 3 && buckets.count(.scheduled) == 1 })
        #expect(try place.modified("retry/01-30s/touched") == now + .hours(2))
        let mended = try place.modified("retry/01-30s/far")
        #expect(mended >= now + .seconds(30) && mended < now + .seconds(41))
        #expect(try place.modified("retry/01-30s/near") == now + .seconds(35))
        #expect(try place.modified("scheduled/far") == now + .hours(1))
        #expect(taker.taken == [])
    }

    @Test("A job for which there is no room stays, and comes when there is")
    func blocked() throws {
        for id in ["a", "b"] { try place.put("retry/01-30s/\(id)", modified: .now - .minutes(1)) }
        let taker = Taker()
        taker.hasRoom = false
        let buckets = buckets(taker)
        buckets.start()
        try place.run(until: { buckets.count(first) == 2 })
        try place.loop.pass(.milliseconds(20))
        #expect(taker.taken == [] && buckets.count(first) == 2)
        taker.hasRoom = true
        buckets.resume()
        try place.run(until: { taker.taken.count == 2 })
        #expect(buckets.count(first) == 0)
    }

    @Test("Hints are followed: what arrives, what the daemon puts there, what is hastened")
    func hints() throws {
        let now = Timestamp.now
        let taker = Taker()
        let buckets = buckets(taker)
        try place.put("retry/01-30s/moved", modified: now)
        buckets.arrived(DirectoryName("moved"), in: first)
        buckets.arrived(DirectoryName("vanished"), in: first)
        buckets.arrived(DirectoryName("no id"), in: first)
        try place.put("retry/02-1m/own", modified: now - .seconds(1))
        buckets.put(try #require(JobID("own")), in: .retry(.oneMinute), due: now - .seconds(1))
        try place.put("retry/03-2m/hastened", modified: now + .minutes(2))
        buckets.arrived(DirectoryName("hastened"), in: .retry(.twoMinutes))
        #expect(buckets.count(.retry(.twoMinutes)) == 1)
        buckets.hasten(try #require(JobID("hastened")), in: .retry(.twoMinutes), now: now)
        buckets.hasten(try #require(JobID("vanished")), in: first, now: now)
        try place.run(until: { taker.taken.count >= 4 })
        #expect(try place.modified("retry/03-2m/hastened") == now)
        // That one is not there is found out by who looks at it.
        #expect(
            Set(taker.taken) == [
                "retry/01-30s/moved", "retry/02-1m/own", "retry/03-2m/hastened", "retry/01-30s/vanished",
            ])
        #expect(try place.logged == "")
    }

    @Test("A job that was due and not taken is met again when the directory is read")
    func missed() throws {
        try place.put("retry/01-30s/a", modified: .now - .minutes(1))
        let taker = Taker()
        let buckets = buckets(taker)
        buckets.start()
        try place.run(until: { taker.taken.count == 1 })
        buckets.readMissed()
        // Nothing was missed, so nothing is read: no event tells of that.
        try place.loop.pass(.milliseconds(20))
        #expect(taker.taken.count == 1)
        buckets.missed(first)
        buckets.readMissed()
        try place.run(until: { taker.taken.count == 2 })
    }

    @Test("After lost hints, or a clock that was set, everything is read")
    func readAll() throws {
        let taker = Taker()
        let buckets = buckets(taker)
        try place.put("retry/01-30s/a", modified: .now + .seconds(20))
        buckets.start()
        try place.run(until: { buckets.count(first) == 1 })
        try place.put("retry/01-30s/a", modified: .now)
        try place.put("scheduled/b", modified: .now)
        buckets.readAll()
        try place.run(until: { Set(taker.taken) == ["retry/01-30s/a", "scheduled/b"] })
        try place.put("retry/04-4m/c", modified: .now)
        buckets.clockWasSet()
        try place.run(until: { taker.taken.contains("retry/04-4m/c") })
    }
}
