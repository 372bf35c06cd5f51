import Testing
import Time

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "Reads and writes RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T17:44:11Z", 1_795_455_851), ("2000-02-29T12:00:00Z", 951_825_600),
            ("1969-12-31T23:59:59Z", -1), ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] as [(String, Int64)])
    func knownMoments(text: String, seconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(seconds: seconds))
        #expect(Timestamp(seconds: seconds).rfc3339Seconds == text)
    }

    @Test("Reads offsets and fractions")
    func offsets() {
        #expect(Timestamp(rfc3339: "2026-11-23T18:44:11.502+01:00")?.rfc3339 == "2026-11-23T17:44:11.502Z")
        #expect(Timestamp(rfc3339: "2026-11-23t10:14:11-07:30")?.rfc3339Seconds == "2026-11-23T17:44:11Z")
        #expect(Timestamp(rfc3339: "2026-11-23T17:44:11.1234567891Z")?.nanoseconds == 1_795_455_851_123_456_789)
        // What nobody lives to see is as far away as can be.
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59Z")?.nanoseconds == 9_200_000_000_000_000_000)
        #expect(Timestamp(rfc3339: "0001-01-01T00:00:00Z")?.nanoseconds == -9_200_000_000_000_000_000)
        #expect(Timestamp(rfc3339: "2016-12-31T23:59:60Z")?.rfc3339Seconds == "2017-01-01T00:00:00Z")
    }

    @Test(
        "Refuses what is not a date-time",
        arguments: [
            "", "2026-11-23", "2026-11-23 17:44:11Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
            "2026-11-23T24:00:00Z", "2026-11-23T17:44:11", "2026-11-23T17:44:11.Z", "2026-11-23T17:44:11Zx",
        ])
    func refuses(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("Every day of four centuries survives the round trip")
    func everyDay() {
        for day in stride(from: Int64(-719_162 / 8), to: 84_000, by: 1) {
            let time = Timestamp(seconds: day * 86400)
            let parts = CalendarTime(time)
            #expect(CalendarTime.days(year: parts.year, month: parts.month, day: parts.day) == day)
        }
        #expect(CalendarTime(Timestamp(rfc3339: "2026-11-23T00:00:00Z")!).weekday == 1)
    }

    @Test("Sums and differences end at the ends of time")
    func saturates() {
        let first = Timestamp(nanoseconds: .min)
        let last = Timestamp.distantFuture
        #expect(last + .seconds(1) == last)
        #expect(last - .seconds(-1) == last)
        #expect(first - .seconds(1) == first)
        #expect(first + .seconds(-1) == first)
        #expect(last - first == Span(nanoseconds: .max))
        #expect(first - last == Span(nanoseconds: .min))
        #expect(Timestamp(seconds: 0) - Span(nanoseconds: .min) == last)
    }

    @Test("Compact form is what ids begin with")
    func compact() { #expect(Timestamp(seconds: 1_795_455_851).compact == "20261123T174411Z") }
}

@Suite("Span")
struct SpanTests {
    @Test(
        "Reads the durations of a configuration",
        arguments: [("0", 0), ("15m", 900), ("1h30m", 5400), ("5d", 432_000), ("2w", 1_209_600)] as [(String, Int64)])
    func reads(text: String, seconds: Int64) { #expect(Span(text) == .seconds(seconds)) }

    @Test("Refuses everything else", arguments: ["", "15", "m", "-1s", "1.5h", "1y", "1 h", "99999999999d"])
    func refuses(text: String) { #expect(Span(text) == nil) }

    @Test("Shows two units", arguments: [(0, "0s"), (61, "1m 1s"), (187_200, "2d 4h"), (3601, "1h"), (-90, "-1m 30s")])
    func approximate(seconds: Int, text: String) { #expect(Span.seconds(Int64(seconds)).approximate == text) }
}
