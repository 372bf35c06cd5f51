/// A binary heap of things by their deadline, the soonest first; of equal deadlines any.
///
/// What the deadline counts, and from when, is the owner's business.
package struct DeadlineHeap<Deadline: Comparable, Element> {
    package typealias Entry = (deadline: Deadline, element: Element)

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }
    package var first: Entry? { entries.first }

    package mutating func insert(_ element: Element, at deadline: Deadline) {
        entries.append((deadline, element))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].deadline <= entries[child].deadline { break }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    /// The soonest, taken out; nil when there is none.
    @discardableResult
    package mutating func popFirst() -> Entry? {
        guard let first = entries.first else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].deadline < entries[least].deadline { least = child }
            }
            if least == parent { return first }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    /// Keeps what `isWanted`.
    package mutating func keep(where isWanted: (Entry) -> Bool) {
        // A sorted array is a heap.
        entries = entries.filter(isWanted).sorted { $0.deadline < $1.deadline }
    }
}
