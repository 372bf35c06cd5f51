internal import Linux
internal import Spool
internal import Time

/// How many names each state has, counted again and again.
///
/// A directory that did not change is not read, and one that takes long to read is read the less often: counting takes
/// a twentieth of the time at most.
struct StateCounts {
    private struct Known {
        var count = 0
        var directory = WatchedDirectory(restFactor: 20)
    }

    private var known: [State: Known] = [:]
    /// By the state's word.
    private(set) var counts: [String: Int] = [:]

    mutating func update(_ reader: borrowing SpoolReader) throws(Failure) {
        counts = [:]
        for state in try reader.states() {
            var entry = known[state] ?? Known()
            let start = Clock.monotonic
            // A directory that is gone has changed, and is found empty.
            let modified = Timestamp(nanoseconds: (try? reader.root.status(state.path))?.modified ?? 0)
            if !entry.directory.isResting(at: start), entry.directory.needsReading(modified: modified) {
                entry.directory.begin(modified: modified, now: .now)
                entry.count = 0
                try reader.forEachEntry(of: state.path) { _, _ in entry.count += 1 }
                let end = Clock.monotonic
                entry.directory.end(cost: Span(nanoseconds: end - start), at: end)
            }
            known[state] = entry
            counts[state.word, default: 0] += entry.count
        }
    }
}
