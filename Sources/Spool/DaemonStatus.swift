package import JSON
package import Time

/// The contents of `status.json`: what a daemon last knew of itself.
package struct DaemonStatus: Equatable, Sendable {
    /// The counts: recipients and runs of programs by their outcome, then jobs by their end.
    package enum Outcome: String, CaseIterable, Sendable { case sent, deferred, refused, inDoubt, returned, done, dead }

    /// How far a quota of a relay is used up.
    package struct Quota: Equatable, Sendable {
        /// The most recipients within the unit.
        package var limit: Int
        /// `m`, `h` or `d`.
        package var unit: String
        package var used: Int
        /// When the quota has room again, if it is full; to the second, rounded down.
        package var nextRoom: Timestamp?

        package init(limit: Int, unit: String, used: Int, nextRoom: Timestamp?) {
            self.limit = limit
            self.unit = unit
            self.used = used
            self.nextRoom = nextRoom
        }
    }

    package struct Relay: Equatable, Sendable {
        package var name: String
        /// Whether the breaker keeps connections from being opened, and why.
        package var isOpen: Bool
        package var reason: String?
        package var connections: Int
        /// How many connections the configuration allows.
        package var limit: Int?
        package var quotas: [Quota]
        /// How many senders it refuses, so that their mails wait; and the first of them, each with the reason.
        package var refused = 0
        package var refusedSenders: [String] = []

        package init(
            name: String, isOpen: Bool, reason: String?, connections: Int, limit: Int?, quotas: [Quota] = []
        ) {
            self.name = name
            self.isOpen = isOpen
            self.reason = reason
            self.connections = connections
            self.limit = limit
            self.quotas = quotas
        }
    }

    /// A task whose program runs.
    package struct Task: Equatable, Sendable {
        package var id: String
        package var template: String
        package var attempt: Int
        package var started: Timestamp?
        /// When it is ended at the latest, to the second.
        package var deadline: Timestamp?
        package var process: Int?
        /// The last line that it wrote of its progress.
        package var progress: String?

        package init(id: String, template: String, attempt: Int) {
            self.id = id
            self.template = template
            self.attempt = attempt
        }
    }

    /// One of several processes that deliver.
    package struct Worker: Equatable, Sendable {
        /// From 1 on.
        package var number: Int
        package var process: Int?
        /// `starting`, `running`, `stopping`, `waiting` for the lock of its directory, or `dead` until it is started again.
        package var state: String
        /// When it told of itself last; nil before the first time.
        package var sign: Timestamp?
        /// How often it was started again.
        package var restarts = 0

        package init(number: Int, process: Int?, state: String, sign: Timestamp?, restarts: Int = 0) {
            self.number = number
            self.process = process
            self.state = state
            self.sign = sign
            self.restarts = restarts
        }

        /// For how long it has told nothing, at `now`; nil for one that does as it should, or does not run.
        package func silence(at now: Timestamp) -> Span? {
            guard process != nil, let sign, now - sign >= DaemonStatus.workerPatience else { return nil }
            return now - sign
        }
    }

    package var at: Timestamp
    package var pid = 0
    package var instance = ""
    package var started: Timestamp?
    /// `starting`, `running`, `stopping` or `stopped`.
    package var state: String
    /// Whether anything is paused.
    package var isPaused = false
    /// Jobs that are lined up in memory, are being sent, and are done but not written to disk.
    package var waiting = 0
    package var inFlight = 0
    package var unwritten = 0
    /// The number of files that wait untouched, and the first of them, each with its reason.
    package var stopped = 0
    package var stoppedFiles: [String] = []
    /// Counts since the daemon's start, and within the last minute; an outcome that is missing counts 0.
    package var totals: [Outcome: Int] = [:]
    package var lastMinute: [Outcome: Int] = [:]
    package var relays: [Relay] = []
    /// The sentence about the last configuration that the daemon was to use, where not all of it is in use.
    package var configuration: String?
    package var tasksWaiting = 0
    package var tasksRunning = 0
    /// The tasks that run, the oldest first; of many, the oldest.
    package var tasks: [Task] = []
    /// Empty in a daemon of one process.
    package var workers: [Worker] = []

    package init(at: Timestamp, state: String) {
        self.at = at
        self.state = state
    }

    /// The directories below `cur/` in which its processes claim.
    package var claimDirectories: [String] {
        workers.isEmpty ? [instance] : workers.map { "\(instance).\($0.number)" }
    }

    /// The task of that job, if its program runs and is listed.
    package func task(_ id: String) -> Task? { tasks.first { $0.id == id } }

    /// A daemon writes every second; one that has not for so long is dead, or as good as dead.
    package static let patience = Span.seconds(10)

    /// A worker tells of itself every second; one that has not for so long is stopped, or waits for the disk.
    package static let workerPatience = Span.seconds(5)

    /// Whether the daemon runs, judged by what it wrote and when. A time in the future counts as now: the clock was
    /// set back.
    package func isAlive(now: Timestamp) -> Bool { state != "stopped" && at + DaemonStatus.patience >= now }
}

extension DaemonStatus {
    /// Reads the file's object; nil for what no daemon writes. Unknown members are ignored, missing ones count as 0.
    package init?(_ value: JSON) {
        guard let object = value.object, let at = object.moment("at"), let state = object["state"]?.string
        else { return nil }
        self.init(at: at, state: state)
        pid = object.number("pid")
        instance = object["instance"]?.string ?? ""
        started = object.moment("started")
        isPaused = object["paused"]?.bool ?? false
        waiting = object.number("waiting")
        inFlight = object.number("inFlight")
        unwritten = object.number("unwritten")
        stopped = object.number("stopped")
        stoppedFiles = (object["stoppedFiles"]?.array ?? []).compactMap(\.string)
        for outcome in Outcome.allCases {
            totals[outcome] = object.number(outcome.rawValue)
            lastMinute[outcome] = object["lastMinute"]?.object?.number(outcome.rawValue)
        }
        relays = (object["relays"]?.array ?? []).compactMap { $0.object.flatMap(Relay.init) }
        configuration = object["configuration"]?.string
        tasksWaiting = object.number("tasksWaiting")
        tasksRunning = object.number("tasksRunning")
        tasks = (object["tasks"]?.array ?? []).compactMap { $0.object.flatMap(Task.init) }
        workers = (object["workers"]?.array ?? []).compactMap { $0.object.flatMap(Worker.init) }
    }

    /// The file's object, its members in the order in which the daemon writes them.
    package var json: JSON {
        func counts(_ counts: [Outcome: Int]) -> [(name: String, value: JSON)] {
            Outcome.allCases.map { ($0.rawValue, .number(.init(counts[$0] ?? 0))) }
        }
        var object = JSON.Object([("at", .string(at.rfc3339)), ("pid", .number(.init(pid)))])
        object["instance"] = .string(instance)
        object["started"] = started.map { .string($0.rfc3339) }
        object["state"] = .string(state)
        object["paused"] = .bool(isPaused)
        object["waiting"] = .number(.init(waiting))
        object["inFlight"] = .number(.init(inFlight))
        object["unwritten"] = .number(.init(unwritten))
        object["stopped"] = .number(.init(stopped))
        object["stoppedFiles"] = .array(stoppedFiles.map { .string($0) })
        for (name, value) in counts(totals) { object[name] = value }
        object["lastMinute"] = .object(JSON.Object(counts(lastMinute)))
        object["relays"] = .array(relays.map(\.json))
        object["configuration"] = configuration.map { .string($0) }
        object["tasksWaiting"] = .number(.init(tasksWaiting))
        object["tasksRunning"] = .number(.init(tasksRunning))
        object["tasks"] = .array(tasks.map(\.json))
        object["workers"] = workers.isEmpty ? nil : .array(workers.map(\.json))
        return .object(object)
    }
}

extension DaemonStatus.Relay {
    package init?(_ object: JSON.Object) {
        guard let name = object["name"]?.string else { return nil }
        self.init(
            name: name, isOpen: object["breaker"]?.string == "open", reason: object["reason"]?.string,
            connections: object.number("connections"), limit: object["limit"]?.int,
            quotas: (object["quotas"]?.array ?? []).compactMap { $0.object.flatMap(DaemonStatus.Quota.init) })
        refused = object.number("refused")
        refusedSenders = (object["refusedSenders"]?.array ?? []).compactMap(\.string)
    }

    /// The relay's object in `status.json`.
    package var json: JSON {
        var object = JSON.Object([
            ("name", .string(name)), ("breaker", .string(isOpen ? "open" : "closed")),
            ("reason", isOpen ? .string(reason ?? "") : .null), ("connections", .number(.init(connections))),
        ])
        object["limit"] = limit.map { .number(.init($0)) }
        object["quotas"] = quotas.isEmpty ? nil : .array(quotas.map(\.json))
        if refused > 0 {
            object["refused"] = .number(.init(refused))
            object["refusedSenders"] = .array(refusedSenders.map { .string($0) })
        }
        return .object(object)
    }
}

extension DaemonStatus.Quota {
    fileprivate init?(_ object: JSON.Object) {
        guard let limit = object["limit"]?.int, let unit = object["unit"]?.string else { return nil }
        self.init(limit: limit, unit: unit, used: object.number("used"), nextRoom: object.moment("nextRoom"))
    }

    /// The quota's object, as `status.json` and `outspool status --json` have it.
    package var json: JSON {
        var object = JSON.Object([
            ("limit", .number(.init(limit))), ("unit", .string(unit)), ("used", .number(.init(used))),
        ])
        object["nextRoom"] = nextRoom.map { .string($0.rfc3339Seconds) }
        return .object(object)
    }
}

extension DaemonStatus.Worker {
    fileprivate init?(_ object: JSON.Object) {
        guard let number = object["worker"]?.int, let state = object["state"]?.string else { return nil }
        self.init(
            number: number, process: object["pid"]?.int, state: state, sign: object.moment("sign"),
            restarts: object.number("restarts"))
    }

    fileprivate var json: JSON {
        var object = JSON.Object([("worker", .number(.init(number)))])
        object["pid"] = process.map { .number(.init($0)) }
        object["state"] = .string(state)
        object["sign"] = sign.map { .string($0.rfc3339) }
        object["restarts"] = .number(.init(restarts))
        return .object(object)
    }
}

extension DaemonStatus.Task {
    package init?(_ object: JSON.Object) {
        guard let id = object["id"]?.string else { return nil }
        self.init(id: id, template: object["template"]?.string ?? "", attempt: object.number("attempt"))
        started = object.moment("started")
        deadline = object.moment("deadline")
        process = object["process"]?.int
        progress = object["progress"]?.string
    }

    /// The task's object in `status.json`.
    package var json: JSON {
        var object = JSON.Object([
            ("id", .string(id)), ("template", .string(template)), ("attempt", .number(.init(attempt))),
        ])
        object["started"] = started.map { .string($0.rfc3339) }
        object["deadline"] = deadline.map { .string($0.rfc3339Seconds) }
        object["process"] = process.map { .number(.init($0)) }
        object["progress"] = progress.map { .string($0) }
        return .object(object)
    }
}

extension JSON.Object {
    fileprivate func number(_ name: String) -> Int { self[name]?.int ?? 0 }
    fileprivate func moment(_ name: String) -> Timestamp? { self[name]?.string.flatMap { Timestamp(rfc3339: $0) } }
}
