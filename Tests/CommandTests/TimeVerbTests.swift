import Foundation
import JSON
import Scratch
import Testing

/// A time that was given is kept, or refused at once.
@Suite("Times that the verbs are given", .serialized, .ownThreads)
struct TimeVerbTests {
    private func stamp(_ seconds: TimeInterval) -> String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: seconds))
    }

    private func set(_ fixture: Fixture, _ path: String, to date: Date) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: date], ofItemAtPath: "\(fixture.spool)/\(path)")
    }

    private func modified(_ fixture: Fixture, _ path: String) throws -> Date {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(fixture.spool)/\(path)")
        return try #require(attributes[.modificationDate] as? Date)
    }

    @Test(
        "What could only expire is refused, and nothing is queued",
        arguments: [
            (["--send-at", "+2h", "--expires-at", "+1h"], "/expiresAt: is not after sendAt"),
            (["--expires-at", "2020-01-01T00:00:00Z"], "/expiresAt: is over"),
        ])
    func submitted(options: [String], reason: String) throws {
        let spool = try Fixture()
        let ran = try spool.outspool.run(["submit", "hello", "--to", "zoe@example.com"] + options)
        #expect(ran.status == 65)
        #expect(ran.err.contains(reason))
        #expect(try spool.list("new") == [])
    }

    @Test("In a batch the line alone is refused; what was queued in time may be submitted again")
    func batch() throws {
        let spool = try Fixture()
        let late = #"{"template":"x","to":"a@example.com","expiresAt":"2020-01-01T00:00:00Z"}"#
        try spool.put(late + "\n", "retry/01-30s/known")
        let ran = try spool.run(
            "submit", "--batch", "-",
            input: "\(late)\n{\"id\":\"known\",\"job\":\(late)}\n{\"template\":\"x\",\"to\":\"b@example.com\"}\n")
        #expect(ran.status == 65)
        #expect(ran.err.contains("line 1: the job: /expiresAt: is over"))
        #expect(ran.out.split(separator: "\n").count == 2)
        #expect(ran.out.hasPrefix("known\n"))
        let again = try spool.run("submit", "--job", "-", "--id", "known", input: late)
        #expect(again.status == 0 && again.err.contains("already queued"))
    }

    private let expired = #"{"template":"x","to":"a@example.com","expiresAt":"2020-01-01T00:00:00Z"}"# + "\n"
    private let event = #"{"at":"2020-01-01T00:00:01Z","event":"expired","submitted":"2019-12-31T00:00:00Z"}"# + "\n"

    @Test(
        "What is past its expiry is said to be so, and stays where it is",
        arguments: [("retry", "dead"), ("retry", "retry/01-30s"), ("retry", "scheduled"), ("release", "hold")])
    func late(verb: String, place: String) throws {
        let spool = try Fixture()
        try spool.put(expired + event, "\(place)/old")
        try set(spool, "\(place)/old", to: Date(timeIntervalSinceNow: 600))
        let ran = try spool.run(verb, "old")
        #expect(ran.status == 65)
        #expect(ran.err.contains("old expired at 2020-01-01T00:00:00Z, and nothing is sent after that"))
        #expect(ran.err.contains("outspool edit old gives it another expiresAt or sendAt"))
        #expect(try spool.list(place) == ["old"])
        let swept = try spool.run(verb, "--state", String(place.prefix { $0 != "/" }))
        #expect(swept.status == 65)
        #expect(swept.err.contains("1 job past its expiry was left alone"))
        #expect(try spool.list(place) == ["old"])
    }

    @Test("Too old by max_age, and by that of the configuration; another sendAt helps")
    func age() throws {
        let spool = try Fixture()
        let old = #"{"at":"2026-01-01T00:00:01Z","event":"expired","submitted":"2026-01-01T00:00:00Z"}"# + "\n"
        try spool.put(#"{"template":"x","to":"a@example.com"}"# + "\n" + old, "dead/old")
        #expect(try spool.run("retry", "old").status == 65)
        try spool.scratch.write(
            "max_age = 36500d\n[relay main]\nurl = smtp://127.0.0.1\n", to: "outspool.conf")
        #expect(try spool.run("retry", "--config", spool.scratch.path("outspool.conf"), "old").status == 0)
        #expect(try spool.list("new") == ["old"])
        try spool.put(
            #"{"template":"x","to":"a@example.com","sendAt":"\#(stamp(-60))"}"# + "\n" + old, "dead/mended")
        #expect(try spool.run("retry", "mended").status == 0)
        #expect(try spool.list("new") == ["mended", "old"])
    }

    @Test("A dead letter that was never tried waits for its sendAt, as a held job does")
    func schedule() throws {
        let spool = try Fixture()
        let job = #"{"template":"x","to":"a@example.com","sendAt":"\#(stamp(7200))"}"# + "\n"
        try spool.put(job + #"{"at":"2026-01-01T00:00:01Z","event":"dead","reason":"x"}"# + "\n", "dead/early")
        try spool.put(
            job + #"{"at":"2026-01-01T00:00:01Z","event":"refused","attempt":1,"to":"a@example.com"}"# + "\n",
            "dead/tried")
        #expect(try spool.run("retry", "early", "tried").status == 0)
        #expect(try spool.list("scheduled") == ["early"])
        #expect(try modified(spool, "scheduled/early") > Date(timeIntervalSinceNow: 7000))
        #expect(try spool.list("new") == ["tried"])
    }

    @Test("Jobs that wait are postponed, by id and by filter; from new/ they go to scheduled/")
    func postpone() throws {
        let spool = try Fixture()
        for place in ["new/fresh", "retry/01-30s/deferred", "scheduled/later"] {
            try spool.put(#"{"template":"x","to":"a@example.com"}"# + "\n", place)
        }
        let ran = try spool.run("postpone", "--until", "+2h", "--all", "-v")
        #expect(ran.status == 0, "\(ran.err)")
        #expect(ran.out.contains("postponed: new/fresh -> scheduled\n"))
        #expect(ran.out.hasSuffix("postponed: 3 jobs\n"))
        #expect(try spool.list("new") == [] && spool.list("hold") == [])
        for place in ["scheduled/fresh", "retry/01-30s/deferred", "scheduled/later"] {
            let due = try modified(spool, place)
            #expect(due > Date(timeIntervalSinceNow: 7100) && due < Date(timeIntervalSinceNow: 7300))
        }
        #expect(try spool.run("postpone", "--until", stamp(86400), "deferred").status == 0)
        #expect(try modified(spool, "retry/01-30s/deferred") > Date(timeIntervalSinceNow: 86000))
    }

    @Test("Nothing is postponed beyond its expiry, into the past, or out of a state where nothing waits")
    func cannotPostpone() throws {
        let spool = try Fixture()
        try spool.put(#"{"template":"x","to":"a@example.com","expiresAt":"\#(stamp(3600))"}"# + "\n", "new/short")
        let before = try modified(spool, "new/short")
        let late = try spool.run("postpone", "--until", "+2h", "short")
        #expect(late.status == 65 && late.err.contains("short expires before that, at "))
        #expect(try modified(spool, "new/short") == before)
        #expect(try spool.run("postpone", "--until", "2020-01-01T00:00:00Z", "short").status == 64)
        #expect(try spool.run("postpone", "short").err.contains("postpone needs --until TIME"))
        #expect(try spool.run("postpone", "--until", "soon", "short").status == 64)
        for place in ["hold", "dead"] {
            try spool.put(#"{"template":"x","to":"a@example.com"}"# + "\n", "\(place)/\(place)")
            #expect(try spool.run("postpone", "--until", "+1h", place).status == 65)
            #expect(try spool.list(place) == [place])
        }
    }

    @Test("Without a word pause and resume mean all")
    func pause() throws {
        let spool = try Fixture()
        #expect(try spool.run("pause", "--list").err.contains("nothing is paused"))
        #expect(try spool.run("pause").out == "paused: all\n")
        #expect(try spool.list("").contains("pause"))
        #expect(try spool.run("pause", "template", "hello").status == 0)
        #expect(try spool.run("pause", "--list").out == "paused: all\npaused: template hello\n")
        #expect(try spool.run("pause", "--list", "--json").out.contains(#"{"paused":"template","name":"hello"}"#))
        #expect(try spool.run("resume").out == "resumed: all\nstill paused: template hello\n")
        #expect(try !spool.list("").contains("pause"))
        #expect(try spool.run("pause", "--json").status == 64)
    }
}
