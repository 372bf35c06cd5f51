/// Timers by deadline. A cancelled one stays until its time comes, unless they pile up.
struct TimerHeap {
    private var heap: [EventLoop.Timer] = []
    /// The size at which cancelled timers are looked for; twice what was left the last time,
    /// so that the search costs each insertion a constant share.
    private var sweepSize = 1024

    /// Milliseconds until the first timer, rounded up; -1 when there is none.
    mutating func wait(from now: Int64) -> Int32 {
        while let first = heap.first, !first.isPending { removeFirst() }
        guard let first = heap.first else { return -1 }
        let left = max(first.deadline - now, 0)
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    mutating func insert(_ timer: EventLoop.Timer) {
        if heap.count >= sweepSize {
            // A sorted array is a heap.
            heap = heap.filter(\.isPending).sorted { $0.deadline < $1.deadline }
            sweepSize = max(1024, heap.count * 2)
        }
        heap.append(timer)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].deadline <= heap[child].deadline { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    mutating func popDue(at now: Int64) -> EventLoop.Timer? {
        while let first = heap.first {
            if first.isPending, first.deadline > now { return nil }
            removeFirst()
            if first.isPending { return first }
        }
        return nil
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].deadline < heap[least].deadline { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
