import JSON
import Testing

@testable import Schema

@Suite("Formats")
struct FormatTests {
    @Test(
        "Accepts what its standard says, and nothing else",
        arguments: [
            (
                "time", ["08:30:06Z", "08:30:06.283185z", "23:59:60Z", "00:29:60+00:30", "12:00:00-08:00"],
                ["08:30:06", "8:30:06Z", "24:00:00Z", "12:00:60Z", "12:00:00.Z", "12:00:00+0800", "12:00:00Z "]
            ),
            (
                "duration", ["P4DT12H30M5S", "P1Y", "PT0S", "P2W", "P1M", "PT36H", "P1DT12H"],
                [
                    "P", "PT", "P1", "4DT5H", "P1YT", "PT1D", "P1D2H", "P1Y2W", "P1Y2D", "P2D1Y", "PT1H2S", "P1.5D",
                    "P১Y",
                ]
            ),
            (
                "hostname", ["a", "www.example.com", "xn--4gbwdl.xn--wgbh1c", "1host", "a-b.c"],
                ["", ".", "-a.b", "a-.b", "a..b", "a.b.", "a_b", "ä.de", String(repeating: "a", count: 64)]
            ),
            (
                "ipv4", ["192.168.0.1", "0.0.0.0", "255.255.255.255"],
                ["127.0.0.0.1", "256.1.1.1", "127.0", "01.1.1.1", "1.1.1.1 ", "0x7f.0.0.1", "1২7.0.0.1", ""]
            ),
            (
                "ipv6",
                ["::1", "::", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8"],
                [
                    "12345::", "1:1:1:1:1:1:1:1:1", "1::2::3", ":::", "1:2:3:4:5:6:7", ":1::", "::g", "fe80::1%eth0",
                    "1.2.3.4::", "1:2:3:4:5:6:7:8::", "1:2:3:4::5:6:7:8", "::1 ", "",
                ]
            ),
            (
                "idn-email", ["zoë@exämple.org", "joe@example.org", "\"ö ö\"@example.org"],
                ["zoë", "@ö", "ö@", "a b@ö.de"]
            ),
            (
                "email", ["a@b", "a+b@example.org"],
                ["zoë@example.org", "a@b@c", "a@-b", "\"a\"b\"@c", "a@[1.2.3.4", "a@[]", "a@"]
            ),
            (
                "uri", ["a:", "http://[v1.x:y]:80/", "http://user:pw@host:/p?q/?#f/?"],
                ["", "1:", "http://a@b@c", "http://[::1]x", "http://[::1", "a:#b#c", "a:[", "http://[v.x]"]
            ),
        ] as [(String, [String], [String])])
    func accepts(format: String, good: [String], bad: [String]) throws {
        let schema = try Schema(parsing: ["format": .string(format)])
        for text in good { #expect(schema.validate(.string(text)).isEmpty, "\(format) \(text)") }
        for text in bad { #expect(!schema.validate(.string(text)).isEmpty, "\(format) \(text)") }
        #expect(schema.validate(5).isEmpty)
    }
}
