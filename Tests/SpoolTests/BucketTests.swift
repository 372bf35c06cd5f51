import Spool
import Testing
import Time

@Suite("Bucket")
struct BucketTests {
    @Test(
        "A job climbs one bucket per failed attempt, then stays",
        arguments: [
            (Int.min, Bucket.thirtySeconds), (0, .thirtySeconds), (1, .thirtySeconds), (2, .oneMinute),
            (3, .twoMinutes),
            (7, .thirtyTwoMinutes), (8, .oneHour), (10, .fourHours), (11, .fourHours), (Int.max, .fourHours),
        ])
    func climbs(attempt: Int, bucket: Bucket) { #expect(Bucket(afterAttempt: attempt) == bucket) }

    @Test(
        "Names and delays are those of spool(5)",
        arguments: zip(
            Bucket.allCases,
            [
                ("01-30s", 30), ("02-1m", 60), ("03-2m", 120), ("04-4m", 240), ("05-8m", 480), ("06-16m", 960),
                ("07-32m", 1920), ("08-1h", 3600), ("09-2h", 7200), ("10-4h", 14400),
            ] as [(String, Int64)]))
    func names(bucket: Bucket, spec: (name: String, seconds: Int64)) {
        #expect(bucket.name == spec.name)
        #expect(bucket.delay == .seconds(spec.seconds))
        #expect(Bucket(name: spec.name) == bucket)
    }

    @Test("Other names are no buckets", arguments: ["", "1-30s", "01-30S", "11-8h", "01-30s/"])
    func unknownNames(name: String) { #expect(Bucket(name: name) == nil) }

    /// Seconds from now: mtime, ctime, the history's `next`, and what is due.
    private static let dues: [(modified: Int64, changed: Int64, next: Int64?, due: Int64)] = [
        // As the daemon gives it, and as `retry` does.
        (-1_000_000, -1_000_030, -1_000_000, -1_000_000), (0, 0, nil, 0), (1, -29, 1, 1), (30, 0, 30, 30),
        (36, 0, nil, 36),
        // touch -d in the future, from one minute to a year.
        (37, 0, 20, 37), (7200, 0, 20, 7200), (7200, -5, nil, 7200), (86400, 0, 30, 86400),
        (365 * 86400, 0, nil, 365 * 86400),
        // A clock that was set back: by the history, whatever became of the file since, or by the file alone.
        (86430, 86400, 86430, 30), (86430, 0, 86430, 30), (86430, 86400, nil, 30), (86430, 86400, 20, 30),
        (86400, 86400, nil, 30),
        // Who postponed it did so before the clock was set.
        (93600, 86400, 20, 93600),
        (3_660 * 86400, 0, nil, 30),
    ]

    @Test("The mtime is the due time, unless the clock was set back since it was given", arguments: dues)
    func due(modified: Int64, changed: Int64, next: Int64?, due: Int64) {
        let now = Timestamp(seconds: 1_795_455_851)
        let found = Bucket.first.due(
            // A due time has a fraction, the history none.
            modified: now + .seconds(modified) + .milliseconds(modified == 0 ? 0 : 250),
            changed: now + .seconds(changed), next: next.map { now + .seconds($0) }, now: now)
        #expect(found.seconds == (now + .seconds(due)).seconds)
    }

    @Test("A date at the end of time is a clock that jumped", arguments: Bucket.allCases)
    func endOfTime(bucket: Bucket) {
        let now = Timestamp(seconds: 1_795_455_851)
        #expect(bucket.due(modified: .distantFuture, changed: now, next: nil, now: now) == now + bucket.delay)
    }
}
