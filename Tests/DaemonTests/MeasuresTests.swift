import JSON
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Measures of workers")
struct MeasuresTests {
    private let start = Timestamp(seconds: 1_795_455_851)

    private func sample(_ number: Int) -> Measures {
        var measures = Measures()
        measures.counters.received = number
        measures.counters.inotifyOverflows = 1
        measures.counters.recipients.count("sent", by: number)
        measures.counters.recipients.count("deferred", by: 2)
        measures.counters.done.count("hello", by: number)
        measures.counters.dead[.refused, default: .init()].count("hello")
        measures.counters.observeLatency(.milliseconds(Int64(number)), .high)
        measures.counters.attemptTime.observe(0.02)
        (measures.waiting, measures.inFlight, measures.unwritten) = (number, 2, 3)
        measures.linedUp = [.high: number, .normal: 0, .bulk: 7]
        (measures.stopped, measures.stoppedFiles) = (1, ["new/\(number): why"])
        measures.logLinesDropped = 4
        (measures.tasksWaiting, measures.tasksRunning) = (5, 1)
        measures.tasksByTemplate.count("export", by: 1)
        var task = DaemonStatus.Task(id: "task-\(number)", template: "export", attempt: 1)
        (task.started, task.process, task.progress) = (start - .seconds(Int64(number)), 412, "half")
        measures.tasks = [task]
        var relay = DaemonStatus.Relay(
            name: "main", isOpen: false, reason: nil, connections: number, limit: 10,
            quotas: [.init(limit: 500, unit: "d", used: number, nextRoom: nil)])
        (relay.refused, relay.refusedSenders) = (number, ["a@example.com: no"])
        measures.relays = [.init(relay, inFlight: number)]
        return measures
    }

    @Test("What a worker tells is what its parent reads")
    func travels() throws {
        for measures in [Measures(), sample(3)] {
            let read = Measures(try JSON(parsing: measures.json.encoded))
            #expect(read.counters == measures.counters)
            #expect(read.json == measures.json)
        }
        #expect(Measures(.null) == Measures() || Measures(.null).counters == Counters())
    }

    @Test("Those of several workers add up; of a relay the stricter word counts")
    func adds() {
        var sum = sample(3)
        var second = sample(5)
        (second.relays[0].status.isOpen, second.relays[0].status.reason) = (true, "421 no")
        second.relays.append(
            .init(.init(name: "other", isOpen: false, reason: nil, connections: 1, limit: 2), inFlight: 1))
        sum.add(second)
        #expect(sum.counters.received == 8 && sum.counters.inotifyOverflows == 2)
        #expect(sum.counters.recipients["sent"] == 8 && sum.counters.recipients["deferred"] == 4)
        #expect(sum.counters.dead[.refused]?["hello"] == 2 && sum.counters.latency[.high]?.count == 2)
        #expect(sum.counters.attemptTime.count == 2 && sum.counters.attemptTime.sum == 0.04)
        #expect(sum.waiting == 8 && sum.inFlight == 4 && sum.unwritten == 6 && sum.linedUp[.bulk] == 14)
        #expect(sum.stopped == 2 && sum.stoppedFiles == ["new/3: why", "new/5: why"])
        #expect(sum.tasks.map(\.id) == ["task-5", "task-3"] && sum.tasksByTemplate["export"] == 2)
        #expect(sum.relays.map(\.status.name) == ["main", "other"])
        let main = sum.relays[0]
        #expect(main.status.connections == 8 && main.inFlight == 8 && main.status.limit == 10)
        #expect(main.status.isOpen && main.status.reason == "421 no")
        #expect(main.status.quotas.map(\.used) == [5] && main.status.refused == 5)
    }

    @Test("Of one that has died, what it counted stays")
    func counted() {
        let rest = sample(3).counted
        #expect(rest.counters == sample(3).counters && rest.logLinesDropped == 4)
        #expect(rest.waiting == 0 && rest.relays.isEmpty && rest.tasks.isEmpty && rest.stopped == 0)
    }

    @Test("A dead letter travels whole")
    func letter() throws {
        var event = Event(.refused, at: start)
        (event.to, event.relay, event.code, event.dsn, event.reply) = (["zoe@example.com"], "main", 550, "5.1.1", "no")
        event.attempt = 2
        var letter = DeadLetter(
            "order-1", template: "hello", events: [event], recipients: ["a@b"], submitted: start - .hours(1), at: start)
        letter.tags = ["nightly"]
        letter.metadata = JSON.Object([("order", "1042")])
        #expect(DeadLetter(try JSON(parsing: letter.object(spool: "/s").encoded)) == letter)
        #expect(DeadLetter(["id": "x"]) == nil)
    }
}
