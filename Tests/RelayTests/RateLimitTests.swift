import Relay
import Testing
import Time

@Suite("Rate limit")
struct RateLimitTests {
    @Test(
        "Spreads messages evenly",
        arguments: [
            ("14/s", 71_428_572), ("600/m", 100_000_000), ("50k/h", 72_000_000), ("1M/d", 86_400_000),
            ("1/d", 86_400_000_000_000),
            ("1M/s", 1000 - 20_000_000),
        ] as [(String, Int64)])
    func spreads(text: String, wait: Int64) throws {
        var limit = try RateLimit(#require(Rate(text)))
        #expect(limit.take(at: 0) == nil)
        // Where more may start at once, the second one does not wait.
        #expect(limit.take(at: 0) == (wait > 0 ? Span(nanoseconds: wait) : nil))
    }

    @Test("Keeps the rate over time", arguments: [("14/s", 14), ("100/s", 100), ("1k/s", 1000), ("15k/s", 15000)])
    func keeps(text: String, perSecond: Int) throws {
        var limit = try RateLimit(#require(Rate(text)))
        var now: Int64 = 5_000_000_000
        let start = now
        var taken: [Int64] = []
        while now < start + 10_000_000_000 {
            if let wait = limit.take(at: now) {
                #expect(wait > .zero)
                now += wait.nanoseconds
            } else {
                taken.append(now)
            }
        }
        let burst = perSecond > 100 ? perSecond / 50 + 1 : 0
        #expect((perSecond * 10 - perSecond / 10...perSecond * 10 + burst + 1).contains(taken.count))
        // No second holds more than the rate and what may start at once.
        for (index, first) in taken.enumerated() where index + perSecond + burst < taken.count {
            if taken[index + perSecond + burst] - first < 1_000_000_000 {
                Issue.record("too many within a second at \(first)")
                return
            }
        }
    }

    @Test("Rests for as long as it is told, but not longer than from one message to the next")
    func rests() throws {
        var limit = try RateLimit(#require(Rate("1/s")))
        limit.rest(for: .zero, at: 0)
        #expect(limit.wait(at: 0) == .zero)
        limit.rest(for: .milliseconds(300), at: 0)
        #expect(limit.wait(at: 0) == .milliseconds(300) && limit.take(at: 0) == .milliseconds(300))
        limit.rest(for: .days(300), at: 0)
        #expect(limit.wait(at: 0) == .seconds(1) && limit.take(at: 1_000_000_000) == nil)
        var fast = try RateLimit(#require(Rate("1k/s")))
        fast.rest(for: .seconds(9), at: 0)
        #expect(fast.wait(at: 0) == .milliseconds(1))
    }

    @Test("Saves nothing up")
    func pause() throws {
        var limit = try RateLimit(#require(Rate("10/s")))
        #expect(limit.take(at: 0) == nil)
        #expect(limit.take(at: 3_600_000_000_000) == nil)
        #expect(limit.take(at: 3_600_000_000_000) == .milliseconds(100))
    }
}
