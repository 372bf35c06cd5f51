import Relay
import Testing
import Time

@Suite("Allowance of a relay")
struct AllowanceTests {
    private let now = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!

    private func allowance(_ quotas: String..., rate: String? = nil) throws -> Allowance {
        var allowance = Allowance()
        allowance.use(
            rate: try rate.map { RateLimit(try #require(Rate($0))) },
            quotas: try quotas.map { try #require(Quota($0)) },
            at: now, clock: 0)
        return allowance
    }

    @Test("Without settings there is room for all, at once")
    func free() throws {
        let allowance = try allowance()
        #expect(allowance.room(at: now) == .max && allowance.pause(at: 0) == nil)
        #expect(allowance.nextStart(at: now, clock: 0) == nil)
    }

    @Test("What is under way is reserved, and what was not taken is given back")
    func reserves() throws {
        var allowance = try allowance("5/d")
        allowance.reserve(3)
        #expect(allowance.room(at: now) == 2)
        allowance.reserve(2)
        #expect(allowance.room(at: now) == 0)
        // Nothing is used up before it is taken.
        #expect(allowance.quotas[0].used(at: now) == 0)
        allowance.settle(reserved: 3, taken: 1, at: now)
        #expect(allowance.room(at: now) == 2 && allowance.quotas[0].used(at: now) == 1)
        allowance.settle(reserved: 2, taken: 2, at: now)
        #expect(allowance.room(at: now) == 2)
    }

    @Test("The smallest room of several quotas holds")
    func several() throws {
        var allowance = try allowance("5/h", "7/d")
        allowance.settle(reserved: 0, taken: 5, at: now)
        #expect(allowance.room(at: now) == 0)
        #expect(allowance.room(at: now + .hours(2)) == 2)
        allowance.settle(reserved: 0, taken: 2, at: now + .hours(2))
        #expect(allowance.room(at: now + .hours(6)) == 0)
        #expect(allowance.room(at: now + .hours(25)) == 5)
    }

    @Test("Other settings go on from what was taken and reserved, by the unit; a unit that goes is forgotten")
    func reload() throws {
        var allowance = try allowance("5/h", "7/d")
        allowance.settle(reserved: 0, taken: 4, at: now)
        allowance.reserve(1)
        allowance.use(rate: nil, quotas: [Quota(limit: 10, unit: .day)], at: now, clock: 0)
        #expect(allowance.quotas.map(\.text) == ["10/d"] && allowance.room(at: now) == 5)
        allowance.use(rate: nil, quotas: [Quota(limit: 6, unit: .hour)], at: now, clock: 0)
        #expect(allowance.room(at: now) == 5)
    }

    @Test("A rate's pause goes on over a reload, at most for as long as the new rate has between two mails")
    func rateReloaded() throws {
        var allowance = try allowance(rate: "60/h")
        allowance.start(at: 0)
        #expect(allowance.pause(at: 0) == .seconds(60))
        allowance.use(rate: RateLimit(try #require(Rate("60/h"))), quotas: [], at: now, clock: 10_000_000_000)
        #expect(allowance.pause(at: 10_000_000_000) == .seconds(50))
        allowance.use(rate: RateLimit(try #require(Rate("1/s"))), quotas: [], at: now, clock: 10_000_000_000)
        #expect(allowance.pause(at: 10_000_000_000) == .seconds(1))
        allowance.use(rate: nil, quotas: [], at: now, clock: 10_000_000_000)
        #expect(allowance.pause(at: 10_000_000_000) == nil)
    }

    @Test("A rate's pause goes on over a restart: by the wall clock, since the other begins anew")
    func rateRestarted() throws {
        var allowance = try allowance(rate: "60/h")
        allowance.start(at: 0)
        let next = try #require(allowance.nextStart(at: now, clock: 0))
        #expect(next >= now + .minutes(1) && next <= now + .seconds(61))
        var restarted = Allowance(nextStart: next)
        let later = now + .seconds(20)
        restarted.use(rate: RateLimit(try #require(Rate("60/h"))), quotas: [], at: later, clock: 7)
        let pause = try #require(restarted.pause(at: 7))
        #expect(pause >= .seconds(40) && pause <= .seconds(41))
        // A clock that was set back by a year holds up one mail for one interval.
        var back = Allowance(nextStart: next)
        back.use(rate: RateLimit(try #require(Rate("60/h"))), quotas: [], at: now - .days(365), clock: 7)
        #expect(back.pause(at: 7) == .seconds(60))
    }

    @Test("A pause of less than a second is not worth remembering, and none that is over")
    func shortPause() throws {
        var allowance = try allowance(rate: "14/s")
        allowance.start(at: 0)
        #expect(allowance.nextStart(at: now, clock: 0) == nil)
        var old = Allowance(nextStart: now)
        old.tidy(at: now + .seconds(1))
        #expect(old.nextStart(at: now, clock: 0) == nil)
    }
}
