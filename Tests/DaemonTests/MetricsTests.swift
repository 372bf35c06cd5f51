import Spool
import Testing
import Time

@testable import Daemon

@Suite("Metrics")
struct MetricsTests {
    private var metrics: Metrics {
        let start = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!
        var metrics = Metrics(version: "0.1.0", instance: "main", started: start, now: start + .seconds(90))
        metrics.relays = [.init(name: "main", isOpen: true, connections: 2, limit: 10, inFlight: 1)]
        return metrics
    }

    @Test("Every family has help and type once, before its samples")
    func families() {
        var metrics = metrics
        metrics.counters.done.count("hello")
        metrics.counters.observeLatency(.seconds(1), .normal)
        var open = ""
        var seen: Set<String> = []
        for line in metrics.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                open = String(words[2])
                #expect(seen.insert(open).inserted && words.count > 4)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == open)
            } else {
                #expect(line.hasPrefix(open))
                #expect(Double(words.last ?? "") != nil)
            }
        }
        #expect(seen.count > 20)
    }

    @Test("A histogram is cumulative, and its last bucket is its count")
    func histogram() {
        var histogram = Histogram(bounds: [0.1, 1, 10])
        for value in [0.05, 0.1, 0.5, 5, 50] { histogram.observe(value) }
        #expect(histogram.counts == [2, 1, 1, 1])
        var out = Exposition()
        out.histograms("h", "help", [([("a", "b")], histogram)])
        let lines = out.text.split(separator: "\n").dropFirst(2).map(String.init)
        #expect(
            lines == [
                #"h_bucket{a="b",le="0.1"} 2"#, #"h_bucket{a="b",le="1"} 3"#, #"h_bucket{a="b",le="10"} 4"#,
                #"h_bucket{a="b",le="+Inf"} 5"#, #"h_sum{a="b"} 55.65"#, #"h_count{a="b"} 5"#,
            ])
    }

    @Test(
        "Label values have the format's escapes, and nothing that a terminal obeys",
        arguments: [
            ("plain", "plain"), (#"a"b\c"#, #"a\"b\\c"#), ("a\nb", #"a\nb"#), ("\u{1B}[31m", #"\\u{1b}[31m"#),
            ("Zoë", "Zoë"),
        ])
    func escaped(value: String, shown: String) {
        var out = Exposition()
        out.family("f", .gauge, "help", [([("l", value)], 1)])
        #expect(out.text.hasSuffix("f{l=\"\(shown)\"} 1\n"))
    }

    @Test("A label has so many values and one for all others; no count is lost")
    func bounded() {
        var counts = Counters.Labelled()
        for index in 0..<1000 { counts.count("t\(index)") }
        counts.count("t5")
        #expect(counts.counts.count == Counters.Labelled.limit + 1)
        #expect(counts["t5"] == 2)
        #expect(counts[Counters.Labelled.others] == 1000 - Counters.Labelled.limit)
    }

    @Test("A relay's counters are there before they count, and its breaker says that it is open")
    func relays() {
        #expect(metrics.text.contains("outspool_relay_breaker_open{relay=\"main\"} 1\n"))
        #expect(metrics.text.contains("outspool_relay_breaker_openings_total{relay=\"main\"} 0\n"))
    }

    @Test("A relay's quotas are told by their unit; a relay without one has no such series")
    func quotas() {
        var metrics = metrics
        #expect(!metrics.text.contains("outspool_relay_quota"))
        metrics.relays[0].quotas = [
            .init(limit: 500, unit: "d", used: 12, nextRoom: nil), .init(limit: 50, unit: "h", used: 3, nextRoom: nil),
        ]
        #expect(metrics.text.contains("outspool_relay_quota_used{relay=\"main\",per=\"d\"} 12\n"))
        #expect(metrics.text.contains("outspool_relay_quota_limit{relay=\"main\",per=\"h\"} 50\n"))
    }

    @Test(
        "A generated id tells when it was made",
        arguments: [
            ("20261123T174411Z-0123456789", "2026-11-23T17:44:11Z"),
            ("20261123T174411Z-abc@shop", "2026-11-23T17:44:11Z"),
            ("order-1042", nil), ("20261323T174411Z-0123456789", nil), ("20261123T174411Z", nil),
        ] as [(String, String?)])
    func time(id: String, time: String?) throws {
        #expect(try #require(JobID(id)).time == time.flatMap { Timestamp(rfc3339: $0) })
    }
}
