import EventLoop
import JSON
import Linux
import Relay
import SMTP
import Spool
import Testing
import Time

@testable import Daemon

/// The parts that a job passes between its look and its end, each alone: what they take, and the one report they give.
@Suite("Claimed jobs", .serialized)
struct ClaimedJobTests {
    /// A spool with templates, and what its parts have reported.
    final class Desk {
        let place: SpoolPlace
        let settings: Settings
        let templates: TemplateCache
        var reports: [Report] = []
        var ended: [(id: String, state: State?)] = []

        private lazy var outcomes = Outcomes(spool: place.spool, log: place.log)
        private(set) lazy var triage = Triage(
            spool: place.spool, ledger: place.ledger, templates: templates, settings: settings, outcomes: outcomes,
            tell: { [unowned self] in reports.append($0) })
        private(set) lazy var settler = Settler(
            spool: place.spool, loop: place.loop, ledger: place.ledger, outcomes: outcomes,
            tell: { [unowned self] in reports.append($0) },
            settled: { [unowned self] job, _, state, _ in ended.append((job.id.text, state)) })
        private(set) lazy var letters = LetterMaker(ledger: place.ledger, templates: templates, settings: settings)
        private lazy var strays = Strays(spool: place.spool, loop: place.loop, log: place.log)
        private(set) lazy var tasks = TaskCourier(
            loop: place.loop, ledger: place.ledger, templates: templates, strays: strays, settings: settings,
            tell: { [unowned self] in reports.append($0) })
        private(set) lazy var data = DataCourier(
            loop: place.loop, ledger: place.ledger, templates: templates, strays: strays, letters: letters,
            tell: { [unowned self] in reports.append($0) })

        init(_ main: String = "") throws {
            place = try SpoolPlace()
            settings = try place.settings(main)
            templates = TemplateCache(settings.templates)
        }

        /// Submits a job and claims it, if it may start.
        func claimed(_ text: String, id: String = "job") throws -> ClaimedJob {
            try place.submit(text, id: id)
            return try claim(id)
        }

        func claim(_ id: String) throws -> ClaimedJob {
            guard case .ready(let ready) = triage.look(try #require(JobID(id)), in: .new, now: .now),
                let job = triage.take(ready, now: .now)
            else { throw NotReady() }
            return job
        }

        struct NotReady: Error {}

        func template(_ name: String, _ files: [String: String], run: String? = nil, data: String? = nil) throws {
            try? Directory.make(path: place.scratch.path("templates"), mode: 0o755)  // Made by an earlier one.
            try Directory.make(path: place.scratch.path("templates/\(name)"), mode: 0o755)
            for (file, text) in files { try place.scratch.write(text, to: "templates/\(name)/\(file)") }
            if let run { _ = try place.script("templates/\(name)/run", run) }
            if let data { _ = try place.script("templates/\(name)/data", data) }
        }

        /// The reports in words, those of the disk apart.
        var words: [String] {
            reports.compactMap {
                switch $0 {
                case .verdict(let job, let verdict): "\(job.id) \(verdict.target.path)"
                case .refused(let job, .job(let reason)): "\(job.id) is refused: \(reason)"
                case .refused(let job, .ours(let reason)): "\(job.id) is blocked: \(reason)"
                case .carried(let job, let isPrepared): "\(job.id) is carried\(isPrepared ? ", prepared" : "")"
                case .lookAgain(let id, let state, _): "look at \(state.path)/\(id) again"
                case .found(let name): "found \(name.printable)"
                case .reading(let isReading): isReading ? "reading" : "read"
                default: nil
                }
            }
        }
    }

    static let mail = #"{"to":"zoe@example.net","subject":"Hi","text":"Hello"}"#

    @Test("A look tells what may start, what waits, and what ends without a courier")
    func looks() throws {
        let desk = try Desk()
        func look(_ id: String, in state: State = .new, isUnderWay: Bool = false) throws -> String {
            switch desk.triage.look(try #require(JobID(id)), in: state, isUnderWay: isUnderWay, now: .now) {
            case .nothing: "nothing"
            case .due(let time): "due in \(Int(((time - .now).inSeconds + 0.5)))"
            case .ready(let ready): "ready, \(ready.facts.waiting.priority)"
            case .ends(_, .expired): "expired"
            case .ends(_, .skipped): "skipped"
            case .ends(_, .malformed(let error)): "malformed: \(error)"
            case .ends(_, .scheduled): "scheduled"
            case .ends(_, .unroutable): "unroutable"
            case .ends(_, .behind(let previous)): "behind \(previous)"
            }
        }
        #expect(try look("none") == "nothing")
        try desk.place.submit(#"{"to":"a@example.org","subject":"s","text":"t","priority":"high"}"#, id: "high")
        #expect(try look("high") == "ready, high")
        #expect(try look("high", isUnderWay: true) == "nothing")
        try desk.place.submit(#"{"to":5}"#, id: "bad")
        #expect(try look("bad").hasPrefix("malformed: "))
        try desk.place.submit(
            #"{"to":"a@example.org","subject":"s","text":"t","sendAt":"2120-01-01T00:00:00Z"}"#, id: "far")
        #expect(try look("far") == "scheduled")
        try desk.place.put("retry/01-30s/later", Self.mail, modified: .now + .seconds(20))
        #expect(try look("later", in: .retry(.first)) == "due in 20")
        // The operator's, which no history knows.
        try desk.place.put("retry/01-30s/touched", Self.mail, modified: .now + .hours(2))
        #expect(try look("touched", in: .retry(.first)) == "due in 7200")
        try desk.place.put("new/torn", "{")
        #expect(try look("torn") == "nothing")
        #expect(desk.words == ["look at new/torn again"])
    }

    @Test("A claim notes what the operator did, and counts the attempt")
    func claims() throws {
        let desk = try Desk()
        let deferred = #"{"at":"2026-11-23T17:44:11Z","event":"deferred","attempt":4,"to":"zoe@example.net"}"#
        try desk.place.put("new/back", "\(Self.mail)\n\(deferred)\n")
        let job = try desk.claim("back")
        #expect(job.attempt.number == 1 && job.attempt.history.events.map(\.kind) == [.deferred, .requeued])
        #expect(try desk.place.names("cur/main") == ["back"] && desk.reports.isEmpty)
        try job.mark(.sending, to: ["zoe@example.net"], now: .now)
        #expect(job.attempt.history.openSending != nil)
        job.unmark()
        #expect(job.attempt.history.openSending == nil)
        let first = job.finish() != nil
        let second = job.finish() != nil
        #expect(first && !second)
    }

    @Test("A verdict is carried out once; a namesake in its state makes it a dead letter")
    func settles() throws {
        let desk = try Desk()
        let job = try desk.claimed(Self.mail)
        desk.settler.settle(job, by: Verdict(at: .now, target: .done(day: "2026-11-23")))
        desk.settler.settle(job, by: Verdict(at: .now, target: .dead))
        #expect(desk.ended.map(\.state) == [.done(day: "2026-11-23")])
        #expect(try desk.place.names("done/2026-11-23") == ["job"] && desk.place.names("dead") == [])
        let twin = try desk.claimed(Self.mail, id: "twin")
        try desk.place.put("hold/twin", "{}")
        desk.settler.settle(twin, by: Verdict(at: .now, target: .hold))
        #expect(desk.ended.last?.state == .dead)
        desk.settler.keepsDone = false
        let gone = try desk.claimed(Self.mail, id: "gone")
        desk.settler.settle(gone, by: Verdict(at: .now, target: .done(day: "2026-11-23")))
        #expect(try desk.place.names("done/2026-11-23") == ["job"] && desk.place.names("cur/main") == [])
        #expect(desk.settler.backlog == 0)
    }

    @Test("A letter is made of a job, for the recipients that have no outcome yet")
    func letters() throws {
        let desk = try Desk()
        let now = Timestamp.now.rfc3339
        let sent = #"{"at":"\#(now)","event":"sent","attempt":1,"to":"a@example.org","submitted":"\#(now)"}"#
        try desk.place.put(
            "new/part", #"{"to":["a@example.org","b@example.org"],"subject":"s","text":"t"}"# + "\n\(sent)\n")
        let job = try desk.claim("part")
        #expect(try desk.letters.make(job, view: nil, now: .now) == nil)
        #expect(job.letter?.recipients == ["b@example.org"] && job.value == .null)
        let outcome = RecipientOutcome.sent(Reply(code: 250, "2.0.0 Ok"))
        let verdict = Verdict([("b@example.org", outcome)], of: job.attempt, now: .now, jitter: 0)
        let record = DeliveryRecord(job, verdict, now: .now)
        #expect(record.lines.map(\.note) == ["250 2.0.0 Ok"])
    }

    @Test("Where nobody may get mail there is no letter, and where everybody has theirs the end was missing")
    func noLetters() throws {
        let desk = try Desk("allow_recipients = @example.com")
        let barred = try desk.claimed(Self.mail)
        let verdict = try #require(try desk.letters.make(barred, view: nil, now: .now))
        #expect(verdict.target == .dead && verdict.events.map(\.kind) == [.refused] && barred.letter == nil)
    }

    @Test("A task's courier runs a program, and reports a verdict or a refusal")
    func tasks() throws {
        let desk = try Desk()
        try desk.template("echo", [:], run: "cat >&2; exit 0")
        try desk.template("bad", [:], run: "exit 65")
        for (name, id) in [("echo", "a"), ("bad", "b"), ("none", "c")] {
            desk.tasks.begin(try desk.claimed(#"{"template":"\#(name)"}"#, id: id))
        }
        #expect(desk.tasks.running.map(\.id.text).sorted() == ["a", "b"])
        try desk.place.run(until: { desk.words.count == 3 })
        let today = Timestamp.now.day
        #expect(desk.words.sorted() == ["a done/\(today)", "b dead", "c is blocked: unknown template 'none'"])
        let blocked = BlockedJobs(ledger: desk.place.ledger, templates: desk.templates)
        blocked.add(JobID("c")!, template: "none", because: "unknown template 'none'")
        #expect(try desk.place.logged.contains("c blocked: unknown template 'none'"))
    }

    @Test("Data's courier makes a letter that waits for a connection, or says whose fault it is that it cannot")
    func data() throws {
        let desk = try Desk()
        let parts = ["subject.mustache": "Order", "text.mustache": "Total: {{total}}"]
        try desk.template("order", parts, data: #"cat >/dev/null; echo '{"total":"38"}'"#)
        try desk.template("lost", parts, data: "echo no such order >&2; exit 66")
        try desk.template("odd", parts, data: "echo 5")
        for name in ["order", "lost", "odd"] {
            desk.data.begin(try desk.claimed(#"{"template":"\#(name)","to":"zoe@example.net"}"#, id: name))
        }
        try desk.place.run(until: { desk.words.count == 3 })
        let words = desk.words.sorted()
        #expect(words[0].hasPrefix("lost is refused: data: exit status 66") && words[0].hasSuffix(": no such order"))
        #expect(words[1].hasPrefix("odd is blocked: ") && words[1].hasSuffix(", not an object"))
        #expect(words[2] == "order is carried, prepared")
    }

    @Test("new/ is read when something in it may be missing, and its names are reported")
    func newJobs() throws {
        let desk = try Desk()
        var mayRead = false
        let newJobs = NewJobs(
            spool: desk.place.spool, loop: desk.place.loop, log: desk.place.log, mayRead: { mayRead },
            mayGoOn: { true }, tell: { [unowned desk] in desk.reports.append($0) })
        try desk.place.submit(id: "a")
        newJobs.read()
        #expect(desk.words == [])
        mayRead = true
        newJobs.readIfIncomplete()
        try desk.place.run(until: { desk.words == ["reading", "found a", "read"] })
        newJobs.readIfIncomplete()
        #expect(desk.words.count == 3)
        newJobs.missed()
        newJobs.readIfChanged(isFull: true)
        #expect(desk.words.count <= 4)
    }

    @Test("Flights count what each kind takes up")
    func flights() {
        var flights = Flights()
        func job(_ id: String, _ kind: WaitingJob.Kind, _ priority: Job.Priority = .normal) -> WaitingJob {
            WaitingJob(
                JobID(id)!, in: .new, priority: priority, template: "t", expiry: .distantFuture, kind: kind)
        }
        for job in [job("m", .mail, .bulk), job("t", .task, .bulk), job("d", .mailWithData)] { flights.begin(job) }
        flights.begin(job("m", .mail, .bulk))
        #expect(
            [flights.mails, flights.bulkMails, flights.tasks.count, flights.tasks.bulk, flights.data.count] == [
                1, 1, 1, 1, 1,
            ])
        let isMail = flights.becomeMail(JobID("d")!)
        #expect(isMail && flights.mails == 2 && flights.data.count == 0 && flights.tasks.byTemplate == ["t": 1])
        flights.settle(JobID("s")!)
        #expect(flights.contains(JobID("s")!))
        let ends = ["m", "t", "d", "s", "x"].map { flights.end(JobID($0)!) }
        #expect(ends == [true, true, true, false, false])
        #expect(flights.isEmpty && flights.bulkMails == 0 && flights.tasks.byTemplate.isEmpty)
    }
}
