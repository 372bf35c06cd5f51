import JSON
import Scratch
@testable import Spool
import Testing
import Time

/// Histories as other tables have them.
private let histories: [[String]] = [
    [], ["recovered"], ["recovered", "recovered"], ["sending a,b 1"], ["sending a,b 1", "sent a 1"],
    ["sending a,b 1", "sent a 1", "deferred b 1 +30"], ["sending a 1", "refused a 1"],
    ["sending a 1", "refused a 1", "requeued"], ["sending a 1", "deferred a 1 +30", "expired"],
    ["sending a 1", "in-doubt a 1", "held"], ["running 1"], ["running 1", "returned"], ["running 1", "done 1"],
    ["returned", "returned"], ["scheduled +60"], ["blocked +30"],
    ["sending a 1", "deferred a 1 +30", "requeued", "sending a 1", "in-doubt a 1"], ["dead"],
]

@Suite("Histories with feedback")
struct FeedbackHistoryTests {
    /// Every question about a job, as one text.
    private func answers(_ history: History) -> String {
        let all = ["a", "b"]
        let now = start + .seconds(10)
        let states: [State] = [.new, .retry(.first), .scheduled]
        let parts: [Any] = [
            history.isFresh, history.last as Any, history.submitted as Any, history.attempts,
            states.map { history.attempts(in: $0) }, history.openSending as Any, history.openRunning as Any,
            history.isDone, history.interruptions, history.doubts, history.due as Any, history.nextTry as Any,
            history.isHeldInDoubt, history.recoveries, Array(history.lastReturns), history.isSent(to: all),
            history.open(of: all), history.hasRefused, history.hasSent, history.isMovedByHand,
            states.map { history.notes(beforeClaimFrom: $0, at: now) },
            states.map { history.haste(from: $0, at: now) as Any },
            history.date(submitted: start, sendAt: start + .seconds(5), now: now),
            Recovery(history: history, recipients: all, now: now),
        ]
        return parts.map { "\($0)" }.joined(separator: "\n")
    }

    @Test("What reports told changes no answer about a job, wherever it stands", arguments: histories)
    func unchanged(lines: [String]) {
        let events = lines.enumerated().map { event($1, at: Int64($0)) }
        let plain = answers(History(events))
        for kind in ["bounced a", "complained b", "delivered a", "delayed b"] {
            for place in 0...events.count {
                var told = events
                told.insert(event(kind, at: 100), at: place)
                #expect(answers(History(told)) == plain, "\(kind) at \(place)")
                var folded = History()
                for event in told { folded.fold(event.line.dropLast()) }
                #expect(answers(folded) == plain, "\(kind) at \(place), read")
            }
        }
    }

    private func told(_ report: String, _ recipient: String) -> Event {
        var event = event("bounced \(recipient)")
        event.report = report
        return event
    }

    @Test("A mark is found again, also in a history that is too long to be kept whole")
    func marks() {
        for filler in [0, 3000] {
            var history = History()
            for index in 0..<filler { history.fold(event("sent r\(index) 1").line.dropLast()) }
            history.fold(told("r1", "a").line.dropLast())
            history.fold(told("r1", "b").line.dropLast())
            #expect(history.marks.contains(FeedbackMark(report: "r1", kind: .bounced, recipient: "a")))
            #expect(history.marks.contains(FeedbackMark(report: "r1", kind: .bounced, recipient: "b")))
            #expect(!history.marks.contains(FeedbackMark(report: "r2", kind: .bounced, recipient: "a")))
            #expect(!history.marks.contains(FeedbackMark(report: "r1", kind: .delayed, recipient: "a")))
            #expect(history.isFolded == (filler > 0))
        }
    }

    @Test("A producer's line of a report is no history")
    func producers() throws {
        let line = String(decoding: told("r1", "a").line, as: UTF8.self)
        #expect(History.withoutEvents(Array("{}\n\(line)".utf8)) == Array("{}\n".utf8))
        #expect(try JobFile(Array("{}\n{\"to\":\"a\"}\n".utf8)).hasStrayText)
    }
}
