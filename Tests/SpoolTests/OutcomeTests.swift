import JSON
@testable import Spool
import Scratch
import Testing
import Time

/// What the histories of jobs come to, in words for their producers.
@Suite("Outcomes")
struct OutcomeTests {
    /// `word recipients` of each.
    private func words(_ lines: [String], in state: State) -> [String] {
        Outcome.all(of: events(lines), in: state).map { outcome in
            ([outcome.word.rawValue] + [outcome.recipients.joined(separator: ",")]).filter { !$0.isEmpty }
                .joined(separator: " ")
        }
    }

    /// Events a second apart; `suppressed a` is a refusal by us.
    private func events(_ lines: [String]) -> [Event] {
        lines.enumerated().map { index, line in
            guard line.hasPrefix("suppressed") else { return event(line, at: Int64(index)) }
            var refusal = event("refused" + line.dropFirst("suppressed".count), at: Int64(index))
            refusal.reason = "suppressed: bounced on 2026-11-20"
            return refusal
        }
    }

    @Test(
        "Histories and what they come to",
        arguments: [
            (["sending a 1", "sent a 1"], .done(day: "2026-11-23"), ["sent a"]),
            (
                ["sending a,b 1", "sent a 1", "deferred b 1 +30", "sending b 2", "sent b 2"], .done(day: "x"),
                ["sent a,b"]
            ),
            // A power cut took the last lines of a job that is in done/.
            (["sending a 1"], .done(day: "x"), ["sent"]),
            (["running 1", "done 1"], .done(day: "x"), ["done"]),
            (["sending a 1", "refused a 1"], .dead, ["dead a"]),
            (["sending a,b 1", "sent a 1", "refused b 1"], .dead, ["sent a", "dead b"]),
            (["expired"], .dead, ["dead"]),
            (["deferred a 1 +30", "expired"], .dead, ["dead a"]),
            (["suppressed a 1"], .dead, ["suppressed a", "dead a"]),
            (["sending b 1", "suppressed a 1", "sent b 1"], .dead, ["suppressed a", "sent b", "dead a"]),
            (["sending a 1", "in-doubt a 1"], .hold, ["held a"]),
            (["held"], .hold, ["held"]),
            // Not over.
            (["sending a 1", "deferred a 1 +30"], .retry(.first), []),
            (["sending a,b 1", "sent a 1", "deferred b 1 +30"], .retry(.first), []),
            ([], .new, []), ([], .hold, []), ([], .dead, []),
            // The operator has put it there.
            (["sending a 1", "deferred a 1 +30"], .hold, []), (["sending a 1", "deferred a 1 +30"], .dead, []),
            // Rounds.
            (["held", "requeued", "sending a 1", "sent a 1"], .done(day: "x"), ["held", "sent a"]),
            (["refused a 1", "requeued", "sent a 1"], .done(day: "x"), ["dead a", "sent a"]),
            (["deferred a 1 +30", "requeued", "refused a 1"], .dead, ["dead a"]),
            // Reports come when they come.
            (["sent a 1", "bounced a"], .done(day: "x"), ["sent a", "bounced a"]),
            (
                ["sent a 1", "deferred b 1 +30", "bounced a", "sent b 2", "delivered b"], .done(day: "x"),
                ["bounced a", "sent a,b", "delivered b"]
            ),
            (["sent a 1", "deferred b 1 +30", "complained a"], .retry(.first), ["complained a"]),
        ] as [([String], State, [String])])
    func histories(lines: [String], state: State, expected: [String]) { #expect(words(lines, in: state) == expected) }

    @Test("The same history has the same ids; another job, template, word, round, report or submission has others")
    func ids() {
        let job = JobID("order-1")!
        func ids(
            _ lines: [String], _ state: State, _ template: String = "hook", _ submitted: Int64 = 0, job: JobID = job
        )
            -> [String]
        {
            Outcome.all(of: events(lines), in: state).map {
                $0.id(for: template, of: job, submitted: start + .seconds(submitted)).text
            }
        }
        let once = ids(["sent a 1", "bounced a"], .done(day: "x"))
        #expect(once == ids(["sent a 1", "bounced a"], .done(day: "y")))
        #expect(once[0].hasPrefix("event-sent-") && once[0].utf8.count == "event-sent-".utf8.count + 24)
        // The time of `sent` is not part of its id: a power cut may take its line.
        #expect(once[0] == ids(["recovered", "sent a 1"], .done(day: "x"))[0])
        var others = once
        others += ids(["sent a 1", "bounced a"], .done(day: "x"), "other")
        others += ids(["sent a 1"], .done(day: "x"), job: JobID("o")!)
        others += ids(["sent a 1"], .done(day: "x"), "hook", 1)
        others += ids(["held", "requeued", "sent a 1"], .done(day: "x"))
        others += ids(["sent a 1", "bounced b"], .done(day: "x")).suffix(1)
        others += ids(["refused a 1"], .dead)
        others += ids(["refused a 1", "requeued", "refused a 1"], .dead).suffix(1)
        others += ids(["sent a 1", "refused b 1"], .dead).prefix(1)
        others += ids(["done 1"], .done(day: "x"))
        #expect(Set(others).count == others.count)
    }

    @Test("An event job has all that its program is to know, the same however often it is made")
    func object() throws {
        var history = events(["sending a@example.com 1", "sent a@example.com 1", "bounced a@example.com"])
        history[0].submitted = start
        (history[2].code, history[2].dsn, history[2].class, history[2].report) = (550, "5.1.1", "bad-address", "r1")
        let job = JSON.Object([
            ("template", "order"), ("to", "Ann <a@example.com>"), ("tags", ["shop"]),
            ("metadata", .object(.init([("order", 7)]))),
        ])
        let subject = EventJob.Subject(JobID("order-1@shop")!, job, history: history)
        let outcomes = Outcome.all(of: history, in: .done(day: "x"))
        let first = EventJob(outcomes[0], of: subject, for: "hook", after: nil)
        let second = EventJob(outcomes[1], of: subject, for: "hook", after: first.id)
        #expect(first.id.box == nil)
        let text = String(decoding: second.encoded, as: UTF8.self)
        #expect(
            text == """
                {"template":"hook","params":{"id":"\(second.id)","event":"bounced","at":"2026-11-23T17:44:13.000Z",\
                "job":"order-1@shop","recipients":["a@example.com"],"template":"order","class":"bad-address","code":550,\
                "dsn":"5.1.1","report":"r1","submitted":"2026-11-23T17:44:11.000Z","tags":["shop"],\
                "metadata":{"order":7}},"x-after":"\(first.id)"}

                """)
        #expect(try Job(JSON(parsing: second.encoded)).template == "hook")
        // What no event names, the job does.
        let expired = Outcome.all(of: events(["expired"]), in: .dead)
        #expect(
            EventJob(expired[0], of: subject, for: "hook", after: nil).params["recipients"]
                == ["Ann <a@example.com>"])
    }

    @Test("More recipients and remarks than an event holds are left out")
    func limits() {
        var event = event("sent 1")
        event.to = (0..<1500).map { "\($0)@example.com" }
        let outcome = Outcome.all(of: [event], in: .done(day: "x"))[0]
        let metadata = JSON.Object([("x", .string(String(repeating: "x", count: EventJob.remarkLimit)))])
        let subject = EventJob.Subject(
            JobID("a")!, template: nil, history: [], tags: ["t"], metadata: metadata, recipients: [])
        let params = EventJob(outcome, of: subject, for: "hook", after: nil).params
        #expect(params["recipients"]?.array?.count == EventJob.recipientLimit)
        #expect(params["metadata"] == nil && params["tags"] == ["t"])
    }

    @Test("What a producer may read survives its file")
    func answer() throws {
        let event = event("refused a@example.com 1")
        let answer = Answer(
            JobID("order-1")!, in: .dead, template: "order", submitted: start, event: event, tags: ["shop"],
            metadata: .init([("order", 7)]))
        #expect(Answer(answer.json) == answer)
        #expect(answer.isFinal && !answer.isDone)
        #expect(Answer(JSON.object(.init([("id", "../x"), ("state", "dead")]))) == nil)
        #expect(Answer(["state"]) == nil)
    }

    @Test(
        "The producer's name of a job",
        arguments: [
            ("order-1@shop", "shop", "order-1"), ("a@b@shop", "shop", "a@b"), ("order-1", nil, nil),
            ("order-1@not.a.box", nil, nil),
        ] as [(String, String?, String?)])
    func names(id: String, box: String?, own: String?) {
        let found = JobID(id)!.inBox
        #expect(found?.box == box && found?.id.text == own)
    }
}
