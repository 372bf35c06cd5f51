import Spool
import Testing
import Time

@Suite("Recovery")
struct RecoveryTests {
    @Test(
        "The whole history decides",
        arguments: [
            ([], .requeue),
            (["sending a,b 1", "sent a 1", "sent b 1"], .done),
            (["sending a,b 1", "sent a 1", "refused b 1"], .dead),
            (["sending a,b 1"], .inDoubt(attempt: 1, recipients: ["a", "b"])),
            (["sending a,b 1", "sent a 1"], .inDoubt(attempt: 1, recipients: ["b"])),
            (["sending a,b 1", "deferred a 1 +30", "deferred b 1 +30"], .retry(due: start + .seconds(30))),
            // The last line of an outcome is not the one that says when the job is due.
            (["sending a,b 1", "deferred a 1 +30", "sent b 1"], .retry(due: start + .seconds(30))),
            (["sending a,b 1", "deferred a 1 +30", "refused b 1"], .retry(due: start + .seconds(30))),
            (["sending a,b 1", "in-doubt a 1 +30", "sent b 1"], .retry(due: start + .seconds(30))),
            // A doubt that is not to be tried again was on its way to hold/.
            (["sending a,b 1", "in-doubt a 1", "in-doubt b 1"], .hold),
            (["sending a,b 1", "in-doubt a 1", "deferred b 1"], .hold),
            (["in-doubt a 1 -5"], .requeue),
            (["in-doubt a 1", "requeued"], .requeue),
            // That was an earlier attempt's.
            (["deferred a 1 +30", "sending a,b 2", "returned"], .requeue),
            (["deferred a 1 +30", "requeued"], .requeue),
            (["deferred a 1 +30", "recovered"], .requeue),
            (["deferred a 1 -5"], .requeue),
            (["deferred a 1"], .requeue),
            (["blocked +30"], .retry(due: start + .seconds(30))),
            (["scheduled +3600"], .scheduled(due: start + .seconds(3600))),
            (["scheduled -1"], .requeue),
            (["in-doubt a 1", "held"], .hold),
            (["deferred a 1 -5", "expired"], .dead),
            (["dead"], .dead),
            (["recovered"], .requeue),
            (["recovered", "recovered"], .poison),
            (["recovered", "recovered", "returned"], .requeue),
            (["deferred a 1 -5", "recovered", "recovered"], .poison),
            // A task has no recipients; those of the job are nobody's affair.
            (["running 1"], .inDoubt(attempt: 1, recipients: [])),
            (["deferred 1 -5", "running 2"], .inDoubt(attempt: 2, recipients: [])),
            (["running 1", "done 1"], .done),
            (["running 1", "done 1", "requeued"], .done),
            (["running 1", "deferred 1 +30"], .retry(due: start + .seconds(30))),
            (["running 1", "deferred 1 -5"], .requeue),
            (["running 1", "dead 1"], .dead),
            (["running 1", "returned"], .requeue),
            (["running 1", "in-doubt 1 +30"], .retry(due: start + .seconds(30))),
            (["running 1", "in-doubt 1"], .hold),
            (["running 1", "blocked +30"], .retry(due: start + .seconds(30))),
        ] as [([String], Recovery)])
    func decides(lines: [String], recovery: Recovery) {
        #expect(Recovery(history: History(lines.map { event($0) }), recipients: ["a", "b"], now: start) == recovery)
    }

    @Test("A job that does not say its recipients is judged when it is claimed again")
    func withoutRecipients() { #expect(Recovery(history: History(), recipients: [], now: start) == .requeue) }
}
