import Configuration
import Linux
import Spool
import Testing
import Time

@testable import Daemon

/// What is decided of tasks without running any.
@Suite("Decisions about tasks")
struct TaskValueTests {
    static let now = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!

    @Test(
        "An end is judged by sysexits(3)",
        arguments: [
            (.exit(0), .done), (.exit(1), .deferred(because: "exit status 1")),
            (.exit(63), .deferred(because: "exit status 63")), (.exit(64), .dead(because: "exit status 64 (EX_USAGE)")),
            (.exit(65), .dead(because: "exit status 65 (EX_DATAERR)")),
            (.exit(66), .dead(because: "exit status 66 (EX_NOINPUT)")),
            (.exit(67), .dead(because: "exit status 67 (EX_NOUSER)")),
            (.exit(68), .dead(because: "exit status 68 (EX_NOHOST)")),
            (.exit(69), .deferred(because: "exit status 69 (EX_UNAVAILABLE)")),
            (.exit(70), .deferred(because: "exit status 70 (EX_SOFTWARE)")),
            (.exit(71), .deferred(because: "exit status 71 (EX_OSERR)")),
            (.exit(72), .deferred(because: "exit status 72 (EX_OSFILE)")),
            (.exit(73), .deferred(because: "exit status 73 (EX_CANTCREAT)")),
            (.exit(74), .deferred(because: "exit status 74 (EX_IOERR)")),
            (.exit(75), .deferred(because: "exit status 75 (EX_TEMPFAIL)")),
            (.exit(76), .dead(because: "exit status 76 (EX_PROTOCOL)")),
            (.exit(77), .dead(because: "exit status 77 (EX_NOPERM)")),
            (.exit(78), .deferred(because: "exit status 78 (EX_CONFIG)")),
            (.exit(79), .deferred(because: "exit status 79")), (.exit(127), .deferred(because: "exit status 127")),
            (.exit(255), .deferred(because: "exit status 255")),
            (.signal(9), .deferred(because: "ended by signal 9 (SIGKILL)")),
            (.signal(35), .deferred(because: "ended by signal 35")),
        ] as [(ChildProcess.End, TaskOutcome)])
    func outcome(end: ChildProcess.End, outcome: TaskOutcome) {
        #expect(TaskOutcome(end, isTimedOut: false, after: .minutes(5)) == outcome)
        // Who was asked to end has not done its work, whatever it says.
        #expect(TaskOutcome(end, isTimedOut: true, after: .minutes(5)) == .deferred(because: "did not end within 5m"))
    }

    @Test(
        "A program that was asked to end and ends with 0 has done its work; any other has not",
        arguments: [
            (.exit(0), .stop(interruptions: 0), .done), (.exit(0), .cancel, .done),
            (.signal(15), .stop(interruptions: 0), .returned(because: "the daemon stops")),
            (.exit(75), .stop(interruptions: 0), .returned(because: "the daemon stops")),
            (
                .exit(65), .stop(interruptions: 2),
                .returned(because: "the daemon stops, and has interrupted this job 3 times")
            ),
            (.signal(9), .cancel, .dead(because: "cancelled by the operator")),
            (.exit(1), .cancel, .dead(because: "cancelled by the operator")),
        ] as [(ChildProcess.End, TaskOutcome.Request, TaskOutcome)])
    func asked(end: ChildProcess.End, request: TaskOutcome.Request, outcome: TaskOutcome) {
        #expect(TaskOutcome(end, askedTo: request) == outcome)
    }

    @Test("Interruptions are runs that were given back")
    func interruptions() {
        let kinds: [Event.Kind] = [.returned, .running, .returned, .running, .deferred, .running, .returned, .running]
        #expect(History(kinds.map { Event($0, at: Self.now) }).interruptions == 2)
    }

    @Test(
        "The last attempt that max_attempts allows makes a dead letter if it fails",
        arguments: [(nil, 9, false), (3, 2, false), (3, 3, true), (1, 1, true), (2, 5, true)] as [(Int?, Int, Bool)])
    func givenUp(limit: Int?, number: Int, isGivenUp: Bool) throws {
        var attempt = Verdict.Attempt(
            number: number, history: History(), submitted: Self.now, expiry: Self.now + .days(5))
        attempt.policy.maximumAttempts = limit
        let failed = Verdict(
            .deferred(because: "exit status 1"), reply: "said", of: attempt, now: Self.now, jitter: 0)
        let verdict = failed.givenUp(after: attempt)
        #expect((verdict != nil) == isGivenUp)
        if let verdict, let limit {
            #expect(verdict.target == .dead && verdict.due == nil && verdict.durably)
            #expect(verdict.events.map(\.kind) == [.deferred, .dead])
            #expect(verdict.events.allSatisfy { $0.next == nil })
            #expect(verdict.events[1].reason == "attempt \(number) of \(limit) failed (max_attempts): said")
        }
        // What is done, blocked or given back is no failed attempt.
        for other in [
            Verdict(.done, reply: nil, of: attempt, now: Self.now, jitter: 0), Verdict.blocked("x", attempt, Self.now),
            Verdict.returned("x", attempt, Self.now),
        ] {
            #expect(other.givenUp(after: attempt) == nil)
        }
    }

    @Test(
        "The last line with something in it is the reply, of one line's length and fit for a terminal",
        arguments: [
            ("", nil), ("\n\n", nil), ("one", "one"), ("one\ntwo\n", "two"), ("one\n \n\t\n", "one"),
            ("one\r\n", "one"), ("a\u{1b}[31mb\n", "a\\u{1b}[31mb"),
            (String(repeating: "x", count: 300), String(repeating: "x", count: 200)),
        ] as [(String, String?)])
    func reply(output: String, reply: String?) { #expect(TaskOutcome.lastLine(of: Array(output.utf8)) == reply) }

    private func verdict(_ outcome: TaskOutcome, attempt: Int = 1, history: History = History()) -> Verdict {
        Verdict(
            outcome, reply: "said",
            of: .init(
                number: attempt, relay: nil, history: history, submitted: Self.now - .seconds(3),
                expiry: Self.now + .days(5)),
            now: Self.now, jitter: 0)
    }

    @Test(
        "An outcome has one event and one place",
        arguments: [
            (.done, .done, .done(day: "2026-11-23"), false),
            (.deferred(because: "why"), .deferred, .retry(.first), false), (.dead(because: "why"), .dead, .dead, true),
            (.returned(because: "why"), .returned, .new, false),
        ] as [(TaskOutcome, Event.Kind, State, Bool)])
    func places(outcome: TaskOutcome, kind: Event.Kind, target: State, durably: Bool) {
        let verdict = verdict(outcome)
        #expect(verdict.events.map(\.kind) == [kind])
        #expect(verdict.target == target)
        #expect(verdict.durably == durably)
        #expect(verdict.events[0].submitted == Self.now - .seconds(3))
        #expect(verdict.events[0].attempt == (kind == .returned ? nil : 1))
        #expect(verdict.events[0].reason == (kind == .done ? nil : "why"))
        #expect(verdict.events[0].reply == (kind == .returned ? nil : "said"))
        #expect(verdict.events[0].next == verdict.due.flatMap { kind == .deferred ? $0 : nil })
    }

    @Test("Deferred tasks climb the buckets")
    func buckets() {
        #expect(verdict(.deferred(because: ""), attempt: 3).target == .retry(.twoMinutes))
        #expect(verdict(.deferred(because: ""), attempt: 3).due == Self.now + .minutes(2))
        #expect(verdict(.deferred(because: ""), attempt: 99).target == .retry(.last))
    }

    private func job(_ id: String, _ template: String, _ priority: Job.Priority = .normal, expiry: Int64 = 1000)
        -> WaitingJob
    {
        WaitingJob(
            JobID(id)!, in: .new, priority: priority, template: template, expiry: Timestamp(seconds: expiry),
            kind: .task)
    }

    private func drain(_ lanes: inout Lanes, bulk: Bool = true, full: Set<String> = []) -> [String] {
        var ids: [String] = []
        while let job = lanes.next(bulkAllowed: bulk, mayStart: { !full.contains($0.name) }) { ids.append(job.id.text) }
        return ids
    }

    @Test("High before normal before bulk; within one, templates take turns")
    func turns() {
        var lanes = Lanes { Lanes.Group($0.template ?? "") }
        for id in ["a1", "a2", "a3"] { _ = lanes.append(job(id, "a")) }
        for id in ["b1", "b2"] { _ = lanes.append(job(id, "b")) }
        _ = lanes.append(job("c1", "c", .bulk))
        _ = lanes.append(job("a4", "a", .high))
        #expect(lanes.count == 7)
        #expect(drain(&lanes) == ["a4", "a1", "b1", "a2", "b2", "a3", "c1"])
        #expect(lanes.isEmpty && lanes.count == 0)
    }

    @Test("A template that is full, and bulk that may not start, hold up nobody and stay")
    func passedOver() {
        var lanes = Lanes { Lanes.Group($0.template ?? "") }
        for id in ["a1", "a2"] { _ = lanes.append(job(id, "a", .high)) }
        _ = lanes.append(job("b1", "b"))
        _ = lanes.append(job("b2", "b", .bulk))
        #expect(drain(&lanes, bulk: false, full: ["a"]) == ["b1"])
        #expect(drain(&lanes, full: ["a"]) == ["b2"])
        #expect(drain(&lanes) == ["a1", "a2"])
    }

    @Test("Lanes are bounded, know what they hold, and give back what has expired")
    func bounds() {
        var lanes = Lanes(capacity: 3) { Lanes.Group($0.template ?? "") }
        var taken: [Bool] = []
        for (id, template, expiry) in [("a", "t", 5), ("b", "u", 1000), ("c", "u", 6), ("d", "t", 1000)]
            as [(String, String, Int64)]
        {
            taken.append(lanes.append(job(id, template, expiry: expiry)))
        }
        #expect(taken == [true, true, true, false])
        #expect(lanes.state(of: JobID("b")!) == .new)
        #expect(lanes.removeExpired(at: Timestamp(seconds: 10)).map(\.id.text).sorted() == ["a", "c"])
        #expect(lanes.count == 1)
        #expect(drain(&lanes) == ["b"])
    }

    private func settings(_ text: String) throws -> TaskSettings {
        try Settings(ConfigurationFile(parsing: "\(text)\n", name: "test.conf")).tasks
    }
    private let relay = "[relay main]\nurl = smtp://127.0.0.1\n"

    @Test("The configuration says how many, and how long")
    func settings() throws {
        let all = try settings(
            "task_concurrency = 9\ntask_timeout = 2d\ntask_nice = 0\ntask_shutdown = wait\n\(relay)"
        )
        #expect(all.concurrency == 9 && all.timeout == .days(2) && all.niceness == 0 && all.shutdown == .wait)
        let none = try settings(relay)
        #expect(none == TaskSettings())
        #expect(none.concurrency == 4 && none.timeout == .minutes(5) && none.niceness == 10 && none.shutdown == .return)
    }

    @Test(
        "What it cannot say is an error with its line",
        arguments: [
            ("task_concurrency = 0", ":1: 'task_concurrency'"), ("task_timeout = 0s", ":1: 'task_timeout'"),
            ("task_nice = -5", ":1: 'task_nice'"), ("task_shutdown = kill", ":1: 'task_shutdown'"),
        ])
    func faults(text: String, fault: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try settings("\(text)\n\(relay)") }
        #expect("\(error!)".hasPrefix("test.conf\(fault)"), "\(error!)")
    }
}
