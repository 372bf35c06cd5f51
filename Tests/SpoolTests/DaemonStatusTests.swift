import JSON
import Spool
import Testing
import Time

@Suite("status.json")
struct DaemonStatusTests {
    /// What daemons write, byte for byte.
    private static let written = [
        #"{"at":"2026-11-24T12:00:00.250Z","pid":7,"instance":"main","started":"2026-11-24T11:00:00.000Z","#
            + #""state":"running","paused":true,"waiting":3,"inFlight":2,"unwritten":1,"stopped":2,"stoppedFiles":["new/a: no","new/b: no"],"#
            + #""sent":10,"deferred":4,"#
            + #""refused":1,"inDoubt":2,"returned":5,"done":9,"dead":6,"lastMinute":{"sent":5,"deferred":0,"#
            + #""refused":0,"inDoubt":0,"returned":0,"done":4,"dead":0},"relays":[{"name":"a","breaker":"open","#
            + #""reason":"no route","connections":0,"limit":10},{"name":"b","breaker":"closed","reason":null,"#
            + #""connections":2,"limit":4}],"tasksWaiting":8,"tasksRunning":2,"tasks":[{"id":"t1","template":"report","#
            + #""attempt":1,"started":"2026-11-24T11:59:58.000Z","deadline":"2026-11-24T12:59:58Z","process":4711,"#
            + #""progress":"page 3"},{"id":"t2","template":"report","attempt":2,"#
            + #""started":"2026-11-24T11:59:59.000Z","deadline":"2026-11-24T12:59:59Z"}]}"#,
        #"{"at":"2026-11-24T12:00:00.000Z","pid":0,"instance":"","state":"starting","paused":false,"waiting":0,"#
            + #""inFlight":0,"unwritten":0,"stopped":0,"stoppedFiles":[],"sent":0,"deferred":0,"refused":0,"inDoubt":0,"returned":0,"done":0,"dead":0,"#
            + #""lastMinute":{"sent":0,"deferred":0,"refused":0,"inDoubt":0,"returned":0,"done":0,"dead":0},"relays":[],"#
            + #""tasksWaiting":0,"tasksRunning":0,"tasks":[]}"#,
    ]

    @Test("What is written is read, and written again the same", arguments: written)
    func roundTrip(text: String) throws {
        let status = try #require(DaemonStatus(try JSON(parsing: Array(text.utf8))))
        #expect(String(decoding: status.json.encoded, as: UTF8.self) == text)
    }

    @Test("Every member is read into its place")
    func members() throws {
        let status = try #require(DaemonStatus(try JSON(parsing: Array(Self.written[0].utf8))))
        #expect(status.at == Timestamp(rfc3339: "2026-11-24T12:00:00.250Z") && status.pid == 7 && status.isPaused)
        #expect(status.totals[.inDoubt] == 2 && status.lastMinute[.done] == 4)
        #expect(status.relays.map(\.isOpen) == [true, false] && status.relays[0].reason == "no route")
        #expect(status.relays[1].reason == nil && status.relays[1].limit == 4)
        #expect(status.task("t1")?.progress == "page 3" && status.task("t2")?.process == nil && status.task("t") == nil)
    }

    @Test("A breaker that is closed has no reason, whatever was known of it")
    func closedBreaker() throws {
        var status = DaemonStatus(at: Timestamp(seconds: 0), state: "running")
        status.relays = [.init(name: "a", isOpen: false, reason: "an old one", connections: 1, limit: 1)]
        #expect(try #require(DaemonStatus(status.json)).relays[0].reason == nil)
    }

    @Test("Another version's file is read as far as it goes; what no daemon writes is nothing")
    func others() throws {
        let text = #"{"at":"2026-11-24T12:00:00Z","state":"new","sent":"x","later":1,"relays":[{"breaker":"open"},5]}"#
        let status = try #require(DaemonStatus(try JSON(parsing: Array(text.utf8))))
        #expect(status.totals[.sent] == 0 && status.relays.isEmpty && status.started == nil)
        for other in ["1", "{}", #"{"at":"now","state":"running"}"#, #"{"at":"2026-11-24T12:00:00Z"}"#] {
            #expect(DaemonStatus(try JSON(parsing: Array(other.utf8))) == nil)
        }
    }

    @Test("A relay's quotas are read as they were written, to the second")
    func quotas() throws {
        var status = DaemonStatus(at: Timestamp(seconds: 1_795_455_851), state: "running")
        let quotas = [
            DaemonStatus.Quota(limit: 5, unit: "d", used: 5, nextRoom: Timestamp(seconds: 1_795_456_000)),
            DaemonStatus.Quota(limit: 50, unit: "h", used: 3, nextRoom: nil),
        ]
        status.relays = [
            .init(name: "a", isOpen: false, reason: nil, connections: 1, limit: 1, quotas: quotas),
            .init(name: "b", isOpen: false, reason: nil, connections: 1, limit: 1),
        ]
        #expect(try #require(DaemonStatus(status.json)).relays == status.relays)
        var refusing = status
        refusing.relays[1].refused = 3
        refusing.relays[1].refusedSenders = ["shop@example.com: 550 no"]
        #expect(try #require(DaemonStatus(refusing.json)).relays == refusing.relays)
        #expect(
            status.json.text.contains(
                #""used":3}]},{"name":"b","breaker":"closed","reason":null,"connections":1,"limit":1}]"#))
    }

    @Test(
        "A daemon lives as long as it writes",
        arguments: [
            ("running", 10, true), ("running", 11, false), ("running", -3600, true), ("stopping", 0, true),
            ("stopped", 0, false),
        ] as [(String, Int64, Bool)])
    func alive(state: String, age: Int64, isAlive: Bool) {
        let at = Timestamp(seconds: 1_795_455_851)
        #expect(DaemonStatus(at: at, state: state).isAlive(now: at + .seconds(age)) == isAlive)
    }
}
