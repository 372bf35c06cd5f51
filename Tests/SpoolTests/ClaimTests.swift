import Foundation
import Linux
import Scratch
import Spool
import Testing
import Time

@Suite("Claim")
struct ClaimTests {
    private func settle(
        _ claim: consuming Claim, _ lines: [String], to state: State, due: Timestamp? = nil, durably: Bool = false,
        in spool: Fixture
    ) -> String {
        let verdict = Verdict(
            at: start, lines.map { event($0) }, target: state, due: due, durably: durably)
        switch claim.settle(verdict, in: spool.tree) {
        case .settled(let state, _): return state.path
        case .gone: return "gone"
        case .unfinished(_, _, let error): return "unfinished: \(error)"
        }
    }

    private func history(_ spool: Fixture, _ path: String) throws -> [Event.Kind] {
        try JobFile(Array(try spool.read(path).utf8)).history.events.map(\.kind)
    }

    @Test("Claiming moves the file, and only one can")
    func claims() throws {
        let spool = try Fixture()
        _ = try spool.claimed("a")
        #expect(try spool.list("new") == [])
        #expect(try spool.list("cur/main") == ["a"])
        #expect(throws: Fixture.Unclaimable.self) { _ = try spool.claim("a") }
    }

    @Test("What was taken away between the look and the claim is not claimed")
    func takenAway() throws {
        let spool = try Fixture()
        try spool.submit(id: "a")
        guard case .job(let job) = try spool.tree.examine(try #require(JobID("a")), in: .new, limit: 1000) else {
            Issue.record("no job")
            return
        }
        try Program.shell("mv '\(spool.path)/new/a' '\(spool.path)/hold/a'")
        let claim = try spool.tree.claim(job, from: .new)
        if claim != nil { Issue.record("claimed what is not there") }
    }

    @Test("A name of the very file that is in the target already, by a hard link, is no other job")
    func secondName() throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        try Program.shell("ln '\(spool.path)/cur/main/a' '\(spool.path)/hold/a'")
        #expect(settle(claim, ["held"], to: .hold, in: spool) == "hold")
        #expect(try spool.list("hold") == ["a"])
        #expect(try spool.list("cur/main") == [] && spool.list("dead") == [])
    }

    @Test(
        "An append begins with a newline where the file ends without one",
        arguments: [
            ("{\"template\":\"x\"}", true), ("{\"template\":\"x\"}\n", false),
            ("{\"template\":\"x\"}\n{\"at\":\"20", true),
        ])
    func newline(text: String, needsOne: Bool) throws {
        let spool = try Fixture()
        try spool.put(text, "new/a")
        var claim = try spool.claim("a")
        let first = event("sending a 1")
        let second = event("deferred a 1 +30")
        try claim.append([first])
        try claim.append([second], durably: true)
        #expect(
            try spool.read("cur/main/a")
                == text + (needsOne ? "\n" : "") + String(decoding: first.line + second.line, as: UTF8.self))
    }

    @Test("Appending nothing changes nothing")
    func appendsNothing() throws {
        let spool = try Fixture()
        try spool.put("{}", "new/a")
        var claim = try spool.claim("a")
        try claim.append([])
        try claim.append([], durably: true)
        #expect(try spool.read("cur/main/a") == "{}")
    }

    @Test(
        "Settling appends, dates and renames",
        arguments: [
            State.retry(.first), .scheduled, .hold, .dead, .new, .done(day: "2026-11-23"), .claimed(instance: "main"),
        ].dropLast())
    func settles(state: State) throws {
        let spool = try Fixture()
        let due = start + .seconds(30) + .milliseconds(250)
        #expect(
            try settle(spool.claimed("a"), ["deferred a 1 +30"], to: state, due: due, durably: true, in: spool)
                == state.path)
        #expect(try history(spool, "\(state.path)/a") == [.deferred])
        let status = try spool.tree.with(state) { (directory) throws(SpoolError) in
            try step(.read, "a") { () throws(Errno) in try directory.status("a") }
        }
        #expect(status.modified == due.nanoseconds)
        #expect(try spool.list("cur/main") == [])
    }

    @Test("Where the id is taken, both jobs are kept and the second says why")
    func takenTarget() throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        try spool.put("{\"template\":\"other\"}", "hold/a")
        #expect(settle(claim, ["held"], to: .hold, in: spool) == "dead")
        #expect(try spool.read("hold/a") == "{\"template\":\"other\"}")
        let names = try spool.list("dead")
        #expect(names.count == 1)
        let file = try JobFile(Array(try spool.read("dead/\(names[0])").utf8))
        #expect(file.history.events.map(\.kind) == [.held, .dead])
        #expect(file.history.last?.name == "a")
        #expect(file.history.last?.reason == "hold/a exists already")
    }

    @Test(
        "A job that the operator moved out of cur/ goes where its outcome belongs",
        arguments: [State.hold, .dead, .retry(.last)])
    func movedAway(place: State) throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        try Program.shell("mv '\(spool.path)/cur/main/a' '\(spool.path)/\(place.path)/a'")
        #expect(settle(claim, ["sent a 1"], to: .done(day: "2026-11-23"), in: spool) == "done/2026-11-23")
        #expect(try history(spool, "done/2026-11-23/a") == [.sent])
        #expect(try spool.list(place.path) == [])
    }

    @Test("Another file of the same name is not mistaken for the job")
    func sameName() throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        try Program.shell("rm '\(spool.path)/cur/main/a'")
        try spool.put("{\"template\":\"other\"}", "hold/a")
        #expect(settle(claim, ["sent a 1"], to: .done(day: "2026-11-23"), in: spool) == "gone")
        #expect(try spool.read("hold/a") == "{\"template\":\"other\"}")
    }

    @Test("A job that the operator removed is gone")
    func removed() throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        try Program.shell("rm '\(spool.path)/cur/main/a'")
        #expect(settle(claim, ["sent a 1"], to: .done(day: "2026-11-23"), in: spool) == "gone")
    }

    @Test("A day that was removed while it was open is made again")
    func removedDay() throws {
        let spool = try Fixture()
        let day = State.done(day: "2026-11-23")
        #expect(try settle(spool.claimed("a"), ["sent a 1"], to: day, in: spool) == day.path)
        try Program.shell("rm -r '\(spool.path)/done/2026-11-23'")
        #expect(try settle(spool.claimed("b"), ["sent a 1"], to: day, in: spool) == day.path)
        #expect(try spool.list(day.path) == ["b"])
        #expect(try spool.list("cur/main") == [])
    }

    @Test("Discarding removes the file, wherever the operator moved it")
    func discards() throws {
        let spool = try Fixture()
        try spool.claimed("a").discard(in: spool.tree)
        #expect(try spool.list("cur/main") == [])
        let moved = try spool.claimed("b")
        try Program.shell("mv '\(spool.path)/cur/main/b' '\(spool.path)/new/b'")
        try moved.discard(in: spool.tree)
        #expect(try spool.list("new") == [])
        let removed = try spool.claimed("c")
        try Program.shell("rm '\(spool.path)/cur/main/c'")
        try removed.discard(in: spool.tree)
    }

    @Test("Settling again after a failure does not tell the story twice")
    func unfinished() throws {
        let spool = try Fixture()
        let claim = try spool.claimed("a")
        // A file where the day's directory belongs: the rename cannot be made until it goes.
        try spool.put("", "done/2026-11-23")
        let verdict = Verdict(
            at: start, [event("sent a 1")], target: .done(day: "2026-11-23"), durably: true)
        switch claim.settle(verdict, in: spool.tree) {
        case .unfinished(let claim, let rest, let error):
            #expect(error.errno == .notDirectory)
            try Program.shell("rm '\(spool.path)/done/2026-11-23'")
            guard case .settled(.done, _) = claim.settle(rest, in: spool.tree) else {
                Issue.record("not settled")
                return
            }
        default: Issue.record("settled in a file")
        }
        #expect(try history(spool, "done/2026-11-23/a") == [.sent])
    }

    @Test("A dropped claim stays in cur/")
    func dropped() throws {
        let spool = try Fixture()
        do { _ = try spool.claimed("a") }
        #expect(try spool.list("cur/main") == ["a"])
    }

    @Test("Dates before 1970 can be set and read")
    func oldDates() throws {
        let spool = try Fixture()
        let due = Timestamp(nanoseconds: -1_500_000_000)
        #expect(try settle(spool.claimed("a"), [], to: .retry(.first), due: due, in: spool) == "retry/01-30s")
        let status = try spool.tree.with(.retry(.first)) { (directory) throws(SpoolError) in
            try step(.read, "a") { () throws(Errno) in try directory.status("a") }
        }
        #expect(status.modified == due.nanoseconds)
    }
}

@Suite("Spool tree")
struct SpoolTreeTests {
    @Test("A second daemon is refused, until the first is gone")
    func locks() throws {
        let spool = try Fixture()
        for instance in ["main", "other"] {
            let error = #expect(throws: SpoolTree.OpenError.self) {
                _ = try SpoolTree(path: spool.path, instance: instance)
            }
            guard case .locked = error else {
                Issue.record("\(instance): \(String(describing: error))")
                return
            }
        }
    }

    @Test("Places of an id, days included")
    func places() throws {
        let spool = try Fixture()
        let id = try #require(JobID("a"))
        for name in ["new", "retry/03-2m", "dead", "done/2026-11-23"] {
            try Program.shell("mkdir -p '\(spool.path)/\(name)' && touch '\(spool.path)/\(name)/a'")
        }
        try Program.shell("mkdir '\(spool.path)/done/other' && touch '\(spool.path)/done/2026-11-22'")
        #expect(try spool.tree.days() == ["2026-11-22", "2026-11-23"])
        #expect(
            try spool.tree.places(of: id, except: .new)
                == [.retry(.twoMinutes), .dead, .done(day: "2026-11-23")])
        #expect(
            try spool.tree.places(of: id, except: .dead)
                == [.new, .retry(.twoMinutes), .done(day: "2026-11-23")])
    }

    @Test("What was just put into an empty directory is found there")
    func notEmptyAnyMore() throws {
        let spool = try Fixture()
        // One that changed a moment ago is never taken for empty.
        try Program.shell("touch -d '1 hour ago' '\(spool.path)'/retry/* '\(spool.path)'/hold '\(spool.path)'/done")
        for (number, state) in (Bucket.allCases.map { State.retry($0) } + [.hold]).enumerated() {
            let claim = try spool.claimed("j\(number)")
            let id = claim.id
            #expect(try spool.tree.places(of: id, except: .new) == [])
            let verdict = Verdict(at: Timestamp(seconds: 0), [], target: state)
            guard case .settled = claim.settle(verdict, in: spool.tree) else {
                Issue.record("not settled in \(state)")
                return
            }
            #expect(try spool.tree.places(of: id, except: .new) == [state])
        }
    }
}
