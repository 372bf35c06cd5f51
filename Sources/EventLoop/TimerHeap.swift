internal import Time

/// Timers that neither fired nor were cancelled, by deadline.
struct TimerHeap {
    /// By slot; nil where it is free.
    private(set) var all: [EventLoop.Timer?] = []
    /// By slot; of no meaning where it is free.
    private var deadlines: [Int64] = []
    private var free: [Int] = []
    private var soonest = SlotHeap<Int64>()

    /// Milliseconds until the first timer, rounded up; -1 without any.
    func wait(from now: Int64) -> Int32 {
        guard let slot = soonest.first else { return -1 }
        let left = max(deadlines[slot] - now, 0)
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// Puts a timer in and returns the slot that it can be removed by.
    mutating func insert(_ timer: EventLoop.Timer) -> Int {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            (all[slot], deadlines[slot]) = (timer, timer.deadline)
        } else {
            slot = all.count
            all.append(timer)
            deadlines.append(timer.deadline)
        }
        soonest.insert(slot, deadlines)
        return slot
    }

    mutating func remove(_ slot: Int) {
        soonest.remove(slot, deadlines)
        all[slot] = nil
        free.append(slot)
    }

    /// Takes out the first timer whose deadline has come, or returns nil.
    mutating func popDue(at now: Int64) -> EventLoop.Timer? {
        guard let slot = soonest.first, deadlines[slot] <= now else { return nil }
        let timer = all[slot]
        remove(slot)
        return timer
    }
}
