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

    @Test(
        "The mtime is the due time, unless it is further away than 1.2 delays",
        arguments: [
            (-1_000_000, -1_000_000), (0, 0), (1, 1), (30, 30), (36, 36), (37, 30), (100_000, 30),
        ] as [(Int64, Int64)])
    func due(offset: Int64, expected: Int64) {
        let now = Timestamp(seconds: 1_795_455_851)
        #expect(Bucket.first.due(modified: now + .seconds(offset), now: now) == now + .seconds(expected))
    }

    @Test("A date at the end of time is a clock that jumped", arguments: Bucket.allCases)
    func endOfTime(bucket: Bucket) {
        let now = Timestamp(seconds: 1_795_455_851)
        #expect(bucket.due(modified: .distantFuture, now: now) == now + bucket.delay)
    }
}
