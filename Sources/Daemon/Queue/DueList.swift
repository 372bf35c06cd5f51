package import Spool
package import Time

/// The jobs of one bucket, or of `scheduled/`, that are due soonest: a bounded excerpt of the directory.
package struct DueList {
    /// What a job's due time was when it was noted; stale where ``dues`` says another.
    private var heap = DeadlineHeap<Timestamp, JobID>()
    private var dues: [JobID: Timestamp] = [:]
    /// How many jobs it knows at most.
    package let capacity: Int
    /// Jobs due at this time or later may be missing here and are on disk all the same; nil when
    /// the list is complete.
    package private(set) var horizon: Timestamp?

    package init(capacity: Int = 20_000) { self.capacity = capacity }

    package var count: Int { dues.count }

    /// Before the directory is read anew: what was dropped before will be met again.
    package mutating func beginReading() { horizon = nil }

    /// Notes when a job is due, or that this has changed.
    package mutating func note(_ id: JobID, due: Timestamp) {
        if dues[id] == due { return }
        if let horizon, due >= horizon, dues[id] == nil { return }
        if dues[id] == nil, dues.count >= capacity { makeRoom() }
        if let horizon, due >= horizon {
            dues[id] = nil
            return
        }
        dues[id] = due
        insert(id, due: due)
    }

    package mutating func forget(_ id: JobID) { dues[id] = nil }

    /// The next job that is due, taken out; nil when none is.
    package mutating func popDue(at now: Timestamp) -> JobID? {
        dropStale()
        guard let first = heap.first, first.deadline <= now else { return nil }
        heap.popFirst()
        dues[first.element] = nil
        return first.element
    }

    /// When the next job is due that this list knows.
    package var next: Timestamp? {
        mutating get {
            dropStale()
            return heap.first?.deadline
        }
    }

    private mutating func dropStale() {
        while let first = heap.first, dues[first.element] != first.deadline { heap.popFirst() }
    }

    /// Drops the later half: what is soonest matters, the rest is on disk.
    ///
    /// Of those due at the very horizon some stay: a million jobs of one mtime must flow, too.
    private mutating func makeRoom() {
        let dues = dues
        let dropped = heap.keep(limit: dues.count / 2) { dues[$0.element] == $0.deadline }
        guard let soonest = dropped.first else { return }
        horizon = min(horizon ?? .distantFuture, soonest.deadline)
        self.dues = Dictionary(heap.all.map { ($0.element, $0.deadline) }, uniquingKeysWith: { $1 })
    }

    private mutating func insert(_ id: JobID, due: Timestamp) {
        // Changed due times leave stale entries behind; they must not pile up.
        if heap.count > 2 * dues.count + 64 {
            let dues = dues
            heap.keep { dues[$0.element] == $0.deadline }
        }
        heap.insert(id, at: due)
    }
}
