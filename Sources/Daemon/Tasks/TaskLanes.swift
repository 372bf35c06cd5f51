package import Spool
package import Time

/// The tasks that wait for a place, by template and priority; a bounded excerpt of what the directories say.
///
/// Templates of one priority take turns, so that the backlog of one does not hold up another, and one whose programs
/// are as many as it may have at a time holds up nobody.
package struct TaskLanes {
    private var lanes: [String: Lanes] = [:]
    /// The templates that have jobs here, the next one first.
    private var turns: [String] = []
    /// How many jobs are lined up at most; the rest stays on disk and is read again.
    package let capacity: Int

    package init(capacity: Int = 50_000) { self.capacity = capacity }

    package var count: Int { lanes.values.reduce(0) { $0 + $1.count } }
    package var isEmpty: Bool { turns.isEmpty }

    /// Whether a job of that id is lined up from that state.
    package func contains(_ id: JobID, in state: State) -> Bool {
        lanes.values.contains { $0.state(of: id) == state }
    }

    /// Lines the job up; false when there is no room.
    package mutating func append(_ job: WaitingJob) -> Bool {
        let name = job.template ?? ""
        guard count < capacity else { return false }
        if lanes[name] == nil {
            lanes[name] = Lanes(capacity: capacity)
            turns.append(name)
        }
        return lanes[name]?.append(job) ?? false
    }

    /// The job whose turn it is: the highest priority first, then the template that has waited longest. Templates of
    /// which `isFull` is true are passed over, and so is `bulk` when it may not start.
    package mutating func next(bulkAllowed: Bool = true, isFull: (String) -> Bool = { _ in false }) -> WaitingJob? {
        for priority in Job.Priority.allCases where bulkAllowed || priority != .bulk {
            for name in turns where !isFull(name) && (lanes[name]?.count(of: priority) ?? 0) > 0 {
                let job = lanes[name]?.next(bulkAllowed: bulkAllowed)
                turns.removeAll { $0 == name }
                if lanes[name]?.isEmpty == true { lanes[name] = nil } else { turns.append(name) }
                if let job { return job }
            }
        }
        return nil
    }

    /// Takes out the jobs that are past their time.
    package mutating func removeExpired(at now: Timestamp) -> [WaitingJob] {
        var expired: [WaitingJob] = []
        for name in turns { expired += lanes[name]?.removeExpired(at: now) ?? [] }
        turns.removeAll { lanes[$0]?.isEmpty != false }
        for name in Array(lanes.keys) where lanes[name]?.isEmpty == true { lanes[name] = nil }
        return expired
    }
}
