package import JSON
package import Time

/// What `status.json` says of a daemon: the last thing it knew of itself.
package struct DaemonStatus: Equatable, Sendable {
    package struct Relay: Equatable, Sendable {
        package let name: String
        package let isOpen: Bool
        package let reason: String?
        package let connections: Int
        package let limit: Int?
    }

    /// A task whose program runs.
    package struct Task: Equatable, Sendable {
        package let id: String
        package let template: String
        package let attempt: Int
        package let started: Timestamp?
        /// The last line that it wrote of its progress.
        package let progress: String?
    }

    package let at: Timestamp
    package let pid: Int
    package let instance: String
    package let started: Timestamp?
    /// `starting`, `running`, `stopping` or `stopped`.
    package let state: String
    /// Jobs that are lined up in memory, are being sent, and are done but not written to disk.
    package let waiting: Int
    package let inFlight: Int
    package let unwritten: Int
    /// Since the start, by outcome: `sent`, `deferred`, `refused`, `inDoubt`, `returned`, `done`, `dead`.
    package let totals: [String: Int]
    /// The same within the last minute.
    package let lastMinute: [String: Int]
    package let relays: [Relay]
    package let tasksWaiting: Int
    package let tasksRunning: Int
    /// Those that run, the oldest first; of many, the oldest.
    package let tasks: [Task]

    /// The outcomes that are counted, in the order in which they are shown.
    package static let outcomes = ["sent", "deferred", "refused", "inDoubt", "returned", "done", "dead"]

    /// Nil for what no daemon writes.
    package init?(_ value: JSON) {
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
    package func task(_ id: String) -> Task? { tasks.first { $0.id == id } }

    /// A daemon writes every second; one that has not for so long is dead, or as good as dead.
    package static let patience = Span.seconds(10)

    /// Whether the daemon runs, by what it wrote and when. A clock that was set back makes it look as if it
    /// wrote in the future: that counts, too.
    package func isAlive(now: Timestamp) -> Bool { state != "stopped" && at + DaemonStatus.patience >= now }
}
