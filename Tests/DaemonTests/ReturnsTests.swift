import SMTP
import Spool
import Testing
import Time

@testable import Daemon

/// What must not grow without bound, nor cost more than it grows.
@Suite("Bounds of a history")
struct ReturnsTests {
    let submitted = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!

    /// The history of a job that is given back again and again, and the last verdict.
    func giveBack(_ times: Int, from start: [Event] = [], reason: (Int) -> String) -> (History, Verdict) {
        var history = History(start)
        var verdict: Verdict!
        for index in 0..<times {
            let attempt = Verdict.Attempt(
                number: 1, relay: index % 2 == 0 ? "main" : "other", history: history, submitted: submitted,
                expiry: submitted + .days(5))
            verdict = Verdict(
                [(recipient: "a@example.com", outcome: .notTried)], of: attempt, interruption: reason(index),
                now: submitted + .minutes(Int64(index)), jitter: 0)
            for event in verdict.events { history.append(event) }
        }
        return (history, verdict)
    }

    @Test("A job that is returned a thousand times has one line for each relay and reason")
    func sameReason() {
        let (history, verdict) = giveBack(1000) { _ in "421 4.3.2 Too many" }
        #expect(history.events.map(\.relay) == ["main", "other"])
        #expect(verdict.target == .new)
        #expect(verdict.due == submitted)
    }

    @Test("Where each reply is another, ten lines are enough")
    func differentReasons() {
        let (history, verdict) = giveBack(1000) { "421 busy, session \($0)" }
        #expect(history.events.count == Verdict.returnLimit)
        #expect(verdict.target == .new)
    }

    @Test("A sending is closed by a returned, whatever was returned before")
    func closed() {
        var (history, _) = giveBack(20) { "421 busy, session \($0)" }
        var sending = Event(.sending, at: submitted)
        sending.to = ["a@example.com"]
        history.append(sending)
        #expect(history.openSending != nil)
        let (closed, verdict) = giveBack(1, from: history.events) { _ in "gone" }
        #expect(verdict.events.count == 1)
        #expect(closed.openSending == nil)
    }

    @Test("A history of many recipients is read in a time that grows with it, not with its square")
    func manyRecipients() {
        let recipients = (0..<40_000).map { "r\($0)@example.com" }
        var sending = Event(.sending, at: submitted)
        sending.to = recipients
        var events = [sending]
        for recipient in recipients {
            var event = Event(recipient.hasPrefix("r7") ? .deferred : .sent, at: submitted)
            event.to = [recipient]
            event.attempt = 1
            events.append(event)
        }
        let history = History(events)
        let took = ContinuousClock().measure {
            #expect(history.openSending == nil)
            #expect(history.open(of: recipients).count == recipients.count { $0.hasPrefix("r7") })
            #expect(!history.isSent(to: recipients))
        }
        // With a comparison of each with each it is half an hour.
        #expect(took < .seconds(20))
    }
}
