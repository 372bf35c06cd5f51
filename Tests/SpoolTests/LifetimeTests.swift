import JSON
import Spool
import Testing
import Time

@Suite("Until when a job may be sent")
struct LifetimeTests {
    private static let now = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!

    /// Days from the submission: `sendAt`, `expiresAt`, `ttl`, and the expiry with a `max_age` of five.
    private static let lives: [(sendAt: Int64?, expiresAt: Int64?, ttl: Int64?, expiry: Int64)] = [
        (nil, nil, nil, 5), (nil, 1, nil, 1), (nil, 9, nil, 5), (nil, nil, 2, 2), (nil, 1, 2, 1), (nil, 3, 2, 3),
        // Age counts from sendAt, where that is later.
        (30, nil, nil, 35), (30, nil, 1, 31), (30, 31, nil, 31), (30, 40, nil, 35), (-3, nil, nil, 5), (-3, nil, 1, 1),
    ]

    @Test("The job's word comes before the template's, and neither beyond the maximum age", arguments: lives)
    func expiry(sendAt: Int64?, expiresAt: Int64?, ttl: Int64?, expiry: Int64) {
        let life = Lifetime(
            sendAt: sendAt.map { Self.now + .days($0) }, expiresAt: expiresAt.map { Self.now + .days($0) },
            ttl: ttl.map { .days($0) }, maximumAge: .days(5))
        #expect(life.expiry(submitted: Self.now) == Self.now + .days(expiry))
    }

    @Test("The ends of time")
    func ends() {
        let life = Lifetime(sendAt: .distantFuture, maximumAge: .days(5))
        #expect(life.expiry(submitted: Self.now) == .distantFuture)
    }

    private func job(_ times: String) throws -> Job {
        try Job(try JSON(parsing: Array(#"{"template":"x",\#(times)}"#.utf8)))
    }

    @Test(
        "A job that could only expire is none",
        arguments: [
            #""sendAt":"2026-11-24T12:00:00Z","expiresAt":"2026-11-24T11:00:00Z""#,
            #""sendAt":"2026-11-24T12:00:00Z","expiresAt":"2026-11-24T12:00:00Z""#,
            #""sendAt":"2026-11-24T12:00:00+02:00","expiresAt":"2026-11-24T10:00:00Z""#,
        ])
    func expiresFirst(times: String) {
        let error = #expect(throws: JobError.self) { _ = try job(times) }
        #expect(error?.description == "/expiresAt: is not after sendAt: the job could only expire")
    }

    @Test("A job that is submitted after its expiresAt could only expire")
    func late() throws {
        let job = try job(#""expiresAt":"2026-11-23T17:44:11Z""#)
        #expect(job.lateness(now: Self.now)?.description == "/expiresAt: is over: the job could only expire")
        #expect(job.lateness(now: Self.now - .seconds(1)) == nil)
        #expect(try self.job(#""expiresAt":"9999-12-31T23:59:59Z""#).lateness(now: Self.now) == nil)
    }

    /// Hours from the submission: `sendAt`, the first attempt, now, and the date.
    private static let dates: [(sendAt: Int64?, first: Int64?, now: Int64, date: Int64)] = [
        (nil, nil, 3, 0), (nil, 2, 3, 0), (24, nil, 24, 24), (24, 24, 30, 24), (24, 25, 30, 24), (-5, nil, 1, 0),
        // The operator had it sent before: at every attempt the date is the same, and not in the future.
        (24, nil, 2, 0), (24, 2, 30, 0),
    ]

    @Test("A scheduled mail is dated by its sendAt", arguments: dates)
    func date(sendAt: Int64?, first: Int64?, now: Int64, date: Int64) {
        func moment(_ hours: Int64) -> Timestamp { Self.now + .hours(hours) }
        let events = first.map { [Event(.scheduled, at: moment(0)), Event(.deferred, at: moment($0))] } ?? []
        #expect(
            History(events).date(submitted: Self.now, sendAt: sendAt.map(moment), now: moment(now)) == moment(date))
    }
}
