package import Spool
package import Time

/// A job that could be started now, as far as its own time goes.
package struct WaitingJob: Equatable {
    package let id: JobID
    /// Where its file was.
    package let state: State
    package let priority: Job.Priority
    package let template: String?
    /// The moment from which it is not sent any more.
    package let expiry: Timestamp
    /// What is to be done for it.
    package enum Kind: Sendable {
        case mail
        /// A mail whose view a program makes.
        case mailWithData
        /// A program is to be run.
        case task
    }
    package let kind: Kind

    package init(
        _ id: JobID, in state: State, priority: Job.Priority, template: String?, expiry: Timestamp, kind: Kind = .mail
    ) {
        self.id = id
        self.state = state
        self.priority = priority
        self.template = template
        self.expiry = expiry
        self.kind = kind
    }
}

/// The jobs that wait for a connection, by priority; a bounded excerpt of what the directories say.
///
/// Within a priority new jobs and retried ones take turns, so that a backlog of either does not
/// hold up the other.
package struct Lanes {
    private struct Lane {
        var fresh = FIFO<WaitingJob>()
        var retried = FIFO<WaitingJob>()
        var retriedIsNext = false
        var count: Int { fresh.count + retried.count }
    }

    private var lanes: [Lane] = Job.Priority.allCases.map { _ in Lane() }
    /// The state of each that is lined up. An entry of another state is stale and is passed over.
    private var ids: [JobID: State] = [:]
    /// How many jobs a lane holds at most; the rest stays on disk and is read again.
    package let capacity: Int

    package init(capacity: Int = 50_000) {
        self.capacity = capacity
        // Pages that nothing is in take no memory; a table that grows with 50,000 jobs in it holds the loop for 10 ms.
        ids.reserveCapacity(capacity * 2 - capacity / 30)
    }

    package var count: Int { ids.count }
    package var isEmpty: Bool { ids.isEmpty }

    package func count(of priority: Job.Priority) -> Int { lanes[priority.index].count }

    /// The state in which a job of that id is lined up.
    package func state(of id: JobID) -> State? { ids[id] }

    /// Lines the job up, unless it is there already; false when its lane is full. In another state it
    /// was moved by hand, and where it was is forgotten.
    package mutating func append(_ job: WaitingJob) -> Bool {
        if ids[job.id] == job.state { return true }
        guard lanes[job.priority.index].count < capacity else { return false }
        ids[job.id] = job.state
        if job.state == .new {
            lanes[job.priority.index].fresh.append(job)
        } else {
            lanes[job.priority.index].retried.append(job)
        }
        return true
    }

    /// The job whose turn it is: the highest priority first. `bulk` is passed over when it may not start.
    package mutating func next(bulkAllowed: Bool = true) -> WaitingJob? {
        for priority in Job.Priority.allCases where bulkAllowed || priority != .bulk {
            let index = priority.index
            while lanes[index].count > 0 {
                let takeRetried =
                    lanes[index].fresh.isEmpty || (lanes[index].retriedIsNext && !lanes[index].retried.isEmpty)
                guard let job = takeRetried ? lanes[index].retried.popFirst() : lanes[index].fresh.popFirst(),
                    ids[job.id] == job.state
                else { continue }
                lanes[index].retriedIsNext = !takeRetried
                ids[job.id] = nil
                return job
            }
        }
        return nil
    }

    /// Takes out the jobs that are past their time.
    package mutating func removeExpired(at now: Timestamp) -> [WaitingJob] {
        var expired: [WaitingJob] = []
        for index in lanes.indices {
            lanes[index].fresh.removeAll {
                if $0.expiry <= now { expired.append($0); return true } else { return false }
            }
            lanes[index].retried.removeAll {
                if $0.expiry <= now { expired.append($0); return true } else { return false }
            }
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

/// A queue on an array whose consumed front is dropped now and then.
struct FIFO<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity < 4096)
            head = 0
        } else if head > 1024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll(where isGone: (Element) -> Bool) {
        elements.removeFirst(head)
        head = 0
        elements.removeAll(where: isGone)
    }
}
