package import Spool
package import Time

/// The jobs of one bucket, or of `scheduled/`, that are due soonest: a bounded excerpt of the directory.
///
/// Each call takes microseconds, however many jobs it knows and drops: a million of them are noted while mail flows.
package struct DueList {
    /// The jobs by slot; ids of slots that are free mean nothing.
    private var ids: [JobID] = []
    private var dues: [Timestamp] = []
    private var free: [Int] = []
    private var slots: [JobID: Int] = [:]
    private var soonest = SlotHeap<Timestamp>()
    private var latest = SlotHeap<Timestamp>(latestFirst: true)
    /// How many jobs it knows at most.
    package let capacity: Int
    /// Jobs due at this time or later may be missing here and are on disk all the same; nil when
    /// the list is complete.
    package private(set) var horizon: Timestamp?

    package init(capacity: Int = 20_000) { self.capacity = capacity }

    package var count: Int { slots.count }

    /// Before the directory is read anew: what was dropped before will be met again.
    package mutating func beginReading() { horizon = nil }

    /// Notes when a job is due, or that this has changed.
    ///
    /// Without room the latest is dropped. Of those due at the very horizon some stay: a million jobs of one
    /// mtime must flow, too.
    package mutating func note(_ id: JobID, due: Timestamp) {
        if let slot = slots[id] {
            if dues[slot] == due { return }
            if let horizon, due >= horizon { return remove(slot) }
            dues[slot] = due
            soonest.settle(slot, dues)
            latest.settle(slot, dues)
            return
        }
        if let horizon, due >= horizon { return }
        if slots.count >= capacity, let last = latest.first {
            horizon = max(due, dues[last])
            if due >= dues[last] { return }
            remove(last)
        }
        insert(id, due: due)
    }

    package mutating func forget(_ id: JobID) { if let slot = slots[id] { remove(slot) } }

    /// The next job that is due, taken out; nil when none is.
    package mutating func popDue(at now: Timestamp) -> JobID? {
        guard let slot = soonest.first, dues[slot] <= now else { return nil }
        let id = ids[slot]
        remove(slot)
        return id
    }

    /// When the next job is due that this list knows.
    package var next: Timestamp? { soonest.first.map { dues[$0] } }

    private mutating func insert(_ id: JobID, due: Timestamp) {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            (ids[slot], dues[slot]) = (id, due)
        } else {
            slot = ids.count
            ids.append(id)
            dues.append(due)
        }
        slots[id] = slot
        soonest.insert(slot, dues)
        latest.insert(slot, dues)
    }

    private mutating func remove(_ slot: Int) {
        slots[ids[slot]] = nil
        soonest.remove(slot, dues)
        latest.remove(slot, dues)
        free.append(slot)
    }
}
