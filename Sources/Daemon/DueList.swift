package import Spool
package import Time

/// The jobs of one bucket, or of `scheduled/`, that are due soonest: a bounded excerpt of the directory.
package struct DueList {
    private struct Entry {
        let due: Timestamp
        let id: JobID
    }

    private var heap: [Entry] = []
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
        insert(Entry(due: due, id: id))
    }

    package mutating func forget(_ id: JobID) { dues[id] = nil }

    /// The next job that is due, taken out; nil when none is.
    package mutating func popDue(at now: Timestamp) -> JobID? {
        while let first = heap.first {
            if dues[first.id] != first.due {
                removeFirst()
                continue
            }
            guard first.due <= now else { return nil }
            removeFirst()
            dues[first.id] = nil
            return first.id
        }
        return nil
    }

    /// When the next job is due that this list knows.
    package var next: Timestamp? {
        mutating get {
            while let first = heap.first, dues[first.id] != first.due { removeFirst() }
            return heap.first?.due
        }
    }

    /// Drops the later half: what is soonest matters, the rest is on disk.
    private mutating func makeRoom() {
        var kept = heap.filter { dues[$0.id] == $0.due }.sorted { $0.due < $1.due }
        let cut = kept.count / 2
        guard cut < kept.count else { return }
        horizon = min(horizon ?? .distantFuture, kept[cut].due)
        // Of those due at the very horizon some stay: a million jobs of one mtime must flow, too.
        kept.removeSubrange(cut...)
        heap = kept
        dues = Dictionary(kept.map { ($0.id, $0.due) }, uniquingKeysWith: { $1 })
    }

    private mutating func insert(_ entry: Entry) {
        // Changed due times leave stale entries behind; they must not pile up.
        if heap.count > 2 * dues.count + 64 {
            heap = heap.filter { dues[$0.id] == $0.due }.sorted { $0.due < $1.due }
        }
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].due <= heap[child].due { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].due < heap[least].due { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
