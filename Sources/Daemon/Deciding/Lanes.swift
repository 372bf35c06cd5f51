internal import Spool
internal import Time

/// The jobs that wait for a courier: a bounded excerpt of what the directories say.
///
/// The highest priority goes first. Within a priority the groups take turns, so that the backlog of one does not hold
/// up another, and a group that may not start is passed over. Within a group new jobs and retried ones take turns.
struct Lanes {
    /// The trait that jobs share which take turns with others.
    struct Group: Hashable {
        /// The sender of mails, or the template of a program.
        let name: String
        /// The relays that cannot take them.
        let unfit: [String]

        init(_ name: String, unfit: [String] = []) {
            self.name = name
            self.unfit = unfit
        }
    }

    /// The jobs of one group and priority.
    private struct Lane {
        var fresh = FIFO<WaitingJob>()
        var retried = FIFO<WaitingJob>()
        var retriedIsNext = false

        var count: Int { fresh.count + retried.count }

        mutating func next(prefersNew: Bool) -> WaitingJob? {
            let takesRetried = fresh.isEmpty || retriedIsNext && !retried.isEmpty && !prefersNew
            retriedIsNext = !takesRetried
            return takesRetried ? retried.popFirst() : fresh.popFirst()
        }
    }

    /// The lanes of one priority: those that hold jobs, and whose turn it is.
    private struct Rank {
        var lanes: [Group: Lane] = [:]
        /// The groups that have a lane, the next one first.
        var turns: [Group] = []
        /// How many entries the lanes hold, stale ones included.
        var count = 0
    }

    private var ranks = Job.Priority.allCases.map { _ in Rank() }
    /// The state of each job that is lined up. An entry of another state is stale and is passed over.
    private var ids: [JobID: State] = [:]
    private let group: (WaitingJob) -> Group
    /// How many jobs of one priority are lined up at most; the rest stays on disk and is read again.
    let capacity: Int

    /// Makes empty lanes. Jobs for which `group` gives one name share a turn.
    init(capacity: Int = 50_000, group: @escaping (WaitingJob) -> Group = { _ in Group("") }) {
        self.capacity = capacity
        self.group = group
        // Pages that nothing is in take no memory; a table that grows with 50,000 jobs in it holds the loop for 10 ms.
        ids.reserveCapacity(capacity * 2 - capacity / 30)
    }

    var count: Int { ids.count }
    var isEmpty: Bool { ids.isEmpty }

    /// How many jobs of a priority are lined up; those that were moved by hand since may count twice.
    func count(of priority: Job.Priority) -> Int { ranks[priority.index].count }

    /// The state in which a job of that id is lined up.
    func state(of id: JobID) -> State? { ids[id] }

    /// Lines the job up, unless it is there already; false when its priority is full. In another state it was moved by
    /// hand, and where it was is forgotten.
    mutating func append(_ job: WaitingJob) -> Bool {
        if ids[job.id] == job.state { return true }
        let rank = job.priority.index
        let group = group(job)
        // One group leaves room for others: its jobs may all be waiting for the same thing.
        guard ranks[rank].count < capacity, ranks[rank].lanes[group]?.count ?? 0 < capacity - capacity / 10 else {
            return false
        }
        ids[job.id] = job.state
        if ranks[rank].lanes[group] == nil { ranks[rank].turns.append(group) }
        if !job.isTried {
            ranks[rank].lanes[group, default: Lane()].fresh.append(job)
        } else {
            ranks[rank].lanes[group, default: Lane()].retried.append(job)
        }
        ranks[rank].count += 1
        return true
    }

    /// Puts a job back that was taken out and could not start: it is the next of its group. It is not asked whether there
    /// is room, and nothing happens if another file of its id has been lined up since.
    mutating func putBack(_ job: WaitingJob) {
        guard ids[job.id] == nil else { return }
        let rank = job.priority.index
        let group = group(job)
        ids[job.id] = job.state
        if ranks[rank].lanes[group] == nil { ranks[rank].turns.append(group) }
        if !job.isTried {
            ranks[rank].lanes[group, default: Lane()].fresh.prepend(job)
        } else {
            ranks[rank].lanes[group, default: Lane()].retried.prepend(job)
        }
        ranks[rank].count += 1
    }

    /// Takes out the job whose turn it is. `bulk` is passed over when it may not start, and so are the groups for which
    /// `mayStart` is false. With `prefersNew` the group of the youngest job is first, and in it what was never tried.
    mutating func next(
        bulkAllowed: Bool = true, prefersNew: Bool = false, mayStart: (Group) -> Bool = { _ in true }
    ) -> WaitingJob? {
        for priority in Job.Priority.allCases where bulkAllowed || priority != .bulk {
            let rank = priority.index
            if prefersNew {
                while let turn = newest(in: ranks[rank], mayStart) {
                    if let job = take(at: turn, of: rank, prefersNew: true) { return job }
                }
                continue
            }
            var turn = 0
            while turn < ranks[rank].turns.count {
                guard mayStart(ranks[rank].turns[turn]) else {
                    turn += 1
                    continue
                }
                // A group whose entries were all stale has no turn.
                if let job = take(at: turn, of: rank, prefersNew: false) { return job }
            }
        }
        return nil
    }

    /// The group whose next job was submitted last, those first that have one which was never tried.
    private func newest(in rank: Rank, _ mayStart: (Group) -> Bool) -> Int? {
        var best: (turn: Int, isFresh: Bool, expiry: Timestamp)?
        for (turn, group) in rank.turns.enumerated() where mayStart(group) {
            guard let lane = rank.lanes[group], let job = lane.fresh.first ?? lane.retried.first else { return turn }
            let isFresh = !lane.fresh.isEmpty
            if let best, (best.isFresh ? 1 : 0, best.expiry) > (isFresh ? 1 : 0, job.expiry) { continue }
            best = (turn, isFresh, job.expiry)
        }
        return best?.turn
    }

    /// How many jobs the groups have for which `mayStart` is true; those that were moved by hand since may count twice.
    func count(where mayStart: (Group) -> Bool) -> Int {
        ranks.reduce(0) { sum, rank in
            rank.turns.reduce(sum) { mayStart($1) ? $0 + (rank.lanes[$1]?.count ?? 0) : $0 }
        }
    }

    /// Takes the next job of a group that is not stale, and ends the group's turn.
    private mutating func take(at turn: Int, of rank: Int, prefersNew: Bool) -> WaitingJob? {
        let group = ranks[rank].turns[turn]
        var taken: WaitingJob?
        while taken == nil, let job = ranks[rank].lanes[group]?.next(prefersNew: prefersNew) {
            ranks[rank].count -= 1
            if ids[job.id] == job.state { taken = job }
        }
        if let taken { ids[taken.id] = nil }
        let isEmpty = ranks[rank].lanes[group].map { $0.fresh.isEmpty && $0.retried.isEmpty } ?? true
        if isEmpty { ranks[rank].lanes[group] = nil }
        if isEmpty || ranks[rank].turns.count > 1 {
            ranks[rank].turns.remove(at: turn)
            if !isEmpty { ranks[rank].turns.append(group) }
        }
        return taken
    }

    /// Takes out the jobs that are past their time.
    mutating func removeExpired(at now: Timestamp) -> [WaitingJob] {
        var expired: [WaitingJob] = []
        func isExpired(_ job: WaitingJob) -> Bool {
            guard job.expiry <= now else { return false }
            expired.append(job)
            return true
        }
        for rank in ranks.indices {
            let before = expired.count
            for group in ranks[rank].turns {
                ranks[rank].lanes[group]?.fresh.removeAll(where: isExpired)
                ranks[rank].lanes[group]?.retried.removeAll(where: isExpired)
            }
            ranks[rank].count -= expired.count - before
        }
        expired.removeAll { ids[$0.id] != $0.state }
        for job in expired { ids[job.id] = nil }
        return expired
    }
}

extension Job.Priority {
    fileprivate var index: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .bulk: 2
        }
    }
}
