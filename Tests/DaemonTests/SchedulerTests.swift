import Linux
import Spool
import Testing
import Time

@testable import Daemon

/// Which job starts next, on what, and what must be read again: events in, actions out.
@Suite("Scheduler")
struct SchedulerTests {
    typealias Action = Scheduler.Action

    private func job(
        _ id: String, _ kind: WaitingJob.Kind = .mail, _ priority: Job.Priority = .normal, template: String? = nil,
        in state: State = .new, expiry: Int64 = 1000, places: Int? = nil, sender: String = "", isTried: Bool? = nil
    ) -> WaitingJob {
        WaitingJob(
            JobID(id)!, in: state, priority: priority, template: template, expiry: Timestamp(seconds: expiry),
            kind: kind, places: places, sender: sender, isTried: isTried)
    }

    /// A scheduler that is open, with relays.
    private func scheduler(_ slots: [Slot] = [Slot("main")], capacity: Int = 100, tasks: Int = 4, data: Int = 4)
        -> Scheduler
    {
        var scheduler = Scheduler(capacity: capacity)
        _ = scheduler.handle(.opened)
        _ = scheduler.handle(.places(tasks: tasks, data: data))
        _ = scheduler.handle(.relays(slots))
        return scheduler
    }

    /// What starts or is sent until nothing can, with relays that stay as they are: the ids, and what else is said.
    private func run(_ scheduler: inout Scheduler, _ kind: WaitingJob.Kind = .mail, most: Int = 100) -> [String] {
        var seen: [String] = []
        while seen.count < most, let action = scheduler.next(kind) { seen.append(text(action)) }
        return seen
    }

    private func text(_ action: Action) -> String {
        switch action {
        case .start(let job, on: .program): job.id.text
        case .start(let job, on: .relay(let name)): name == "main" ? job.id.text : "\(job.id) on \(name)"
        case .send(let id, let relay): relay == "main" ? "send \(id)" : "send \(id) on \(relay)"
        case .giveBack(let id, let reason): "back \(id): \(reason)"
        case .missed(let state): "missed \(state.path)"
        case .readAgain: "read"
        case .look: "look"
        case .connect(let relay, let jobs): "connect \(relay) \(jobs)"
        case .pace(let relay): "pace \(relay)"
        case .idle: "idle"
        }
    }

    private func idle(_ name: String = "main", limit: Int = 10) -> Slot { Slot(name, hasRoom: true, limit: limit) }

    // Mail.

    @Test("A job starts at once where a connection is idle and nothing stands before it, else it is lined up")
    func atOnce() {
        var scheduler = scheduler([idle()])
        #expect(scheduler.handle(.waiting(job("a"))).map(text) == ["a"])
        _ = scheduler.handle(.relays([Slot("main")]))
        #expect(scheduler.handle(.waiting(job("b"))) == [])
        #expect(scheduler.isLinedUp(JobID("b")!, in: .new) && scheduler.isUnderWay(JobID("a")!))
        _ = scheduler.handle(.relays([idle()]))
        #expect(scheduler.handle(.waiting(job("c"))) == [])
        #expect(scheduler.handle(.waiting(job("h", .mail, .high))).map(text) == ["h"])
        #expect(run(&scheduler) == ["b", "c"])
    }

    @Test("High before normal before bulk")
    func priorities() {
        var scheduler = scheduler()
        for (id, priority) in [("b", Job.Priority.bulk), ("n", .normal), ("h", .high)] {
            #expect(scheduler.handle(.waiting(job(id, .mail, priority))) == [])
        }
        _ = scheduler.handle(.relays([idle()]))
        #expect(run(&scheduler) == ["h", "n", "b"])
    }

    @Test("While names wait unseen, bulk leaves half of the connections to what may be among them")
    func bulkShare() {
        var scheduler = scheduler()
        _ = scheduler.handle(.reading(true))
        for index in 1...4 { _ = scheduler.handle(.waiting(job("b\(index)", .mail, .bulk))) }
        _ = scheduler.handle(.relays([idle(limit: 4)]))
        #expect(run(&scheduler) == ["b1", "b2"])
        #expect(scheduler.handle(.waiting(job("n"))) == [])
        #expect(run(&scheduler) == ["n"])
        #expect(scheduler.handle(.ended(JobID("b1")!)) == [])
        #expect(run(&scheduler) == ["b3"])
        _ = scheduler.handle(.reading(false))
        #expect(run(&scheduler) == ["b4"])
    }

    @Test("So many names that were not looked at count as a reading")
    func bulkShareOfNames() {
        var scheduler = scheduler([idle(limit: 2)])
        for index in 0...256 { _ = scheduler.handle(.arrived(DirectoryName("n\(index)"), .new, isListed: false)) }
        #expect(scheduler.handle(.waiting(job("b1", .mail, .bulk))).map(text) == ["b1"])
        #expect(scheduler.handle(.waiting(job("b2", .mail, .bulk))) == [])
        _ = scheduler.nextArrival()
        #expect(run(&scheduler) == ["b2"])
    }

    @Test(
        "Another relay's turn comes only when the first is down or does not take the job",
        arguments: [
            ([("main", true, true)], ["a", "b"]),
            ([("main", false, true), ("spare", true, true)], []),
            ([("main", false, false), ("spare", true, true)], ["a on spare", "b on spare"]),
            ([("main", false, false), ("spare", false, true), ("third", true, true)], []),
        ] as [([(String, Bool, Bool)], [String])])
    func failover(relays: [(String, Bool, Bool)], started: [String]) {
        var scheduler = scheduler()
        for id in ["a", "b"] { _ = scheduler.handle(.waiting(job(id))) }
        _ = scheduler.handle(.relays(relays.map { Slot($0.0, hasRoom: $0.1, isUp: $0.2) }))
        #expect(run(&scheduler) == started)
    }

    @Test("A relay that does not take a job leaves it to the next, without being down for others")
    func takes() {
        var scheduler = scheduler()
        for id in ["a", "b"] { _ = scheduler.handle(.waiting(job(id))) }
        _ = scheduler.handle(.relays([Slot("main", hasRoom: true, restriction: { _ in false }), idle("spare")]))
        #expect(run(&scheduler) == ["a on spare", "b on spare"])
    }

    @Test("A sender that a relay does not take waits alone, or goes to the next relay")
    func senders() {
        var scheduler = scheduler()
        for (id, sender) in [("b1", "bad"), ("b2", "bad"), ("g", "good"), ("b3", "bad")] {
            _ = scheduler.handle(.waiting(job(id, sender: sender)))
        }
        let main = Slot("main", hasRoom: true, restriction: { $0 != "bad" })
        _ = scheduler.handle(.relays([main]))
        #expect(run(&scheduler) == ["g"])
        #expect(scheduler.endTurn() == [])
        _ = scheduler.handle(.relays([main, Slot("spare")]))
        #expect(run(&scheduler) == [])
        #expect(scheduler.endTurn().map(text) == ["connect spare 3"])
        _ = scheduler.handle(.relays([main, idle("spare")]))
        #expect(run(&scheduler) == ["b1 on spare", "b2 on spare", "b3 on spare"])
    }

    @Test("A relay that rests is tried with the newest sender's job, and there with one that was never tried")
    func prefersNew() {
        var scheduler = scheduler()
        for (id, sender, isTried) in [("a", "one", false), ("r", "two", true), ("n", "two", false), ("z", "two", true)]
        {
            _ = scheduler.handle(.waiting(job(id, sender: sender, isTried: isTried)))
        }
        _ = scheduler.handle(.relays([Slot("main", hasRoom: true, isUp: false, prefersNew: true)]))
        #expect(run(&scheduler, most: 1) == ["n"])
    }

    @Test("Senders that go first this time do, and where there are none the others")
    func preference() {
        var scheduler = scheduler()
        for (id, sender) in [("b1", "bad"), ("b2", "bad"), ("g", "good")] {
            _ = scheduler.handle(.waiting(job(id, sender: sender)))
        }
        var slot = idle()
        slot.preference = { $0 != "bad" }
        _ = scheduler.handle(.relays([slot]))
        #expect(run(&scheduler) == ["g", "b1", "b2"])
    }

    @Test("The jobs of one sender leave room for others")
    func roomForOthers() {
        var scheduler = scheduler(capacity: 10)
        for index in 0..<20 { _ = scheduler.handle(.waiting(job("b\(index)", sender: "bad"))) }
        #expect(scheduler.waitingMails == 9)
        #expect(scheduler.handle(.waiting(job("g", sender: "good"))) == [])
        _ = scheduler.handle(.relays([Slot("main", hasRoom: true, restriction: { $0 != "bad" })]))
        #expect(run(&scheduler) == ["g"])
    }

    @Test("A carried job goes to a relay that can take it")
    func unfit() {
        var scheduler = scheduler([idle(), idle("spare")])
        #expect(scheduler.handle(.waiting(job("a"))).map(text) == ["a"])
        var carried = job("a")
        carried.unfit = ["main"]
        _ = scheduler.handle(.carried(carried, isPrepared: false))
        #expect(run(&scheduler) == ["send a on spare"])
        _ = scheduler.handle(.relays([idle(), Slot("spare", isUp: false, mayConnect: false)]))
        _ = scheduler.handle(.carried(carried, isPrepared: false))
        #expect(run(&scheduler) == ["back a: the connection went stale"])
    }

    @Test("A pause holds everything, one template, or one relay")
    func pauses() {
        func paused(_ name: String) -> Scheduler {
            var scheduler = scheduler()
            _ = scheduler.handle(.waiting(job("a", template: "hello")))
            _ = scheduler.handle(.waiting(job("b", template: "other")))
            var pauses = Pauses()
            _ = pauses.insert(name)
            _ = scheduler.handle(.pauses(pauses))
            _ = scheduler.handle(.relays([idle(), idle("spare")]))
            return scheduler
        }
        var all = paused("pause")
        #expect(run(&all) == [] && all.endTurn() == [])
        // A job that is passed over is met again when its directory is read.
        var template = paused("pause.template.hello")
        #expect(run(&template) == ["missed new", "b"])
        #expect(template.handle(.waiting(job("c", template: "hello", in: .retry(.first)))) == [.missed(.retry(.first))])
        var relay = paused("pause.relay.main")
        #expect(run(&relay) == ["a on spare", "b on spare"])
    }

    @Test("Nothing starts before the start-up is done, nor while the disk takes no writes, and nothing is looked at")
    func closed() {
        var scheduler = Scheduler()
        _ = scheduler.handle(.relays([idle()]))
        #expect(scheduler.handle(.arrived(DirectoryName("n"), .new, isListed: false)) == [])
        #expect(scheduler.nextArrival() == nil)
        #expect(scheduler.handle(.waiting(job("a"))) == [])
        #expect(run(&scheduler) == [] && scheduler.endTurn() == [])
        #expect(scheduler.handle(.opened) == [.look])
        _ = scheduler.handle(.disk(takesWrites: false))
        #expect(run(&scheduler) == [] && scheduler.nextArrival() == nil)
        #expect(scheduler.handle(.disk(takesWrites: true)) == [.look])
        #expect(run(&scheduler) == ["a"])
        #expect(scheduler.nextArrival()?.name.text == "n")
    }

    @Test("A turn ends with connections for what waits, and with a wait where the rate is used up")
    func demand() {
        var scheduler = scheduler()
        #expect(scheduler.endTurn() == [])
        for id in ["a", "b"] { _ = scheduler.handle(.waiting(job(id))) }
        #expect(scheduler.endTurn().map(text) == ["connect main 2"])
        _ = scheduler.handle(.relays([Slot("main", hasRoom: true, isPaced: true)]))
        #expect(run(&scheduler) == [])
        #expect(scheduler.endTurn().map(text) == ["connect main 2", "pace main"])
        // The first that is up; where none is, the first whose probe is due.
        _ = scheduler.handle(.relays([Slot("main", isUp: false, mayConnect: false), Slot("spare")]))
        #expect(scheduler.endTurn().map(text) == ["connect spare 2"])
        _ = scheduler.handle(
            .relays([Slot("main", isUp: false, mayConnect: false), Slot("spare", isUp: false, mayConnect: true)]))
        #expect(scheduler.endTurn().map(text) == ["connect spare 2"])
    }

    // Carried mails.

    @Test("A mail whose connection was stale goes before others, and back when no relay is up")
    func stale() {
        var scheduler = scheduler([idle()])
        _ = scheduler.handle(.waiting(job("a")))
        _ = scheduler.handle(.carried(job("a"), isPrepared: false))
        _ = scheduler.handle(.relays([Slot("main")]))
        _ = scheduler.handle(.waiting(job("b")))
        #expect(scheduler.endTurn().map(text) == ["connect main 2"])
        _ = scheduler.handle(.relays([idle()]))
        #expect(run(&scheduler) == ["send a", "b"])
        _ = scheduler.handle(.carried(job("a"), isPrepared: false))
        _ = scheduler.handle(.relays([Slot("main", isUp: false)]))
        #expect(run(&scheduler) == ["back a: the connection went stale"])
        #expect(scheduler.mailsUnderWay == 2)
        #expect(scheduler.handle(.ended(JobID("a")!)) == [])
        #expect(scheduler.mailsUnderWay == 1)
    }

    @Test("A mail that a program has prepared may be the one that a relay is tried with; a pause sends it back")
    func prepared() {
        var scheduler = scheduler([idle()])
        for id in ["a", "b"] {
            #expect(scheduler.handle(.waiting(job(id, .mailWithData, template: "order"))).map(text) == [id])
            _ = scheduler.handle(.carried(job(id, .mailWithData, template: "order"), isPrepared: true))
        }
        _ = scheduler.handle(.relays([Slot("main", isUp: false, mayConnect: true)]))
        #expect(run(&scheduler) == ["back a: the relay failed while data ran"])
        _ = scheduler.handle(.relays([Slot("main", hasRoom: true, isUp: false, isProbe: true)]))
        #expect(run(&scheduler) == ["send b"])
        _ = scheduler.handle(.carried(job("b", .mailWithData, template: "order"), isPrepared: true))
        var pauses = Pauses()
        _ = pauses.insert("pause")
        _ = scheduler.handle(.pauses(pauses))
        #expect(run(&scheduler) == ["back b: the relay failed while data ran"])
    }

    @Test("A stop gives back what waits for a connection, and is over when the last job has ended")
    func stop() {
        var scheduler = scheduler([idle()])
        for id in ["a", "b"] { _ = scheduler.handle(.waiting(job(id))) }
        _ = scheduler.handle(.waiting(job("t", .task, template: "report")))
        _ = scheduler.handle(.settling(JobID("x")!))
        _ = scheduler.handle(.carried(job("b"), isPrepared: false))
        #expect(scheduler.handle(.stopping).map(text) == ["back b: the daemon stops"])
        #expect(scheduler.handle(.waiting(job("c"))) == [])
        #expect(run(&scheduler) == [] && scheduler.endTurn() == [])
        #expect(scheduler.handle(.ended(JobID("b")!)) == [])
        #expect(scheduler.handle(.ended(JobID("a")!)) == [])
        #expect(scheduler.handle(.ended(JobID("t")!)) == [.idle])
        var nothing = self.scheduler()
        #expect(nothing.handle(.stopping) == [.idle])
    }

    @Test("A job that was moved by hand while it was lined up does not start a second time")
    func moved() {
        var scheduler = scheduler([Slot("main")], data: 0)
        _ = scheduler.handle(.waiting(job("x", .mailWithData, template: "order", in: .retry(.first))))
        _ = scheduler.handle(.relays([idle()]))
        #expect(scheduler.handle(.waiting(job("x"))).map(text) == ["x"])
        _ = scheduler.handle(.places(tasks: 1, data: 1))
        #expect(run(&scheduler, .mailWithData) == ["missed retry/01-30s"])
        #expect(scheduler.isUnderWay(JobID("x")!) && scheduler.mailsUnderWay == 1)
    }

    @Test("A mail whose connection turns out to be stale while the daemon stops goes back at once")
    func staleAtTheStop() {
        var scheduler = scheduler([idle()])
        _ = scheduler.handle(.waiting(job("a")))
        #expect(scheduler.handle(.stopping) == [])
        #expect(scheduler.handle(.carried(job("a"), isPrepared: false)).map(text) == ["back a: the daemon stops"])
        #expect(scheduler.handle(.ended(JobID("a")!)) == [.idle])
    }

    // Programs.

    @Test("Tasks have as many places as they may, of which bulk leaves one, whatever the relays do")
    func taskPlaces() {
        var scheduler = scheduler([], tasks: 3)
        for id in ["b1", "b2", "b3"] { _ = scheduler.handle(.waiting(job(id, .task, .bulk, template: "report"))) }
        #expect(scheduler.tasksUnderWay == 2)
        #expect(scheduler.handle(.waiting(job("n1", .task, template: "report"))) == [])
        #expect(run(&scheduler, .task) == ["n1"])
        #expect(scheduler.handle(.waiting(job("n2", .task, template: "other"))) == [])
        #expect(run(&scheduler, .task) == [])
        _ = scheduler.handle(.ended(JobID("b1")!))
        #expect(run(&scheduler, .task) == ["n2"])
        _ = scheduler.handle(.ended(JobID("n1")!))
        #expect(run(&scheduler, .task) == ["b3"])
        #expect(scheduler.tasksByTemplate == ["report": 2, "other": 1])
    }

    @Test("A template that has no place left holds up no other, and may get more places at any time")
    func templatePlaces() {
        var scheduler = scheduler([], tasks: 10)
        for id in ["a1", "a2", "a3"] { _ = scheduler.handle(.waiting(job(id, .task, template: "a", places: 1))) }
        _ = scheduler.handle(.waiting(job("b1", .task, template: "b")))
        #expect(run(&scheduler, .task) == ["b1"])
        #expect(scheduler.tasksByTemplate == ["a": 1, "b": 1])
        _ = scheduler.handle(.waiting(job("a4", .task, template: "a", places: 3)))
        #expect(run(&scheduler, .task) == ["a2", "a3"])
        _ = scheduler.handle(.claimed(job("a2", .task, template: "a", places: nil)))
        #expect(run(&scheduler, .task) == ["a4"])
    }

    @Test("While the machine lacks what a program needs, none of its kind starts")
    func shortage() {
        var scheduler = scheduler([idle()])
        _ = scheduler.handle(.shortage(of: .task, isThere: true))
        #expect(scheduler.handle(.waiting(job("t", .task, template: "report"))) == [])
        #expect(scheduler.handle(.waiting(job("d", .mailWithData, template: "order"))).map(text) == ["d"])
        #expect(run(&scheduler, .task) == [])
        _ = scheduler.handle(.shortage(of: .task, isThere: false))
        #expect(run(&scheduler, .task) == ["t"])
    }

    @Test(
        "Data runs only when a relay would take the mail; one whose breaker is open is tried with one",
        arguments: [
            (Slot("main"), ["d1", "d2"]), (Slot("main", isUp: false, mayConnect: false), []),
            (Slot("main", isUp: false), []), (Slot("main", hasRoom: true, isUp: false, isProbe: true), ["d1"]),
        ] as [(Slot, [String])])
    func data(slot: Slot, started: [String]) {
        var scheduler = scheduler([Slot("main", isUp: false, mayConnect: false)])
        for id in ["d1", "d2"] { _ = scheduler.handle(.waiting(job(id, .mailWithData, template: "order"))) }
        _ = scheduler.handle(.relays([slot]))
        #expect(run(&scheduler, .mailWithData) == started)
        #expect(scheduler.mailsUnderWay == started.count)
    }

    // What must be read again.

    @Test(
        "What another worker has no place for waits as the next of its kind, until there is room again",
        arguments: [
            (.kind, [], ["a", "b", "c"]), (.template, ["c"], ["a", "b"]), (.bulk, ["a", "b", "c"], []),
        ] as [(ProgramPlaces.Obstacle, [String], [String])])
    func noPlace(obstacle: ProgramPlaces.Obstacle, others: [String], later: [String]) {
        var it = scheduler()
        let jobs = [
            job("a", .task, template: "one"), job("b", .task, template: "one"), job("c", .task, template: "two"),
        ]
        let first = it.handle(.waiting(jobs[0])).map(text)
        #expect(first == ["a"])
        let refused = it.handle(.notAdmitted(jobs[0], .noPlace(obstacle))).map(text)
        #expect(refused == [] && !it.isUnderWay(JobID("a")!) && it.isLinedUp(JobID("a")!, in: .new))
        for job in jobs.dropFirst() { _ = it.handle(.waiting(job)) }
        let started = run(&it, .task).sorted()
        #expect(started == others)
        _ = it.handle(.placesAreFree(.task))
        let rest = run(&it, .task).sorted()
        #expect(rest == later)
    }

    @Test("A mail that its relay does not admit is the next of its sender again")
    func notAdmitted() {
        var it = scheduler([idle()])
        let first = it.handle(.waiting(job("a", sender: "s"))).map(text)
        _ = it.handle(.notAdmitted(job("a", sender: "s"), .byRelay))
        _ = it.handle(.waiting(job("b", sender: "s")))
        let next = run(&it, most: 2)
        #expect(first == ["a"] && next == ["a", "b"])
    }

    @Test("What full lanes did not take is read again when half of them is free, and not while new/ is being read")
    func dropped() {
        var scheduler = scheduler(capacity: 4)
        for index in 1...4 { #expect(scheduler.handle(.waiting(job("j\(index)"))) == []) }
        #expect(scheduler.handle(.waiting(job("j5"))) == [.missed(.new)])
        #expect(scheduler.hasDroppedMails == true)
        _ = scheduler.handle(.reading(true))
        _ = scheduler.handle(.relays([idle()]))
        #expect(run(&scheduler, most: 2) == ["j1", "j2"])
        #expect(scheduler.endTurn().map(text) == ["connect main 2"])
        #expect(run(&scheduler, most: 1) == ["j3"])
        #expect(scheduler.endTurn().map(text) == ["connect main 1"])
        _ = scheduler.handle(.reading(false))
        #expect(scheduler.endTurn().map(text) == ["connect main 1", "read"])
        #expect(scheduler.hasDroppedMails == false)
        #expect(scheduler.endTurn().map(text) == ["connect main 1"])
    }

    @Test("What is past its time is looked at once more, and does not start")
    func expiry() {
        var scheduler = scheduler()
        _ = scheduler.handle(.waiting(job("old", expiry: 10)))
        _ = scheduler.handle(.waiting(job("task", .task, .bulk, template: "t", in: .retry(.first), expiry: 5)))
        for id in ["1", "2", "3"] { _ = scheduler.handle(.waiting(job("t\(id)", .task, template: "t"))) }
        _ = scheduler.handle(.waiting(job("young")))
        #expect(scheduler.handle(.expiry(Timestamp(seconds: 10))) == [.look])
        #expect(scheduler.nextArrival()?.name.text == "old")
        #expect(scheduler.nextArrival() == nil)
        _ = scheduler.handle(.relays([idle()]))
        #expect(run(&scheduler) == ["young"])
    }

    @Test("What the kernel told of is looked at before what a reading found, each name once")
    func arrivals() {
        var arrivals = Arrivals(capacity: 4, listedLimit: 2)
        func add(_ name: String, isListed: Bool) -> Bool {
            arrivals.append(DirectoryName(name), in: .new, isListed: isListed)
        }
        #expect(add("l1", isListed: true) && add("l2", isListed: true))
        #expect(!arrivals.hasRoom)
        #expect(add("t1", isListed: false) && add("t1", isListed: false) && add("l1", isListed: false))
        #expect(arrivals.count == 3)
        #expect(add("t2", isListed: false) && !add("t3", isListed: false))
        var names: [String?] = []
        while let next = arrivals.next() { names.append(next.name.text) }
        #expect(names == ["t1", "t2", "l1", "l2"])
        let overflows = [arrivals.takeOverflow(), arrivals.takeOverflow()]
        #expect(overflows == [true, false])
        #expect(add("t1", isListed: false))
    }
}
