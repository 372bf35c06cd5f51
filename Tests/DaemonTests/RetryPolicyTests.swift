import JSON
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Retry policy")
struct RetryPolicyTests {
    let policy = RetryPolicy()
    let now = Timestamp(seconds: 1_800_000_000)

    /// The table of attempt times that the manual gives, not the formula.
    @Test(
        "A job climbs one bucket per failure",
        arguments: zip(
            1...12, [30, 60, 120, 240, 480, 960, 1920, 3600, 7200, 14400, 14400, 14400]))
    func delays(attempt: Int, seconds: Int) {
        let due = policy.due(afterAttempt: attempt, now: now, jitter: 0, expiry: .distantFuture)
        #expect(due - now == .seconds(Int64(seconds)))
    }

    @Test("The delay varies by a tenth either way", arguments: [(-1.0, 27.0), (0, 30), (1, 33)])
    func jitter(factor: Double, seconds: Double) {
        let due = policy.due(afterAttempt: 1, now: now, jitter: factor, expiry: .distantFuture)
        #expect((due - now).inSeconds == seconds)
    }

    @Test("Nothing is due after its expiry")
    func boundedByExpiry() {
        let expiry = now + .seconds(7)
        #expect(policy.due(afterAttempt: 5, now: now, jitter: 0, expiry: expiry) == expiry)
        #expect(policy.due(afterAttempt: 5, now: now, jitter: 0, expiry: now - .seconds(7)) == now)
    }

    @Test("The age of a job counts from its sendAt; what is no job has a submission alone")
    func expiry() throws {
        let job = try Job(
            JSON(parsing: Array(#"{"template":"x","sendAt":"\#((now + .days(30)).rfc3339)"}"#.utf8)))
        #expect(policy.expiry(submitted: now, of: job, ttl: nil) == now + .days(35))
        #expect(policy.expiry(submitted: now, of: nil, ttl: .minutes(15)) == now + .minutes(15))
    }
}
