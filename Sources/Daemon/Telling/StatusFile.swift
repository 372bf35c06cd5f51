internal import EventLoop
internal import JSON
internal import Linux
internal import Relay
internal import Spool
internal import Time

/// `status.json`: what the daemon knows of itself, replaced as a whole and never synced. It is for
/// people and monitoring; nothing reads it back.
struct StatusFile {
    private let spool: SpoolTree
    private let started: Timestamp
    private var growth = Growth()

    init(spool: SpoolTree, started: Timestamp) {
        self.spool = spool
        self.started = started
    }

    /// Writes the file anew. It fails silently: a full disk is told of where it matters.
    mutating func write(_ state: String, of queue: Queue, now: Timestamp) {
        let totals = queue.ledger.counters.totals
        let scheduler = queue.scheduler
        let lastMinute = growth.note(totals.map(\.value), at: Clock.monotonic)
        func numbers(_ names: [String], _ values: [Int]) -> [(name: String, value: JSON)] {
            zip(names, values).map { ($0, number($1)) }
        }
        let names = totals.map(\.name)
        replace(
            JSON.Object(
                [
                    ("at", .string(now.rfc3339)), ("pid", number(Int(Process.id))),
                    ("instance", .string(spool.instance)), ("started", .string(started.rfc3339)),
                    ("state", .string(state)), ("paused", .bool(!scheduler.pauses.isEmpty)),
                    ("waiting", number(scheduler.waitingMails)), ("inFlight", number(scheduler.mailsUnderWay)),
                    ("unwritten", number(queue.settler.backlog)),
                ] + numbers(names, totals.map(\.value)) + [
                    ("lastMinute", .object(JSON.Object(numbers(names, lastMinute)))),
                    ("relays", .array(queue.relays.map(relay))),
                    ("tasksWaiting", number(scheduler.waitingTasks)), ("tasksRunning", number(scheduler.tasksUnderWay)),
                    ("tasks", .array(queue.tasks.running.prefix(StatusFile.taskLimit).map(task))),
                ]))
    }

    /// How many tasks are listed; the oldest ones.
    private static let taskLimit = 100

    private func task(_ job: ClaimedJob) -> JSON {
        var object = JSON.Object([
            ("id", .string(job.id.text)), ("template", .string(job.template ?? "")),
            ("attempt", number(job.attempt.number)),
        ])
        if let run = job.run {
            object["started"] = .string(run.started.rfc3339)
            object["deadline"] = .string(run.deadline.rfc3339Seconds)
            object["process"] = number(Int(run.program.process))
            object["progress"] = run.program.progress.map { .string($0) }
        }
        return .object(object)
    }

    private func relay(_ pool: RelayPool) -> JSON {
        .object(
            JSON.Object([
                ("name", .string(pool.name)), ("breaker", .string(pool.breaker.isOpen ? "open" : "closed")),
                ("reason", pool.breaker.isOpen ? .string(pool.breaker.reason ?? "") : .null),
                ("connections", number(pool.measured.connections)), ("limit", number(pool.settings.connections)),
            ]))
    }

    private func number(_ value: Int) -> JSON { .number(.init(value)) }

    private func replace(_ object: JSON.Object) {
        do throws(Errno) {
            let name = ".status.\(spool.instance)"
            // One that a crash left behind is replaced.
            do throws(Errno) { try spool.tmp.unlink(name) } catch { if error != .noEntry { throw error } }
            let file = try spool.tmp.create(name, mode: 0o644)
            try file.write(all: JSON.object(object).encoded + [0x0A])
            try spool.tmp.replace(name, into: spool.root, as: "status.json")
        } catch {}
    }
}
