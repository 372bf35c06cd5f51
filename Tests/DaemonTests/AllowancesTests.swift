import Configuration
import JSON
import Linux
import Relay
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("relays.json", .serialized)
struct AllowancesTests {
    private let place: SpoolPlace
    private let now = Timestamp(rfc3339: "2026-11-24T12:00:00Z")!

    init() throws { place = try SpoolPlace() }

    private func settings(named name: String = "main", rate: String? = nil, _ quotas: String...) throws
        -> Settings.Relay
    {
        var relay = Settings.Relay(name: name, connection: try RelaySettings(url: "smtp://127.0.0.1:9"))
        relay.rate = try rate.map { RateLimit(try #require(Rate($0))) }
        relay.quotas = try quotas.map { try #require(Quota($0)) }
        return relay
    }

    private func allowances(_ relays: Settings.Relay...) -> Allowances {
        let allowances = Allowances(place.spool, place.log)
        allowances.use(relays)
        return allowances
    }

    private var text: String { get throws { try place.scratch.read("spool/relays.json") } }

    @Test("It outlives the daemon: what was taken, and the pause that a rate asks for")
    func restart() throws {
        let now = Timestamp.now
        let relay = try settings(rate: "60/h", "5/d", "3/h")
        let first = allowances(relay)
        first["main"].settle(reserved: 0, taken: 2, at: now)
        first["main"].start(at: Clock.monotonic)
        first.keep(at: now)
        #expect(try place.scratch.mode("spool/relays.json") == 0o640)
        #expect(try place.scratch.list("spool/tmp") == [])
        let second = allowances(relay)
        #expect(second["main"].quotas.map { $0.used(at: now) } == [2, 2])
        #expect(second["main"].room(at: now) == 1)
        let pause = try #require(second["main"].pause(at: Clock.monotonic))
        #expect(pause > .seconds(55) && pause <= .seconds(60))
    }

    @Test("A relay that is out of the configuration has its count when it comes back; what is over goes")
    func absent() throws {
        let first = allowances(try settings(named: "a", "5/d"), try settings(named: "b", "5/d"))
        for name in ["a", "b"] { first[name].settle(reserved: 0, taken: 4, at: now) }
        first.keep(at: now)
        let second = allowances(try settings(named: "a"))
        second["a"].settle(reserved: 0, taken: 1, at: now)
        second.keep(at: now + .hours(1))
        #expect(allowances(try settings(named: "b", "5/d"))["b"].room(at: now) == 1)
        second.keep(at: now + .days(2))
        #expect(try text == #"{"relays":[]}"# + "\n")
    }

    @Test("Where there is nothing to remember, no file is made; an hour without mail writes nothing")
    func quiet() throws {
        let first = allowances(try settings(rate: "14/s", "5/d"))
        first["main"].start(at: Clock.monotonic)
        first.keep(at: now)
        #expect(try place.names(".").contains("relays.json") == false)
        first["main"].settle(reserved: 0, taken: 1, at: now)
        first.keep(at: now)
        let inode = try place.spool.root.status("relays.json").inode
        // The next one would have a new inode, since the old one is still open here.
        let held = try place.spool.root.open("relays.json")
        for minute in Int64(0)..<60 { first.keep(at: now + .minutes(minute)) }
        #expect(try place.spool.root.status("relays.json").inode == inode)
        #expect(try held.status().inode == inode)
    }

    @Test(
        "A file that cannot be read is told of and counts as none; the next one takes its place",
        arguments: [
            "", "{", "[]", "{}", #"{"relays":5}"#, #"{"relays":[{}]}"#, #"{"relays":[{"name":"../x"}]}"#,
            #"{"relays":[{"name":"main","quotas":5}]}"#, #"{"relays":[{"name":"main","quotas":[{}]}]}"#,
            #"{"relays":[{"name":"main","quotas":[{"quota":"5/y","taken":[]}]}]}"#,
            #"{"relays":[{"name":"main","quotas":[{"quota":"5/d","taken":[{"start":"today","recipients":1}]}]}]}"#,
            #"{"relays":[{"name":"main","quotas":[{"quota":"5/d","taken":[{"start":"2026-11-24T12:00:00Z","recipients":-1}]}]}]}"#,
            #"{"relays":[{"name":"main","nextStart":"soon"}]}"#, #"{"relays":[{"name":"main","nextStart":5}]}"#,
            "\u{0}\u{0}\u{0}\u{0}",
        ])
    func unreadable(text: String) throws {
        try place.scratch.write(text, to: "spool/relays.json")
        let first = allowances(try settings("5/d"))
        #expect(try place.logged.contains("relays.json: "))
        #expect(try place.logged.contains("what relays took is counted from zero"))
        #expect(first["main"].room(at: now) == 5)
        first["main"].settle(reserved: 0, taken: 1, at: now)
        first.keep(at: now)
        #expect(allowances(try settings("5/d"))["main"].room(at: now) == 4)
    }

    @Test("What is unknown in the file is ignored")
    func unknown() throws {
        try place.scratch.write(
            #"{"later":1,"relays":[{"name":"main","x":[],"quotas":[{"quota":"9/d","y":0,"taken":"#
                + #"[{"start":"2026-11-24T12:00:00Z","recipients":2,"z":null}]}]}]}"#, to: "spool/relays.json")
        #expect(allowances(try settings("5/d"))["main"].room(at: now) == 3)
    }

    @Test("A directory in its place, and a draft that a crash left: said once, and tried until it works")
    func refused() throws {
        try Directory.make(path: place.scratch.path("spool/relays.json"), mode: 0o700)
        try place.scratch.write("half", to: "spool/tmp/.relays.main")
        let first = allowances(try settings("5/d"))
        first["main"].settle(reserved: 0, taken: 1, at: now)
        for second in Int64(0)..<3 { first.keep(at: now + .seconds(second)) }
        #expect(try place.logged.split(separator: "\n").count { $0.contains("relays.json: cannot") } == 1)
        try place.scratch.remove("spool/relays.json")
        first.keep(at: now)
        #expect(allowances(try settings("5/d"))["main"].room(at: now) == 4)
        #expect(try place.scratch.list("spool/tmp") == [])
    }

    @Test("A quota that is used up is told of once in its length")
    func told() throws {
        let first = allowances(try settings("2/d"))
        func lines() throws -> Int { try place.logged.split(separator: "\n").count { $0.contains(" is used up") } }
        first["main"].settle(reserved: 0, taken: 1, at: now)
        first.keep(at: now)
        #expect(try lines() == 0)
        first["main"].settle(reserved: 0, taken: 1, at: now)
        for second in Int64(0)..<100 { first.keep(at: now + .seconds(second)) }
        #expect(try lines() == 1)
        #expect(
            try place.logged.contains(
                "relay main: the quota of 2/d is used up; there is room again at 2026-11-25T12:24:00Z"))
        let tomorrow = now + .hours(25)
        first["main"].settle(reserved: 0, taken: 2, at: tomorrow)
        first.keep(at: tomorrow)
        #expect(try lines() == 2)
        // The clock was set back since: that is no reason to be silent.
        first.keep(at: now - .days(300))
        #expect(try lines() == 3)
    }

    @Test(
        "quota in the configuration",
        arguments: [
            ("500/d", ["500/d"]), ("50/h, 500/d", ["50/h", "500/d"]), ("30/m,10k/d", ["30/m", "10000/d"]),
        ])
    func configured(value: String, quotas: [String]) throws {
        let settings = try Settings(ConfigurationFile(parsing: configuration(value), name: "c"))
        #expect(settings.relays[0].quotas.map(\.text) == quotas)
    }

    @Test(
        "A quota that is none is an error with its line",
        arguments: [
            ("5/s", "'5/s'"), ("500/d, 600/d", "two of the unit 'd'"), ("500/d,", "not ''"), ("many", "'many'"),
            ("0/d", "'0/d'"),
        ])
    func misconfigured(value: String, part: String) throws {
        do {
            _ = try Settings(ConfigurationFile(parsing: configuration(value), name: "c"))
            Issue.record("\(value) is taken")
        } catch {
            #expect(error.line == 6 && error.reason.contains(part), "\(error)")
        }
    }

    private func configuration(_ quota: String) -> String {
        "from = shop@example.com\nhostname = shop.example\n[relay main]\nurl = smtp://127.0.0.1\ntls = none\nquota = \(quota)\n"
    }
}
