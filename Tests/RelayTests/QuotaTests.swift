import Relay
import Testing
import Time

@Suite("Quota")
struct QuotaTests {
    private let start = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!

    @Test(
        "It is a number of recipients in a minute, an hour or a day",
        arguments: [
            ("500/d", 500, Quota.Unit.day), ("50/h", 50, .hour), ("30/m", 30, .minute), ("50k/d", 50_000, .day),
            ("1M/d", 1_000_000, .day),
        ])
    func reads(text: String, limit: Int, unit: Quota.Unit) throws {
        let quota = try #require(Quota(text))
        #expect(quota.limit == limit && quota.unit == unit)
        #expect(try #require(Quota(quota.text)) == quota)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "500", "0/d", "-1/d", "5/s", "5/w", "5 / d", "5/d,", "1.5/d", "/d", "５/d", "9999999999999999999/d",
        ])
    func refuses(text: String) { #expect(Quota(text) == nil) }

    @Test(
        "What is taken counts for the whole length, and one slice of it at most longer", arguments: Quota.Unit.allCases)
    func rolls(unit: Quota.Unit) throws {
        var quota = Quota(limit: 5, unit: unit)
        let slice = Span(nanoseconds: unit.span.nanoseconds / 60)
        // In the middle of a slice.
        let taken = start + slice * 0.5
        #expect(quota.used(at: taken) == 0 && quota.nextRoom(after: taken) == nil)
        quota.count(3, at: taken)
        #expect(quota.used(at: taken) == 3 && quota.nextRoom(after: taken) == nil)
        quota.count(2, at: taken + slice)
        let room = try #require(quota.nextRoom(after: taken + slice))
        #expect(room >= taken + unit.span && room <= taken + unit.span + slice)
        #expect(quota.used(at: taken + unit.span) == 5)
        #expect(quota.used(at: room) == 2 && quota.nextRoom(after: room) == nil)
        #expect(quota.used(at: room + slice) == 0)
    }

    @Test("Room comes when enough has been forgotten, also of more than the limit")
    func overfull() throws {
        var quota = Quota(limit: 5, unit: .hour)
        for minute in 0..<10 { quota.count(1, at: start + .minutes(Int64(minute))) }
        let now = start + .minutes(10)
        #expect(quota.used(at: now) == 10)
        // Six of the ten have to go.
        #expect(quota.nextRoom(after: now) == start + .minutes(5 + 1 + 60))
    }

    @Test("No stretch of the length holds more than the limit, whatever is asked for and when")
    func never() {
        var numbers = SystemRandomNumberGenerator()
        for unit in Quota.Unit.allCases {
            var quota = Quota(limit: 40, unit: unit)
            var now = start
            var taken: [(at: Timestamp, count: Int)] = []
            for _ in 0..<2000 {
                now = now + Span(nanoseconds: Int64.random(in: 0...unit.span.nanoseconds / 30, using: &numbers))
                let count = min(Int.random(in: 1...5, using: &numbers), quota.limit - quota.used(at: now))
                guard count > 0 else { continue }
                quota.count(count, at: now)
                taken.append((now, count))
            }
            #expect(quota.slices.count <= 62)
            var first = 0
            var sum = 0
            var most = 0
            for (at, count) in taken {
                sum += count
                while taken[first].at + unit.span <= at {
                    sum -= taken[first].count
                    first += 1
                }
                most = max(most, sum)
            }
            #expect(most <= 40)
            // It is used as well: of what a length could hold, nearly all was taken.
            #expect(most >= 38)
        }
    }

    @Test("After the clock was set back, what was taken counts for one more length, and no longer")
    func setBack() throws {
        var quota = Quota(limit: 5, unit: .day)
        quota.count(5, at: start + .days(365))
        #expect(quota.nextRoom(after: start) != nil)
        quota.tidy(at: start)
        let room = try #require(quota.nextRoom(after: start))
        #expect(room > start + .hours(23) && room < start + .hours(25))
        #expect(quota.used(at: start) == 5)
    }

    @Test("Another limit goes on from the same count")
    func adopts() {
        var quota = Quota(limit: 5, unit: .day)
        quota.count(5, at: start)
        var larger = Quota(limit: 8, unit: .day)
        larger.adopt(quota.slices)
        #expect(larger.used(at: start) == 5 && larger.nextRoom(after: start) == nil)
    }

    @Test("Counts from a file may be anything: nothing overflows, and none is below zero")
    func hostile() {
        var quota = Quota(limit: 5, unit: .day)
        quota.adopt(
            [
                .init(start: .distantFuture, count: .max), .init(start: start, count: .max),
                .init(start: start, count: -7),
            ]
                + Array(repeating: .init(start: start, count: .max), count: 1000))
        #expect(quota.used(at: start) > 5)
        quota.count(.max, at: start)
        quota.tidy(at: start)
        #expect(quota.nextRoom(after: start) != nil)
        quota.tidy(at: start + .days(3))
        #expect(quota.used(at: start + .days(3)) == 0)
    }
}
