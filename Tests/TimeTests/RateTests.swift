import Testing
import Time

@Suite("Rates")
struct RateTests {
    @Test(
        "Reads what a configuration and --rate say",
        arguments: [
            ("14/s", 14, .seconds(1)), ("600/m", 600, .minutes(1)), ("50k/h", 50_000, .hours(1)), ("1/d", 1, .days(1)),
            ("1M/d", 1_000_000, .days(1)), ("1M/s", 1_000_000, .seconds(1)), ("60M/m", 60_000_000, .minutes(1)),
        ] as [(String, Int64, Span)])
    func reads(text: String, count: Int64, span: Span) throws {
        let rate = try #require(Rate(text))
        #expect(rate.count == count)
        #expect(rate.span == span)
    }

    @Test(
        "Refuses the rest",
        arguments: [
            "", "14", "14/", "/s", "0/s", "-1/s", "+1/s", "14/x", "1.5/s", "14/s/s", "2M/s", "9999999999999999M/s",
            "k/s",
            "1K/s", "10 /s", "١/s",
        ])
    func refuses(text: String) { #expect(Rate(text) == nil) }

    @Test(
        "Spreads things over its span",
        arguments: [
            ("10/s", 0, 0), ("10/s", 1, 100_000_000), ("10/s", 10, 1_000_000_000), ("10/s", 25, 2_500_000_000),
            ("60/m", 3, 3_000_000_000), ("3600/h", 1, 1_000_000_000), ("3k/s", 3000, 1_000_000_000),
            ("14/s", 1, 71_428_571), ("1M/d", 1, 86_400_000), ("1/d", .max, 3_150_000_000_000_000_000),
        ] as [(String, Int, Int64)])
    func spreads(text: String, index: Int, delay: Int64) throws {
        #expect(try #require(Rate(text)).delay(of: index) == Span(nanoseconds: delay))
    }
}
