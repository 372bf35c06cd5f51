import Spool
import Testing
import Time

@testable import Command

@Suite("Tables of suppressed addresses")
struct SuppressionTableTests {
    private let now = Timestamp(rfc3339: "2026-12-01T12:00:00Z")!

    @Test(
        "The exports of relays are read by the names of their columns",
        arguments: [
            // Mailgun, SendGrid, Postmark, Amazon SES, Brevo, ours.
            (
                "address,code,error,created_at", "zoe@example.com,550,5.1.1 No such user,\"Fri\"",
                SuppressionEntry.Why.badAddress, "2026-12-01"
            ),
            (
                "status,reason,email,created", "5.1.1,550 5.1.1 unknown,zoe@Example.COM,2024-01-02 03:04:05",
                .badAddress, "2024-01-02"
            ),
            (
                "EmailAddress,SuppressionReason,Origin,CreatedAt",
                "zoe@example.com,SpamComplaint,Recipient,2024-01-02T03:04:05-05:00", .complaint, "2024-01-02"
            ),
            (
                "Email address,Reason,Last update time", "zoe@example.com,BOUNCE,2024-01-02T03:04:05.678Z",
                .badAddress, "2024-01-02"
            ),
            ("email,date,reason", "zoe@example.com,1704164645,unsubscribed", .manual, "2024-01-02"),
            ("address,why,at", "zoe@example.com,bounces,2024-01-02", .bounces, "2024-01-02"),
        ])
    func relays(header: String, row: String, why: SuppressionEntry.Why, day: String) throws {
        let table = try #require(SuppressionTable(header: header.split(separator: ",").map(String.init)))
        let fields = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let entry = try table.entry(fields, now: now)
        #expect(entry.address == "zoe@example.com" && entry.why == why && entry.at.day == day)
        #expect(entry.until == nil && entry.stream == nil)
    }

    @Test("Our own export says all again")
    func again() throws {
        let table = try #require(SuppressionTable(header: SuppressionTable.columns))
        for stream in [nil, "", "news"] {
            let entry = SuppressionEntry(
                "zoe@example.com", at: now, why: .complaint, stream: stream, until: now + .days(1), job: "j",
                reason: "it, \"was\" spam")
            #expect(try table.entry(SuppressionTable.row(entry), now: .now) == entry)
        }
    }

    @Test("A table without addresses is none, and a row without one is a fault")
    func faults() throws {
        #expect(SuppressionTable(header: ["name", "reason"]) == nil)
        let table = try #require(SuppressionTable(header: ["E-Mail", "reason"]))
        #expect(throws: SuppressionTable.Fault.self) { try table.entry(["", "x"], now: now) }
        #expect(throws: SuppressionTable.Fault.self) { try table.entry(["not an address", "x"], now: now) }
        #expect(throws: SuppressionTable.Fault.self) { try table.entry([], now: now) }
        #expect(try table.entry(["zoe@bücher.example"], now: now).address == "zoe@xn--bcher-kva.example")
    }

    @Test(
        "Times as relays write them",
        arguments: [("2024-01-02 03:04:05 UTC", true), ("1704164645000", true), ("soon", false), ("2024-13-01", false)])
    func times(text: String, isOne: Bool) { #expect((SuppressionTable.time(text)?.day == "2024-01-02") == isOne) }

    @Test("A listing shows what holds and was asked for")
    func filter() {
        var entry = SuppressionEntry("Zoe@example.com", at: now - .days(2), why: .complaint, stream: "news")
        func matches(_ filter: SuppressionFilter) -> Bool { filter.matches(entry, now: now) }
        #expect(matches(.init()) && matches(.init(to: "zoe@")) && matches(.init(error: "COMPLAINT")))
        #expect(!matches(.init(to: "adam")) && !matches(.init(error: "full")))
        #expect(matches(.init(older: .days(1))) && !matches(.init(older: .days(3))))
        #expect(matches(.init(stream: "news")) && !matches(.init(stream: "shop")))
        entry.stream = nil
        #expect(matches(.init(stream: "shop")))
        entry.until = now
        #expect(!matches(.init()))
    }
}
