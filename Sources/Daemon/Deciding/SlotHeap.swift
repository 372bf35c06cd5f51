internal import Time

/// Slots of a table in a binary heap by their due times, which the owner of the table keeps: the soonest first, or the
/// latest.
///
/// It knows where each slot is, so any of them can be taken out, and nothing stale stays behind.
struct SlotHeap {
    private let isLatestFirst: Bool
    private var heap: [Int] = []
    /// The index in ``heap`` of each slot that is in it.
    private var places: [Int] = []

    init(latestFirst: Bool = false) { isLatestFirst = latestFirst }

    var first: Int? { heap.first }

    /// Puts in a slot that is not there, whose due time is in `dues` already.
    mutating func insert(_ slot: Int, _ dues: [Timestamp]) {
        while places.count <= slot { places.append(-1) }
        heap.append(slot)
        places[slot] = heap.count - 1
        rise(heap.count - 1, dues)
    }

    /// Takes out a slot, whose due time is in `dues` still.
    mutating func remove(_ slot: Int, _ dues: [Timestamp]) {
        let place = places[slot]
        let last = heap.removeLast()
        guard last != slot else { return }
        heap[place] = last
        places[last] = place
        settle(last, dues)
    }

    /// The due time of a slot has changed, or another slot took its place.
    mutating func settle(_ slot: Int, _ dues: [Timestamp]) {
        rise(places[slot], dues)
        sink(places[slot], dues)
    }

    private func isBefore(_ left: Int, _ right: Int, _ dues: [Timestamp]) -> Bool {
        isLatestFirst ? dues[left] > dues[right] : dues[left] < dues[right]
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        places[heap[one]] = one
        places[heap[other]] = other
    }

    private mutating func rise(_ index: Int, _ dues: [Timestamp]) {
        var child = index
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(heap[child], heap[parent], dues) else { return }
            swap(child, parent)
            child = parent
        }
    }

    private mutating func sink(_ index: Int, _ dues: [Timestamp]) {
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
