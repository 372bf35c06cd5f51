internal import Time

/// Timers by deadline. A cancelled one stays until its time comes, unless they pile up.
struct TimerHeap {
    private var heap = DeadlineHeap<Int64, EventLoop.Timer>()
    /// The size at which cancelled timers are looked for; twice what was left the last time,
    /// so that the search costs each insertion a constant share.
    private var sweepSize = 1024

    /// Milliseconds until the first timer, rounded up; -1 when there is none.
    mutating func wait(from now: Int64) -> Int32 {
        while let first = heap.first, !first.element.isPending { heap.popFirst() }
        guard let first = heap.first else { return -1 }
        let left = max(first.deadline - now, 0)
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    mutating func insert(_ timer: EventLoop.Timer) {
        if heap.count >= sweepSize {
            heap.keep { $0.element.isPending }
            sweepSize = max(1024, heap.count * 2)
        }
        heap.insert(timer, at: timer.deadline)
    }

    mutating func popDue(at now: Int64) -> EventLoop.Timer? {
        while let first = heap.first {
            if first.element.isPending, first.deadline > now { return nil }
            heap.popFirst()
            if first.element.isPending { return first.element }
        }
        return nil
    }
}
