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
        var modified: Int64 = -1
        var nextReading: Int64 = 0
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
            let modified = (try? reader.root.status(state.path))?.modified ?? -1
            if entry.nextReading <= start, modified != entry.modified || modified == -1 {
                entry.count = 0
                try reader.forEachEntry(of: state.path) { _, _ in entry.count += 1 }
                let end = Clock.monotonic
                // One of this very moment may change again without a new mtime.
                entry.modified = Clock.realtime - modified > 1_000_000_000 ? modified : -1
                entry.nextReading = end + 20 * (end - start)
            }
            known[state] = entry
            counts[state.word, default: 0] += entry.count
        }
    }
}
