import Relay
import Testing

@Suite("Breaker")
struct BreakerTests {
    private let second: Int64 = 1_000_000_000

    @Test("Opens at a failure of the relay, and tries again after 1, 2, 4 … 60 s")
    func backoff() {
        var it = Breaker(limit: 8)
        var now: Int64 = 0
        for delay in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
            it.open("refused", isUnreachable: true, at: now)
            #expect(it.isOpen)
            #expect(it.nextProbe == now + delay * second)
            #expect(it.allowed(at: now + delay * second - 1) == 0)
            now += delay * second
            #expect(it.isDue(at: now))
            #expect(it.allowed(at: now) == 1)
        }
        #expect(it.reason == "refused")
    }

    @Test("Counts failures that come together once")
    func together() {
        var it = Breaker(limit: 8)
        for offset in 0..<8 as Range<Int64> { it.open("refused", isUnreachable: true, at: offset) }
        #expect(it.nextProbe == second)
    }

    @Test("Ramps up after a success, and begins anew at one second")
    func ramp() {
        var it = Breaker(limit: 10)
        it.open("refused", isUnreachable: true, at: 0)
        it.open("refused", isUnreachable: true, at: second)
        #expect(it.nextProbe == 3 * second)
        var allowed: [Int] = []
        for _ in 0..<6 {
            it.succeeded()
            allowed.append(it.allowed(at: 3 * second))
        }
        #expect(allowed == [1, 2, 4, 8, 10, 10])
        it.open("refused", isUnreachable: true, at: 5 * second)
        #expect(it.nextProbe == 6 * second)
    }

    @Test("A relay that answers may be tried by one job at any time; one that cannot be reached may not")
    func trying() {
        for isUnreachable in [true, false] {
            var it = Breaker(limit: 8)
            it.open("550 no", isUnreachable: isUnreachable, at: 0)
            #expect(it.allowed(at: 1) == (isUnreachable ? 0 : 1))
        }
    }

    @Test("A probe that connects lets one connection through, and the delay is kept")
    func connected() {
        var it = Breaker(limit: 4)
        it.open("refused", isUnreachable: true, at: 0)
        it.connected(at: second - 1)
        #expect(it.isOpen)
        it.connected(at: second)
        #expect(it.allowed(at: second) == 1)
        #expect(!it.isOpen)
        it.open("refused", isUnreachable: true, at: second)
        #expect(it.nextProbe == 3 * second)
        it.connected(at: 3 * second)
        it.succeeded()
        #expect(it.allowed(at: 3 * second) == 2)
        it.open("refused", isUnreachable: true, at: 3 * second)
        #expect(it.nextProbe == 4 * second)
        // Where mails were refused, a connection proves nothing.
        var other = Breaker(limit: 4)
        other.open("421", isUnreachable: false, at: 0)
        other.connected(at: second)
        #expect(other.isOpen)
    }

    @Test("A relay that refuses one more connection has a ceiling, which rises by one a minute")
    func ceiling() {
        var it = ConnectionCeiling(limit: 10)
        #expect(it.allowed(at: 0) == 10)
        let refusals = [it.refused(standing: 3, at: 0), it.refused(standing: 3, at: 1)]
        #expect(refusals == [true, false])
        #expect(it.allowed(at: 1) == 3)
        #expect(it.allowed(at: 61 * second) == 4)
        #expect(it.allowed(at: 3600 * second) == 10)
        _ = it.refused(standing: 0, at: 0)
        #expect(it.allowed(at: 0) == 1)
    }
}
