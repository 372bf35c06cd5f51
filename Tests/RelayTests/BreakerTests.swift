import Relay
import SMTP
import Testing

@Suite("Breaker")
struct BreakerTests {
    private let second: Int64 = 1_000_000_000

    private func refusal(_ code: Int, _ text: String = "5.7.1 sender") -> Reply { Reply(code: code, text) }

    @Test("Opens at a failure of the relay, and tries again after 1, 2, 4 … 60 s")
    func backoff() {
        var it = Breaker(limit: 8)
        var now: Int64 = 0
        for delay in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
            it.relayFailed("refused", at: now)
            #expect(it.isOpen)
            #expect(it.nextProbe == now + delay * second)
            #expect(it.allowed(at: now + delay * second - 1) == 0)
            now += delay * second
            #expect(it.allowed(at: now) == 1)
        }
        #expect(it.reason == "refused")
    }

    @Test("Counts failures that come together once")
    func together() {
        var it = Breaker(limit: 8)
        for offset in 0..<8 as Range<Int64> { it.relayFailed("refused", at: offset) }
        #expect(it.nextProbe == second)
    }

    @Test("Ramps up after a success, and begins anew at one second")
    func ramp() {
        var it = Breaker(limit: 10)
        it.relayFailed("refused", at: 0)
        it.relayFailed("refused", at: second)
        #expect(it.nextProbe == 3 * second)
        var allowed: [Int] = []
        for _ in 0..<6 {
            it.succeeded()
            allowed.append(it.allowed(at: 3 * second))
        }
        #expect(allowed == [1, 2, 4, 8, 10, 10])
        it.relayFailed("refused", at: 5 * second)
        #expect(it.nextProbe == 6 * second)
    }

    @Test(
        "Opens when three different jobs in a row are interrupted",
        arguments: [
            (["a", "b", "c"], true), (["a", "a", "a", "a"], false), (["a", "b"], false), (["a", "b", "-", "c"], false),
            (["a", "b", "a", "c"], true),
        ])
    func interrupted(jobs: [String], opens: Bool) {
        var it = Breaker(limit: 2)
        for job in jobs {
            if job == "-" { it.succeeded() } else { it.interrupted(job: job, "421 Bye", at: 0) }
        }
        #expect(it.isOpen == opens)
    }

    @Test(
        "Opens when five different jobs in a row meet the same 5yz to MAIL",
        arguments: [
            ([550, 550, 550, 550, 550], true), ([550, 550, 550, 550], false), ([550, 550, 551, 550, 550], false),
            ([451, 451, 451, 451, 451], false), ([550, 550, 550, 550, 250, 550], false),
        ])
    func refused(codes: [Int], opens: Bool) {
        var it = Breaker(limit: 2)
        for (index, code) in codes.enumerated() {
            if code == 250 {
                it.succeeded()
            } else {
                it.mailRefused(Reply(code: code, "no sender \(index)"), job: "j\(index)", at: 0)
            }
        }
        #expect(it.isOpen == opens)
        var same = Breaker(limit: 2)
        for code in codes { same.mailRefused(Reply(code: code, ""), job: "one", at: 0) }
        #expect(!same.isOpen)
    }

    @Test("Opens again when the probe meets the same", arguments: [true, false])
    func probeFails(isRefusal: Bool) {
        var it = Breaker(limit: 4)
        it.relayFailed("refused", at: 0)
        if isRefusal {
            it.mailRefused(Reply(code: 550, "no"), job: "a", at: second)
        } else {
            it.interrupted(job: "a", "421", at: second)
        }
        #expect(it.nextProbe == 3 * second)
        #expect(it.allowed(at: second) == 0)
    }

    @Test("A probe that connects lets one connection through, and the delay is kept")
    func connected() {
        var it = Breaker(limit: 4)
        it.relayFailed("refused", at: 0)
        it.connected(at: second - 1)
        #expect(it.isOpen)
        it.connected(at: second)
        #expect(it.allowed(at: second) == 1)
        #expect(!it.isOpen)
        it.relayFailed("421 to MAIL", at: second)
        #expect(it.nextProbe == 3 * second)
        it.connected(at: 3 * second)
        it.succeeded()
        #expect(it.allowed(at: 3 * second) == 2)
        it.relayFailed("refused", at: 3 * second)
        #expect(it.nextProbe == 4 * second)
        // Where transactions failed, a connection proves nothing.
        var other = Breaker(limit: 4)
        for job in ["a", "b", "c"] { other.interrupted(job: job, "421", at: 0) }
        other.connected(at: second)
        #expect(other.isOpen)
    }

    @Test("Judges outcomes")
    func outcomes() {
        let ok = Reply(code: 250, "Ok")
        let sent = TransactionOutcome(recipients: [.sent(ok)], reuse: .asIs)
        let refused = TransactionOutcome(
            recipients: [.refused(.reply(Reply(code: 550, "No")))], mailRefused: Reply(code: 550, "No"), reuse: .asIs)
        let unheard = TransactionOutcome(recipients: [.refused(.local(.tooBig, "too big"))], reuse: .asIs)
        func after(_ outcomes: [TransactionOutcome]) -> Breaker {
            var it = Breaker(limit: 4)
            it.relayFailed("refused", at: 0)
            for (index, outcome) in outcomes.enumerated() { it.record(outcome, job: "j\(index)", at: second) }
            return it
        }
        #expect(!after([sent]).isOpen)
        #expect(after([refused]).nextProbe == 3 * second)
        #expect(after([unheard]).nextProbe == second)
        for fault in [Fault.stale("x"), .aborted] {
            #expect(
                after([TransactionOutcome(recipients: [.notTried], fault: fault, reuse: .close)]).nextProbe == second)
        }
        for fault in [Fault.relay("x"), .interrupted(.dot, "x")] {
            #expect(
                after([TransactionOutcome(recipients: [.notTried], fault: fault, reuse: .close)]).nextProbe == 3
                    * second)
        }
    }
}
