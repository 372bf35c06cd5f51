import Configuration
import JSON
import Spool
import Testing
import Time

@testable import Daemon

private let noon = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!

private func letter(_ id: String, _ kind: Event.Kind = .refused, reason: String = "No such user") -> DeadLetter {
    var event = Event(kind, at: noon)
    if kind == .refused {
        (event.code, event.dsn, event.reply, event.to) = (550, "5.1.1", reason, ["zoe@example.com"])
    } else {
        event.reason = reason
    }
    event.attempt = 2
    return DeadLetter(id, template: "hello", events: [event], recipients: ["a@example.com"], submitted: noon, at: noon)
}

@Suite("Dead letters, told")
struct DeadLetterTests {
    @Test("The cause is the last round's: what was refused before the job was requeued is forgotten")
    func cause() {
        func event(_ kind: Event.Kind, _ reason: String, to: String? = nil) -> Event {
            var event = Event(kind, at: noon)
            event.reason = reason
            event.to = to.map { [$0] } ?? []
            return event
        }
        let refused = event(.refused, "no", to: "a@example.com")
        for (events, kind, reason, to) in [
            ([refused], .refused, "no", ["a@example.com"]),
            ([refused, event(.sent, "ok", to: "b@example.com")], .refused, "no", ["a@example.com"]),
            ([event(.deferred, "later", to: "b@example.com"), event(.expired, "too old")], .expired, "too old", ["x"]),
            ([refused, event(.requeued, ""), event(.dead, "no template")], .dead, "no template", ["x"]),
            (
                [refused, event(.dead, "attempt 2 of 2 failed")], .refused, "attempt 2 of 2 failed",
                ["a@example.com", "x"]
            ),
            ([], .dead, "no reason was given", ["x"]),
        ] as [([Event], Event.Kind, String, [String])] {
            let letter = DeadLetter("id", template: nil, events: events, recipients: ["x"], submitted: nil, at: noon)
            #expect(letter.event == kind && letter.reason == reason && letter.recipients == to)
        }
    }

    @Test("Recipients are found in any form a job may give them, and are not without bound")
    func recipients() throws {
        let job = try JSON(parsing: Array(#"{"to":["a@x",{"email":"b@x","name":"B"}],"cc":"c@x","bcc":5}"#.utf8))
        #expect(DeadLetter.recipients(of: job, History()) == ["a@x", "b@x", "c@x"])
        var (composed, decomposed) = (Event(.sent, at: noon), Event(.sent, at: noon))
        (composed.to, decomposed.to) = (["\u{E9}@x"], ["e\u{301}@x"])
        #expect(DeadLetter.recipients(of: job, History([composed, decomposed])).count == 2)
        let many = JSON.object(JSON.Object([("to", .array((0..<5000).map { .string("r\($0)@x") }))]))
        #expect(DeadLetter.recipients(of: many, History()).count == DeadLetter.recipientLimit)
    }

    @Test("The event for on_dead is one line of typed JSON")
    func object() throws {
        let object = try #require(letter("a").object(spool: "/s").object)
        #expect(object["file"] == "/s/dead/a" && object["code"] == 550 && object["attempts"] == 2)
        #expect(object["event"] == "refused" && object["to"] == ["zoe@example.com"])
        #expect(object["tags"] == nil && object["metadata"] == nil)
        var remarked = letter("a")
        (remarked.tags, remarked.metadata) = (["nightly"], JSON.Object([("order", "1042")]))
        let event = try #require(remarked.object(spool: "/s").object)
        #expect(event["tags"] == ["nightly"] && event["metadata"] == ["order": "1042"])
        // A thousand of them wait in memory.
        remarked.metadata["long"] = .string(String(repeating: "x", count: 20_000))
        #expect(remarked.object(spool: "/s").object?["metadata"] == nil)
        #expect(!letter("a", reason: "a\nb\u{2028}c").object(spool: "/s").text.contains("\n"))
    }
}

@Suite("Digest")
struct DigestTests {
    @Test("Fifty letters are listed, the rest counted, and the text says what to type")
    func bounded() {
        var digest = Digest(host: "web1", spool: "/var/spool/outspool", since: noon, until: noon + .hours(1))
        digest.letters = (0..<50).map { letter("job\($0)") }
        digest.more = 1234
        #expect(digest.subject == "[outspool web1] 1,284 dead letters")
        #expect(digest.text.contains("... and 1,234 more"))
        #expect(digest.text.contains("outspool show job0"))
        #expect(digest.text.contains("mv dead/job0 new/"))
        #expect(digest.text.contains("      550 5.1.1 No such user\n"))
        #expect(digest.text.contains("refused at 2026-11-24 12:00:00 UTC, template hello"))
        #expect(digest.text.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test("An outage has its relay, its beginning and its reason")
    func outage() {
        var digest = Digest(host: "web1", spool: "/s", since: noon, until: noon)
        digest.outages = [.init(relay: "main", since: noon, reason: "failed at connect: refused")]
        #expect(digest.subject == "[outspool web1] relay main is unreachable")
        #expect(digest.text.contains("  main  since 2026-11-24 12:00:00 UTC\n      failed at connect: refused\n"))
        #expect(!digest.text.contains("Dead letters"))
    }

    @Test("What came from a job or a server is on one line, escaped and cut")
    func hostile() {
        var digest = Digest(host: "web1", spool: "/s", since: noon, until: noon)
        digest.letters = [letter("a", .dead, reason: "x\u{1B}[31m\nFrom: evil" + String(repeating: "y", count: 5000))]
        let text = digest.text
        #expect(!text.contains("\u{1B}") && !text.contains("\nFrom: evil"))
        #expect(text.utf8.count < 2000)
        #expect(digest.job(to: "ops@example.com", from: "o@example.com").object?["priority"] == "high")
    }

    @Test(
        "A digest comes a minute after the first news, and an hour after the last one",
        arguments: [
            (nil, nil, nil), (0, nil, 60), (0, -30 * 60, 30 * 60), (0, -3600 * 5, 60), (100, 0, 3600),
        ] as [(Int64?, Int64?, Int64?)])
    func schedule(news: Int64?, last: Int64?, due: Int64?) {
        func at(_ seconds: Int64?) -> Timestamp? { seconds.map { noon + .seconds($0) } }
        #expect(DigestSchedule(interval: .hours(1)).due(firstNews: at(news), last: at(last)) == at(due))
    }

    @Test(
        "Numbers have their thousands apart",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
    func grouped(number: Int, text: String) { #expect(Digest.grouped(number) == text) }
}

@Suite("The command of on_dead")
struct CommandWordsTests {
    @Test(
        "White space separates, double quotes keep it, and nothing else has a meaning",
        arguments: [
            ("/bin/a", ["/bin/a"]), (" /bin/a  b\tc ", ["/bin/a", "b", "c"]), (#"/a "b c" d"#, ["/a", "b c", "d"]),
            (#"/a """#, ["/a", ""]), (#"/a "say \"x\" \\""#, ["/a", #"say "x" \"#]),
            ("/a $(x) `y` ; z|w", ["/a", "$(x)", "`y`", ";", "z|w"]),
            ("/a \"b c\"\u{301} \u{301}d", ["/a", "b c\u{301}", "\u{301}d"]), (#"/a x"y z"w"#, ["/a", "xy zw"]),
            (#"/a "open"#, nil), (#"/a "open\"#, nil), ("", nil), ("  ", nil),
        ] as [(String, [String]?)])
    func words(text: String, words: [String]?) { #expect(CommandWords.parse(text) == words) }
}
