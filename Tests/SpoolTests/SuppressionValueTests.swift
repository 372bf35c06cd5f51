import Spool
import Testing
import Time

@Suite("Suppression as values")
struct SuppressionValueTests {
    private let now = Timestamp(rfc3339: "2026-12-01T12:00:00Z")!

    @Test(
        "An address has one name, which says it again",
        arguments: [
            ("zoe@example.com", "zoe@example.com"),
            ("Zoe@example.com", "Zoe@example.com"),
            ("a/b@example.com", "a%2Fb@example.com"),
            ("100%@example.com", "100%25@example.com"),
            (".zoe@example.com", "%2Ezoe@example.com"),
            ("../../etc/passwd@x.example", "%2E.%2F..%2Fetc%2Fpasswd@x.example"),
            ("\"a b\"@example.com", "\"a b\"@example.com"),
            ("zoë@example.com", "zoë@example.com"),
            ("zoe\u{308}@example.com", "zoe\u{308}@example.com"),
            ("a\nb@example.com", "a%0Ab@example.com"),
            ("a\u{0}b@example.com", "a%00b@example.com"),
        ])
    func names(address: String, name: String) {
        #expect(Array(SuppressionName(address).text.utf8) == Array(name.utf8))
        #expect(SuppressionName.address(of: name).map { Array($0.utf8) } == Array(address.utf8))
    }

    @Test("What is too long for a name is its beginning and a digest, and two such addresses have two names")
    func long() {
        let local = String(repeating: "ä", count: 200)
        let names = [
            "\(local)@example.com", "\(local)@example.net", String(repeating: "/", count: 100) + "@example.com",
        ]
        .map { SuppressionName($0).text }
        #expect(names.allSatisfy { $0.utf8.count <= 255 && !$0.utf8.contains(UInt8(ascii: "/")) })
        #expect(Set(names).count == 3)
        #expect(names.allSatisfy { SuppressionName.address(of: $0) == nil })
    }

    @Test(
        "No other name is that of an address",
        arguments: ["README", "a%2fb@example.com", "a%41@example.com", "a%2@x", "%zz@x", "a%~b@x", "a%FF@x"])
    func strangers(name: String) { #expect(SuppressionName.address(of: name) == nil) }

    private let zoe = "zoe@example.com"

    private func entry(
        _ why: SuppressionEntry.Why, days: Int64 = 1, stream: String? = nil, until: Int64? = nil, job: String? = "j"
    ) -> SuppressionEntry {
        SuppressionEntry(
            zoe, at: now - .days(days), why: why, stream: stream, until: until.map { now + .days($0) }, job: job)
    }

    @Test("A line says the same after it was written and read")
    func line() {
        var entry = entry(.complaint, stream: "news", until: 3)
        entry.reason = "it's \"spam\"\n{}"
        let record = SuppressionRecord(reading: entry.line, of: zoe, modified: now)
        #expect(record.entries == [entry] && !record.isBare)
        #expect(entry.line.count { $0 == 0x0A } == 1)
    }

    @Test(
        "A file without a line that can be read suppresses by its name: the operator has made it",
        arguments: ["", "\n", "no json", "[1]", "\u{0}\u{0}"])
    func bare(text: String) {
        let record = SuppressionRecord(reading: Array(text.utf8), of: zoe, modified: now - .days(2))
        #expect(record.isBare)
        #expect(record.objection(to: .init(stream: ""), now: now)?.refusal == "suppressed: manual since 2026-11-29")
    }

    @Test("A torn line tells nothing, and the others hold")
    func torn() {
        let record = SuppressionRecord(
            reading: entry(.soft).line + Array(#"{"address":"zoe@ex"#.utf8), of: zoe, modified: now)
        #expect(record.entries == [entry(.soft)])
        #expect(record.objection(to: .init(stream: ""), now: now) == nil)
    }

    @Test("The refusal says why, since when and by which job")
    func refusal() {
        #expect(entry(.badAddress).refusal == "suppressed: bad-address since 2026-11-30, by job j")
        #expect(
            entry(.bounces, until: 29).refusal == "suppressed: bounces since 2026-11-30, until 2026-12-30, by job j")
        var manual = entry(.manual, job: nil)
        manual.reason = "asked by\u{1B}[1m phone"
        #expect(manual.refusal == "suppressed: manual since 2026-11-30: asked by\\u{1b}[1m phone")
    }

    @Test("Which mail an entry stops")
    func objections() {
        func stops(_ entry: SuppressionEntry, _ mail: SuppressionRecord.Mail) -> Bool {
            SuppressionRecord([entry]).objection(to: mail, now: now) != nil
        }
        let news = SuppressionRecord.Mail(stream: "news")
        let reset = SuppressionRecord.Mail(stream: "reset", ignoresComplaints: true)
        let rows: [(SuppressionEntry, SuppressionRecord.Mail, Bool)] = [
            (entry(.badAddress), news, true), (entry(.badAddress), reset, true),
            (entry(.complaint), news, true), (entry(.complaint), reset, false),
            (entry(.complaint, stream: "news"), news, true),
            (entry(.complaint, stream: "shop"), news, false),
            (entry(.complaint, stream: ""), news, false),
            (entry(.complaint, stream: ""), .init(stream: ""), true),
            (entry(.bounces, until: 1), news, true), (entry(.bounces, until: 1), reset, false),
            (entry(.bounces, days: 31, until: -1), news, false),
            (entry(.manual), news, true), (entry(.manual), reset, true),
            (entry(.manual, stream: "news"), .init(stream: "shop"), false),
            (entry(.soft), news, false),
            (entry(.badAddress), .init(stream: "news", retried: "j"), false),
            (entry(.badAddress), .init(stream: "news", retried: "other"), true),
        ]
        for (entry, mail, isStopped) in rows { #expect(stops(entry, mail) == isStopped, "\(entry) \(mail)") }
    }

    @Test("A stream is the first tag, else the template, else the nameless one")
    func streams() {
        #expect(SuppressionRecord.Mail.stream(tags: ["a", "b"], template: "t") == "a")
        #expect(SuppressionRecord.Mail.stream(tags: [], template: "t") == "t")
        #expect(SuppressionRecord.Mail.stream(tags: [], template: nil) == "")
    }
}
