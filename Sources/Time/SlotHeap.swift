/// Slots of a table in a binary heap by their due times, which the owner of the table keeps: the soonest first, or the
/// latest; of equal ones any.
///
/// It knows where each slot is, so any of them can be taken out, and nothing stale stays behind. Inlinable, so that it
/// is compiled for the type of due time that it is used with.
package struct SlotHeap<Due: Comparable> {
    @usableFromInline let isLatestFirst: Bool
    @usableFromInline var heap: [Int] = []
    /// The index in ``heap`` of each slot that is in it.
    @usableFromInline var places: [Int] = []

    @inlinable package init(latestFirst: Bool = false) { isLatestFirst = latestFirst }

    /// The slot whose turn it is, or nil.
    @inlinable package var first: Int? { heap.first }

    /// Puts in a slot that is not there, whose due time is in `dues` already.
    @inlinable package mutating func insert(_ slot: Int, _ dues: [Due]) {
        while places.count <= slot { places.append(-1) }
        heap.append(slot)
        places[slot] = heap.count - 1
        rise(heap.count - 1, dues)
    }

    /// Takes out a slot, whose due time is in `dues` still.
    @inlinable package mutating func remove(_ slot: Int, _ dues: [Due]) {
        let place = places[slot]
        let last = heap.removeLast()
        guard last != slot else { return }
        heap[place] = last
        places[last] = place
        settle(last, dues)
    }

    /// Moves a slot to where it belongs, after its due time in `dues` has changed.
    @inlinable package mutating func settle(_ slot: Int, _ dues: [Due]) {
        rise(places[slot], dues)
        sink(places[slot], dues)
    }

    @inlinable func isBefore(_ left: Int, _ right: Int, _ dues: [Due]) -> Bool {
        isLatestFirst ? dues[left] > dues[right] : dues[left] < dues[right]
    }

    @inlinable mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        places[heap[one]] = one
        places[heap[other]] = other
    }

    @inlinable mutating func rise(_ index: Int, _ dues: [Due]) {
        var child = index
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(heap[child], heap[parent], dues) else { return }
            swap(child, parent)
            child = parent
        }
    }

    @inlinable mutating func sink(_ index: Int, _ dues: [Due]) {
        var parent = index
        while true {
            var first = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count {
                if isBefore(heap[child], heap[first], dues) { first = child }
            }
            if first == parent { return }
            swap(parent, first)
            parent = first
        }
    }
}
