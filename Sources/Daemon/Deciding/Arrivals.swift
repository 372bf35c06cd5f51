internal import Linux
internal import Spool
internal import Text

/// The names that wait to be looked at, each once, in their turn.
///
/// A name that the kernel told goes before one that a reading found: it may be of a high priority, and a thousand looks
/// take ten milliseconds.
struct Arrivals {
    struct Arrival {
        let name: DirectoryName
        let state: State
    }

    /// A file: one name may be in several states, such as a job that was submitted again.
    private struct Key: Hashable {
        let name: ExactText
        let state: State
    }

    /// How many names are remembered; what comes beyond is on disk and read again.
    let capacity: Int
    /// How many of those come from readings, more or less.
    let listedLimit: Int
    private var told = FIFO<Arrival>()
    private var listed = FIFO<Arrival>()
    private var queued: Set<Key> = []
    /// Whether a name was dropped for want of room since ``takeOverflow()`` was last asked.
    private var hasOverflowed = false

    init(capacity: Int = 100_000, listedLimit: Int = 1024) {
        self.capacity = capacity
        self.listedLimit = listedLimit
    }

    var count: Int { told.count + listed.count }
    var isEmpty: Bool { told.isEmpty && listed.isEmpty }
    /// Whether a reading may bring more.
    var hasRoom: Bool { count < listedLimit }
    /// Whether readings that rest for want of room are to go on.
    var isLow: Bool { count < listedLimit / 4 }

    /// Lines a name up unless it is there already; false without room for it.
    mutating func append(_ name: DirectoryName, in state: State, isListed: Bool) -> Bool {
        if let text = name.text {
            guard count < capacity else {
                hasOverflowed = true
                return false
            }
            guard queued.insert(Key(name: ExactText(text), state: state)).inserted else { return true }
        }
        let arrival = Arrival(name: name, state: state)
        if isListed { listed.append(arrival) } else { told.append(arrival) }
        return true
    }

    /// Takes the next name out.
    mutating func next() -> Arrival? {
        guard let arrival = told.popFirst() ?? listed.popFirst() else { return nil }
        if let text = arrival.name.text { queued.remove(Key(name: ExactText(text), state: arrival.state)) }
        return arrival
    }

    /// Whether names were dropped since this was last asked: their directory has to be read again.
    mutating func takeOverflow() -> Bool {
        defer { hasOverflowed = false }
        return hasOverflowed
    }
}
