import Relay
import SMTP
import Testing
import Time

/// A wrong password, and how often a relay hears it.
@Suite("Pause of logins")
struct LoginPauseTests {
    /// Plays a relay that refuses every login, with jobs that wait all the time: how many logins it hears.
    private func logins(
        in span: Span, worked: Bool, forGood: Bool = true, duration: Span = .milliseconds(100)
    ) -> Int {
        var pause = LoginPause()
        var breaker = Breaker(limit: 10)
        if worked { pause.worked() }
        var (count, now) = (0, Int64(0))
        while now < span.nanoseconds {
            // As many as may be under way begin together, and are refused together.
            let together = min(breaker.allowed(at: now), pause.limit)
            count += together
            for index in 0..<together {
                let end = now + duration.nanoseconds
                guard index == 0 || !breaker.isOpen || breaker.allowed(at: end) > 0 else {
                    breaker.open("535", isUnreachable: true, at: end)
                    continue
                }
                breaker.open("535", isUnreachable: true, pause: pause.refused(forGood: forGood, at: end), at: end)
            }
            now += Span.seconds(1).nanoseconds
        }
        return count
    }

    @Test(
        "A wrong password costs fewer than 12 logins in an hour, however it is refused", arguments: [false, true],
        [false, true])
    func hour(worked: Bool, forGood: Bool) {
        let count = logins(in: .hours(1), worked: worked, forGood: forGood)
        #expect(count < 12 && count > 2, "\(count)")
    }

    @Test("After that one an hour")
    func day() { #expect(logins(in: .days(1), worked: true) < 12 + 24) }

    @Test("One login at a time until one has worked, and again after a refusal")
    func limit() {
        var pause = LoginPause()
        #expect(pause.limit == 1)
        pause.worked()
        #expect(pause.limit > 1)
        let span = pause.refused(forGood: true, at: 0)
        #expect(span == .minutes(2) && pause.limit == 1 && pause.isOn)
    }

    @Test("Pauses grow to an hour, and a change of the secret begins anew")
    func grows() {
        var pause = LoginPause()
        let spans = (0..<8).map { _ in pause.refused(forGood: true, at: 0) }
        #expect(spans == [2, 4, 8, 16, 32, 60, 60, 60].map { Span.minutes($0) })
        pause.end()
        #expect(!pause.isOn)
        let first = pause.refused(forGood: true, at: 0)
        #expect(first == .minutes(2))
    }

    @Test("A breaker that waits for an hour is probed at once when the secret has changed")
    func probe() {
        var breaker = Breaker(limit: 4)
        breaker.open("535", isUnreachable: true, pause: .hours(1), at: 0)
        let now = Span.minutes(3).nanoseconds
        #expect(breaker.allowed(at: now) == 0)
        breaker.probeNow(at: now)
        #expect(breaker.allowed(at: now) == 1 && breaker.isOpen)
    }
}
