import SMTP
import Spool
import Testing
import Time

@testable import Daemon

/// What one attempt makes of a job: outcomes in, events and the next state out.
@Suite("Verdict")
struct VerdictTests {
    static let now = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!
    static let submitted = now - .seconds(3)
    let now = VerdictTests.now

    static let ok = RecipientOutcome.sent(Reply(code: 250, "2.0.0 Ok: queued as 4F1C2"))
    static let later = RecipientOutcome.deferred(.reply(Reply(code: 451, "4.7.1 Greylisted")))
    static let never = RecipientOutcome.refused(.reply(Reply(code: 550, "5.1.1 No such user")))
    static let doubt = RecipientOutcome.inDoubt("the connection was lost")
    static let untried = RecipientOutcome.notTried

    func judge(
        _ outcomes: [RecipientOutcome], attempt number: Int = 1, history: History = History(),
        onDoubt: Verdict.OnDoubt = .resend, softBounce: Bool = false, disallowed: [String] = [],
        suppressed: [(recipient: String, reason: String)] = []
    ) -> Verdict {
        let attempt = Verdict.Attempt(
            number: number, relay: "main", history: history, submitted: VerdictTests.submitted,
            expiry: VerdictTests.submitted + .days(5), onDoubt: onDoubt, softBounce: softBounce,
            disallowed: disallowed, suppressed: suppressed)
        let pairs = outcomes.enumerated().map { (recipient: "r\($0)@example.com", outcome: $1) }
        return Verdict(pairs, of: attempt, interruption: "421 bye", now: now, jitter: 0)
    }

    @Test(
        "The worst that is left decides: hold before retry before dead before done",
        arguments: [
            ([ok], State.done(day: "2026-11-23")), ([later], .retry(.first)), ([never], .dead),
            ([doubt], .retry(.first)), ([untried], .new),
            ([ok, later, never], .retry(.first)), ([ok, never], .dead), ([ok, ok], .done(day: "2026-11-23")),
            ([ok, untried], .retry(.first)), ([never, untried], .retry(.first)), ([doubt, never], .retry(.first)),
        ] as [([RecipientOutcome], State)])
    func target(outcomes: [RecipientOutcome], target: State) {
        #expect(judge(outcomes).target == target)
    }

    @Test("After k failures a job is in bucket k", arguments: 1...12)
    func climbs(attempt: Int) {
        let verdict = judge([VerdictTests.later], attempt: attempt)
        #expect(verdict.target == .retry(Bucket(rawValue: min(attempt, 10))!))
        #expect(verdict.due == now + Bucket(rawValue: min(attempt, 10))!.delay)
        #expect(verdict.events[0].next == verdict.due)
        #expect(verdict.events[0].attempt == attempt)
    }

    @Test("Every recipient gets an event with its reply; the first event carries the submission")
    func events() {
        let verdict = judge([VerdictTests.ok, VerdictTests.later, VerdictTests.never])
        #expect(verdict.events.map(\.kind) == [.sent, .deferred, .refused])
        #expect(verdict.events.map(\.code) == [250, 451, 550])
        #expect(verdict.events.map(\.dsn) == ["2.0.0", "4.7.1", "5.1.1"])
        #expect(verdict.events.map(\.to) == [["r0@example.com"], ["r1@example.com"], ["r2@example.com"]])
        #expect(verdict.events.map(\.submitted) == [VerdictTests.submitted, nil, nil])
    }

    @Test("A job that a relay gives back keeps its age and counts no attempt")
    func returned() {
        let verdict = judge([VerdictTests.untried, VerdictTests.untried])
        #expect(verdict.target == .new)
        #expect(verdict.due == VerdictTests.submitted)
        #expect(verdict.events.map(\.kind) == [.returned])
        #expect(verdict.events[0].attempt == nil)
        #expect(verdict.events[0].reason == "421 bye")
    }

    @Test("The history is on disk before the rename when losing it would send twice or lose a reason")
    func durability() {
        #expect(!judge([VerdictTests.ok]).durably)
        #expect(!judge([VerdictTests.later]).durably)
        #expect(judge([VerdictTests.ok, VerdictTests.later]).durably)
        #expect(judge([VerdictTests.never]).durably)
        #expect(judge([VerdictTests.doubt], onDoubt: .hold).durably)
        var sent = Event(.sent, at: now)
        sent.to = ["other@example.com"]
        #expect(judge([VerdictTests.later], history: History([sent])).durably)
    }

    @Test("A doubt is sent again or held, and a second one is held")
    func doubts() {
        #expect(judge([VerdictTests.doubt]).target == .retry(.first))
        #expect(judge([VerdictTests.doubt], onDoubt: .hold).target == .hold)
        var earlier = Event(.inDoubt, at: now)
        earlier.attempt = 1
        earlier.to = ["r0@example.com"]
        let second = judge([VerdictTests.doubt], attempt: 2, history: History([earlier]))
        #expect(second.target == .hold)
        #expect(second.events[0].next == nil)
        let requeued = History([earlier, Event(.requeued, at: now)])
        #expect(judge([VerdictTests.doubt], history: requeued).target == .retry(.first))
    }

    @Test("soft_bounce makes a refusal a deferral")
    func softBounce() {
        let verdict = judge([VerdictTests.never], softBounce: true)
        #expect(verdict.target == .retry(.first))
        #expect(verdict.events.map(\.kind) == [.deferred])
    }

    @Test("A recipient that was refused earlier makes a dead letter when the last one is sent")
    func refusedEarlier() {
        var refused = Event(.refused, at: now)
        refused.to = ["gone@example.com"]
        refused.attempt = 1
        #expect(judge([VerdictTests.ok], attempt: 2, history: History([refused])).target == .dead)
    }

    @Test(
        "A recipient that is held back is refused by us; what the others met decides first",
        arguments: [
            ([], .dead, [.refused]), ([ok], .dead, [.refused, .sent]),
            ([later], .retry(.first), [.refused, .deferred]),
            ([doubt], .retry(.first), [.refused, .inDoubt]), ([untried], .new, [.returned]),
            ([ok, untried], .retry(.first), [.refused, .sent, .deferred]),
        ] as [([RecipientOutcome], State, [Event.Kind])])
    func disallowed(outcomes: [RecipientOutcome], target: State, kinds: [Event.Kind]) {
        let verdict = judge(outcomes, disallowed: ["h@example.com"])
        #expect(verdict.target == target)
        #expect(verdict.events.map(\.kind) == kinds)
        guard kinds.first == .refused else { return }
        #expect(verdict.events[0].to == ["h@example.com"])
        #expect(verdict.events[0].dsn == "5.7.1")
        #expect(verdict.events[0].reason == "held back: not in allow_recipients")
        #expect(verdict.events[0].relay == nil)
        #expect(verdict.events[0].submitted == VerdictTests.submitted)
        // A relay's 5yz may pass; this will not before somebody changes the list.
        #expect(judge(outcomes, softBounce: true, disallowed: ["h@example.com"]).events.map(\.kind) == kinds)
    }

    @Test("Who is suppressed is refused by us, with the reason, and the others have their outcomes")
    func suppressed() {
        let reason = "suppressed: bad-address since 2026-11-01, by job old"
        let gone = [(recipient: "gone@example.com", reason: reason)]
        let alone = judge([], suppressed: gone)
        #expect(alone.target == .dead && alone.durably)
        #expect(alone.events.map(\.kind) == [.refused] && alone.events[0].reason == reason)
        #expect(alone.events[0].isSuppression && alone.events[0].relay == nil && alone.events[0].dsn == "5.7.1")
        #expect(alone.events[0].submitted == VerdictTests.submitted)
        let mixed = judge([VerdictTests.ok], suppressed: gone)
        #expect(mixed.target == .dead && mixed.events.map(\.kind) == [.refused, .sent])
        #expect(judge([VerdictTests.later], suppressed: gone).target == .retry(.first))
        // Nothing was learned of the others: it is said with the first outcome.
        #expect(judge([VerdictTests.untried], suppressed: gone).events.map(\.kind) == [.returned])
        #expect(!judge([], disallowed: ["gone@example.com"]).events[0].isSuppression)
    }
}
