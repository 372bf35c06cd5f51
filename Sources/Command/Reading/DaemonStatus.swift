internal import JSON
internal import Time

/// What `status.json` says of a daemon: the last thing it knew of itself.
struct DaemonStatus: Equatable, Sendable {
    struct Relay: Equatable, Sendable {
        let name: String
        let isOpen: Bool
        let reason: String?
        let connections: Int
        let limit: Int?
    }

    /// A task whose program runs.
    struct Task: Equatable, Sendable {
        let id: String
        let template: String
        let attempt: Int
        let started: Timestamp?
        /// The last line that it wrote of its progress.
        let progress: String?
    }

    let at: Timestamp
    let pid: Int
    let instance: String
    let started: Timestamp?
    /// `starting`, `running`, `stopping` or `stopped`.
    let state: String
    /// Jobs that are lined up in memory, are being sent, and are done but not written to disk.
    let waiting: Int
    let inFlight: Int
    let unwritten: Int
    /// Since the start, by outcome: `sent`, `deferred`, `refused`, `inDoubt`, `returned`, `done`, `dead`.
    let totals: [String: Int]
    /// The same within the last minute.
    let lastMinute: [String: Int]
    let relays: [Relay]
    let tasksWaiting: Int
    let tasksRunning: Int
    /// Those that run, the oldest first; of many, the oldest.
    let tasks: [Task]

    /// The outcomes that are counted, in the order in which they are shown.
    static let outcomes = ["sent", "deferred", "refused", "inDoubt", "returned", "done", "dead"]

    /// Nil for what no daemon writes.
    init?(_ value: JSON) {
        guard let object = value.object, let at = object["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let state = object["state"]?.string
        else { return nil }
        self.at = at
        self.state = state
        pid = object["pid"]?.int ?? 0
        instance = object["instance"]?.string ?? ""
        started = object["started"]?.string.flatMap { Timestamp(rfc3339: $0) }
        waiting = object["waiting"]?.int ?? 0
        inFlight = object["inFlight"]?.int ?? 0
        unwritten = object["unwritten"]?.int ?? 0
        func counts(_ object: JSON.Object?) -> [String: Int] {
            var counts: [String: Int] = [:]
            for name in DaemonStatus.outcomes { counts[name] = object?[name]?.int ?? 0 }
            return counts
        }
        totals = counts(object)
        lastMinute = counts(object["lastMinute"]?.object)
        relays = (object["relays"]?.array ?? []).compactMap { item in
            guard let relay = item.object, let name = relay["name"]?.string else { return nil }
            return Relay(
                name: name, isOpen: relay["breaker"]?.string == "open", reason: relay["reason"]?.string,
                connections: relay["connections"]?.int ?? 0, limit: relay["limit"]?.int)
        }
        tasksWaiting = object["tasksWaiting"]?.int ?? 0
        tasksRunning = object["tasksRunning"]?.int ?? 0
        tasks = (object["tasks"]?.array ?? []).compactMap { item in
            guard let task = item.object, let id = task["id"]?.string else { return nil }
            return Task(
                id: id, template: task["template"]?.string ?? "", attempt: task["attempt"]?.int ?? 0,
                started: task["started"]?.string.flatMap { Timestamp(rfc3339: $0) }, progress: task["progress"]?.string)
        }
    }

    /// The task of that job, if its program runs and is listed.
    func task(_ id: String) -> Task? { tasks.first { $0.id == id } }

    /// A daemon writes every second; one that has not for so long is dead, or as good as dead.
    static let patience = Span.seconds(10)

    /// Whether the daemon runs, by what it wrote and when. A clock that was set back makes it look as if it
    /// wrote in the future: that counts, too.
    func isAlive(now: Timestamp) -> Bool { state != "stopped" && at + DaemonStatus.patience >= now }
}
