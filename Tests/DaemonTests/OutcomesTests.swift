import JSON
import Linux
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

/// What applications are told of their jobs: event jobs, their order, and the files of drop boxes.
@Suite("Outcomes on disk", .serialized)
struct OutcomesTests {
    /// A queue whose program of `on_event` writes what it is told into a file; it fails as long as there is a file `down`.
    private func place(_ more: String = "on_event = hook", relay: [String] = []) throws -> QueuePlace {
        let place = try QueuePlace(relay: relay, settings: more)
        try place.template(
            "hook", program: "run", "[ ! -e ../../down ] || exit 75\ncat >> ../../told; echo >> ../../told")
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        outcomes.use(place.settings)
        place.buried = { outcomes.buried($0) }
        return place
    }

    /// Opens the queue as a daemon does.
    private func open(_ place: QueuePlace) { place.queue.untold.open { place.queue.open() } }

    /// `event job recipients` of each event that was told, in the order of the telling.
    private func told(_ place: QueuePlace) -> [String] {
        let text = (try? place.scratch.read("told")) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let params = (try? JSON(parsing: Array(line.utf8)))?.object else { return nil }
            let to = (params["recipients"]?.array ?? []).compactMap(\.string)
            return ([params["event"]?.string ?? "", params["job"]?.string ?? ""] + to).joined(separator: " ")
        }
    }

    private func arrive(_ place: QueuePlace) throws {
        for name in try place.scratch.list("spool/new") { place.queue.arrived(DirectoryName(name), in: .new) }
    }

    private func run(_ place: QueuePlace, until expected: [String]) throws {
        try place.run(until: {
            try? arrive(place)
            return told(place).sorted() == expected.sorted()
        })
    }

    @Test("What becomes of a job is told once, and what becomes of that is not")
    func ends() throws {
        let place = try place(relay: ["--fail", "rcpt=550 5.1.1 No such user:1"])
        try place.submit(id: "refused")
        open(place)
        try run(place, until: ["dead refused zoe@example.net"])
        try place.submit(#"{"to":"a@example.net","subject":"s","text":"t","metadata":{"n":1}}"#, id: "fine")
        try run(place, until: ["dead refused zoe@example.net", "sent fine a@example.net"])
        try place.run(until: { place.queue.scheduler.tasksUnderWay == 0 })
        #expect(try place.scratch.list("spool/\(place.done)").count == 3)
        #expect(try place.scratch.list("spool/new") == [])
    }

    @Test(
        "Only what was asked for is told",
        arguments: [("on_event = hook dead held", []), ("on_event = hook sent", ["sent a zoe@example.net"])])
    func words(settings: String, expected: [String]) throws {
        let place = try place(settings)
        try place.submit(id: "a")
        open(place)
        try place.run(until: "a", isIn: place.done)
        try run(place, until: expected)
        #expect(try place.scratch.list("spool/new") == [])
    }

    @Test("A task's end is told, and a letter that was no job")
    func tasks() throws {
        let place = try place()
        try place.template("work", program: "run", "exit 0")
        try place.template("fail", program: "run", "echo no >&2; exit 65")
        try place.submit(#"{"template":"work","params":{}}"#, id: "w")
        try place.submit(#"{"template":"fail","params":{}}"#, id: "f")
        open(place)
        try run(place, until: ["done w", "dead f"])
    }

    @Test("What was told before a crash is found: in new/, in a bucket, in done/; what was not is told")
    func again() throws {
        let place = try place()
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        outcomes.use(place.settings)
        var sent = Event(.sent, at: .now)
        (sent.to, sent.submitted) = (["a@example.net"], .now)
        let line = String(decoding: sent.line, as: UTF8.self)
        try place.put(#"{"to":"a@example.net","subject":"s","text":"t"}"# + "\n" + line, "dead/x")
        let done = State.done(day: Timestamp.now.day)
        try place.spool.with(done) { _ in }
        try place.spool.dead.rename("x", into: place.spool.done.directory(Timestamp.now.day), as: "x")
        func tell() throws -> [String] {
            try outcomes.tell(of: JobID("x")!, in: done, since: .now - .hours(1))
            return try place.scratch.list("spool/new")
        }
        let told = try tell()
        #expect(told.count == 1 && told[0].hasPrefix("event-sent-"))
        #expect(try tell() == told)
        for state in [State.retry(.first), .dead, .hold, done, .claimed(instance: "main")] {
            try place.spool.with(state) { (directory) throws(SpoolError) in
                try step(.rename, told[0], place.spool.new.rename(told[0], into: directory, as: told[0]))
            }
            #expect(try tell() == [], "\(state)")
            try place.spool.with(state) { (directory) throws(SpoolError) in
                try step(.rename, told[0], directory.rename(told[0], into: place.spool.new, as: told[0]))
            }
        }
        // A power cut has left the name without the bytes.
        try place.put("", "new/\(told[0])")
        #expect(try tell() == told)
        #expect(try place.scratch.read("spool/new/\(told[0])").contains("a@example.net"))
    }

    @Test("A job that is not kept is told of before it is removed")
    func unkept() throws {
        let place = try place("on_event = hook\ndone_retention = 0")
        try place.submit(id: "x")
        open(place)
        try run(place, until: ["sent x zoe@example.net"])
        try place.run(until: { place.queue.scheduler.tasksUnderWay == 0 })
        #expect(try place.scratch.list("spool/done") == [])
    }

    @Test("Reports are told behind what was told before, however often they come")
    func reports() throws {
        let place = try place()
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        outcomes.use(place.settings)
        try place.submit(id: "x")
        open(place)
        try run(place, until: ["sent x zoe@example.net"])
        var bounced = Event(.bounced, at: .now)
        (bounced.to, bounced.class, bounced.report) = (["zoe@example.net"], "bad-address", "r1")
        let path = "spool/\(place.done)/x"
        try place.scratch.write(
            place.scratch.read(path) + String(decoding: bounced.line, as: UTF8.self), to: path, mode: 0o600)
        let object = try #require(
            JSON(parsing: Array(#"{"to":"zoe@example.net","subject":"s","text":"t"}"#.utf8)).object)
        for _ in 0..<3 {
            try outcomes.tell([bounced], of: JobID("x")!, object: object, in: .done(day: Timestamp.now.day))
        }
        try run(place, until: ["sent x zoe@example.net", "bounced x zoe@example.net"])
        #expect(try place.scratch.list("spool/new") == [])
    }

    @Test("An event waits as long as an earlier one of its job may still be told, and goes on behind a dead letter")
    func order() throws {
        let place = try place(relay: ["--fail", "rcpt(a@example.net)=550 5.1.1 No such user"])
        try place.scratch.write("", to: "down")
        // One of two recipients is refused: two outcomes at once.
        try place.submit(#"{"to":["a@example.net","b@example.net"],"subject":"s","text":"t"}"#, id: "x")
        open(place)
        func blocked() -> [String] {
            ((try? place.scratch.list("spool/retry/01-30s")) ?? []).filter {
                ((try? place.scratch.read("spool/retry/01-30s/\($0)")) ?? "").contains(
                    "an earlier event of the same job")
            }
        }
        try place.run(until: {
            try? arrive(place)
            return blocked().count == 1 && ((try? place.scratch.list("spool/retry/01-30s"))?.count == 2)
        })
        #expect(blocked().first?.hasPrefix("event-dead-") == true && told(place) == [])
        try place.spool.root.unlink("../down")
        // Both are due: the first is told, and the second without waiting for its bucket.
        for name in try place.scratch.list("spool/retry/01-30s") {
            place.queue.buckets.hasten(JobID(name)!, in: .retry(.first), now: .now)
        }
        try place.run(until: { told(place).count == 2 })
        #expect(told(place) == ["sent x b@example.net", "dead x a@example.net"])
    }

    @Test("A line of on_event names a template and outcomes")
    func settings() throws {
        let place = try SpoolPlace()
        let settings = try place.settings("on_event = hook sent  dead\non_event = all")
        #expect(
            settings.events == [
                EventRule(template: "hook", words: [.sent, .dead]),
                EventRule(template: "all", words: Set(Outcome.Word.allCases)),
            ])
        for (line, fault) in [
            ("on_event = hook send", "'send' is not one of sent, done, dead"),
            ("on_event = a/b", "the name of a template"),
            ("on_event = hook\non_event = hook dead", "two lines for 'hook'"),
        ] {
            #expect { try place.settings(line) } throws: { "\($0)".contains(fault) }
        }
    }

    // Drop boxes.

    private func box(_ place: QueuePlace, _ name: String = "shop") throws {
        try Creation.dropBox(name, group: Process.effectiveGroup, in: place.spool.path)
    }

    private func answer(_ place: QueuePlace, _ id: String) -> Answer? {
        let text = (try? place.scratch.read("spool/drop/shop/out/\(id)")) ?? ""
        return (try? JSON(parsing: Array(text.utf8))).flatMap { Answer($0) }
    }

    @Test("The producer of a box reads what became of its job, from the taking in on")
    func answers() throws {
        let place = try place("", relay: ["--fail", "rcpt=451 4.7.1 Later:1", "--fail", "rcpt=550 5.1.1 No:2"])
        try box(place)
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        let box = try DropBox("shop", in: place.spool)
        let text = #"{"to":"a@example.net","subject":"s","text":"t","tags":["x"],"metadata":{"n":1}}"#
        try Entrance(path: "\(place.spool.path)/drop/shop").submit(Array(text.utf8), id: JobID("one")!)
        var seen: String?
        _ = try spoolPickUp("one", box, place) {
            outcomes.refresh($0)
            // The original is there still: at every moment there is one of both.
            seen = answer(place, "one")?.state
            #expect(try! place.scratch.list("spool/drop/shop/new") == ["one"])
        }
        #expect(seen == "new")
        #expect(try place.scratch.mode("spool/drop/shop/out/one") == 0o640)
        open(place)
        try place.run(until: { answer(place, "one")?.state == "retry" })
        #expect(answer(place, "one")?.event?.code == 451 && answer(place, "one")?.tags == ["x"])
        place.queue.buckets.hasten(JobID("one@shop")!, in: .retry(.first), now: .now)
        try place.run(until: { answer(place, "one")?.state == "dead" })
        #expect(answer(place, "one")?.event?.code == 550)
        #expect(answer(place, "one")?.metadata["n"] == 1)
    }

    private func spoolPickUp(
        _ name: String, _ box: DropBox, _ place: QueuePlace, telling tell: (JobID) -> Void
    ) throws -> Fate {
        try place.spool.pickUp(DirectoryName(name), from: box, limit: 1 << 20, now: .now, telling: tell)
    }

    @Test("Where others may write, or all may read, nobody is told; a link is not followed")
    func strange() throws {
        let place = try place("")
        try box(place)
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        try place.put("{\"to\":\"a@example.net\"}\n", "dead/one@shop")
        func tell() -> Answer? {
            outcomes.refresh(JobID("one@shop")!)
            return answer(place, "one")
        }
        let drop = try Directory(path: place.scratch.path("spool/drop/shop"))
        for mode: UInt32 in [0o2770, 0o2755, 0o2752] {
            try drop.setMode("out", mode)
            #expect(tell() == nil, "\(mode)")
        }
        try drop.removeDirectory("out")
        #expect(tell() == nil)
        try Directory.make(path: place.scratch.path("elsewhere"), mode: 0o750)
        try Program.shell("ln -s '\(place.scratch.path("elsewhere"))' '\(place.scratch.path("spool/drop/shop/out"))'")
        #expect(tell() == nil)
        #expect(try place.scratch.list("elsewhere") == [])
        try drop.unlink("out")
        try box(place)
        // What lies there under the name is replaced, not written to.
        try place.scratch.write("precious", to: "victim")
        try Program.shell("ln -s '\(place.scratch.path("victim"))' '\(place.scratch.path("spool/drop/shop/out/one"))'")
        #expect(tell()?.state == "dead")
        #expect(try place.scratch.read("victim") == "precious")
    }

    @Test("A sweep says anew where jobs are, forgets those that are gone, and removes what has had its time")
    func sweep() throws {
        let place = try place("")
        try box(place)
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        let sweep = AnswerSweep(spool: place.spool, loop: place.loop, log: place.log, outcomes: outcomes)
        let box = try DropBox("shop", in: place.spool)
        func put(_ id: String, _ state: String, age: Span = .zero) throws {
            try place.put(#"{"id":"\#(id)","state":"\#(state)"}"#, "drop/shop/out/\(id)")
            let then = (Timestamp.now - age).nanoseconds
            try place.spool.drop.setModified("shop/out/\(id)", nanoseconds: then)
        }
        for id in ["held", "dead"] { try place.put("{\"to\":\"a@example.net\"}\n", "hold/\(id)@shop") }
        try put("held", "retry")
        try put("dead", "dead")
        try put("gone", "retry")
        try put("letter", "dead")
        try put("young", "done", age: .hours(1))
        try put("old", "done", age: .days(2))
        try put("waits", "new", age: .days(9))
        try place.put("{\"to\":\"a@example.net\"}\n", "scheduled/waits@shop")
        sweep.begin([box], retention: .days(1), now: .now)
        try place.run(until: {
            ["held": "hold", "dead": "hold", "waits": "scheduled", "young": "done", "letter": "dead"].allSatisfy {
                answer(place, $0.key)?.state == $0.value
            } && answer(place, "gone") == nil && answer(place, "old") == nil
        })
        // Ages cannot be told: nothing is removed.
        try put("old", "done", age: .days(2))
        try put("gone", "retry")
        sweep.begin([box], retention: nil, now: .now)
        try place.run(until: { answer(place, "gone") == nil })
        #expect(answer(place, "old") != nil)
    }

    @Test("What ended behind the mark is told by the next start, whatever it was; what ended before is not")
    func mark() throws {
        let place = try place()
        for (id, kind) in [("a", Event.Kind.dead), ("b", .held)] {
            var event = Event(kind, at: .now)
            (event.submitted, event.reason) = (.now, "why")
            try place.put(
                #"{"to":"a@example.net"}"# + "\n" + String(decoding: event.line, as: UTF8.self),
                "\(kind == .dead ? "dead" : "hold")/\(id)")
        }
        try place.put("not a job", "dead/c")
        func start(_ mark: Timestamp?, boot: String? = nil) throws -> [String] {
            for name in try place.scratch.list("spool/new") { try place.spool.new.unlink(name) }
            if let mark {
                let own = try? String(
                    decoding: Descriptor.contents(ofFile: "/proc/sys/kernel/random/boot_id", limit: 100), as: UTF8.self)
                try place.put(boot ?? own ?? "", ".told")
                try place.spool.root.setModified(".told", nanoseconds: mark.nanoseconds)
            }
            let outcomes = Outcomes(spool: place.spool, log: place.log)
            outcomes.use(place.settings)
            let untold = Untold(spool: place.spool, loop: place.loop, log: place.log, outcomes: outcomes) { false }
            #expect((untold.since == nil) == (mark == nil))
            var isOver = false
            untold.open { isOver = true }
            try place.run(until: { isOver })
            #expect(untold.since == nil)
            return try place.scratch.list("spool/new").map { String($0.dropLast(25)) }.sorted()
        }
        #expect(try start(nil) == [])
        #expect(try start(.now - .minutes(1)) == ["event-dead", "event-held"])
        #expect(try start(.now + .seconds(30)) == [])
        // The machine was started since: what was told may be gone with the power.
        #expect(try start(.now + .seconds(30), boot: "another") == ["event-dead", "event-held"])
    }

    @Test("More ends than are remembered are read from their directories")
    func many() throws {
        let place = try place()
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        outcomes.use(place.settings)
        let untold = Untold(spool: place.spool, loop: place.loop, log: place.log, outcomes: outcomes) { false }
        var sent = Event(.sent, at: .now)
        (sent.to, sent.submitted) = (["a@example.net"], .now)
        let text = #"{"to":"a@example.net"}"# + "\n" + String(decoding: sent.line, as: UTF8.self)
        let day = State.done(day: Timestamp.now.day)
        try place.spool.with(day) { _ in }
        for index in 0..<20 { try place.put(text, "\(place.done)/job\(index)") }
        let began = Timestamp.now - .seconds(10)
        // They stand for those that are remembered.
        for _ in 0..<Untold.capacity { untold.add(JobID("gone")!, in: day, at: began) }
        for index in 0..<20 { untold.add(JobID("job\(index)")!, in: day, at: began) }
        #expect(untold.since == began)
        var isOpen = false
        untold.open { isOpen = true }
        try place.run(until: { isOpen && untold.since == nil })
        #expect(try place.scratch.list("spool/new").count == 20)
    }

    @Test("The mark is a file with the boot and a time, and goes where nobody is to be told")
    func markFile() throws {
        let place = try SpoolPlace()
        var mark = ToldMark(place.spool, place.log)
        #expect(ToldMark.since(in: place.spool) == nil)
        mark.begin()
        #expect(try #require(ToldMark.since(in: place.spool)) <= .now)
        let then = Timestamp.now - .hours(1)
        mark.note(then)
        mark.begin()
        #expect(ToldMark.since(in: place.spool) == then - .seconds(1))
        // Another daemon keeps the time until it knows better.
        var other = ToldMark(place.spool, place.log)
        other.note(then + .minutes(1))
        #expect(ToldMark.since(in: place.spool) == then + .seconds(59))
        other.remove()
        #expect(ToldMark.since(in: place.spool) == nil)
    }
}
