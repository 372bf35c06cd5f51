internal import Linux
internal import Spool
internal import Time

/// How many jobs each state has, counted in bounded time: of a directory of a million a page says that there are more.
struct PageCounts {
    struct Count {
        var number = 0
        /// There may be more.
        var isAtLeast = false

        var text: String { isAtLeast ? "\(number)+" : String(number) }
    }

    /// Names that are counted in a directory; once the time is over, only a few more.
    private static let limit = 100_000
    private static let patience: Int64 = 60_000_000

    private var known: [State: (modified: Int64, at: Int64, count: Count)] = [:]
    private var words: [String: Count] = [:]

    /// By the state's word.
    subscript(word: String) -> Count { words[word] ?? Count() }

    /// Counts what has changed.
    mutating func update(_ reader: borrowing SpoolReader) throws(Failure) {
        words = [:]
        var known: [State: (modified: Int64, at: Int64, count: Count)] = [:]
        let deadline = Clock.monotonic + PageCounts.patience
        for state in try reader.states() {
            let modified = (try? reader.root.status(state.path))?.modified ?? 0
            var entry = self.known[state] ?? (0, 0, Count())
            // A directory may change again within the clock's tick in which it was read.
            if entry.modified != modified || entry.at < modified + 1_000_000_000 {
                let limit = Clock.monotonic < deadline ? PageCounts.limit : 1000
                var count = 0
                entry.at = Clock.realtime
                try reader.forEachEntry(
                    of: state.path,
                    while: { count < limit && (count % 512 != 0 || Clock.monotonic < deadline || count < 1000) }
                ) { _, _ in
                    count += 1
                }
                let isCut = count >= limit || count >= 1000 && Clock.monotonic >= deadline
                entry = (modified, entry.at, Count(number: count, isAtLeast: isCut))
            }
            known[state] = entry
            words[state.word, default: Count()].number += entry.count.number
            if entry.count.isAtLeast { words[state.word]?.isAtLeast = true }
        }
        self.known = known
    }
}
