internal import Linux
internal import Spool
internal import Text
internal import Time
internal import Web

/// A page of a list of jobs, found with bounded work however many there are.
///
/// Few jobs are sorted, the newest first. Of many the order is that of the directories, and the page says where it
/// stopped: the next one goes on there.
struct JobScan {
    /// Rows of a page.
    static let rows = 50
    /// So many names are sorted; of more the directories give the order.
    static let sortLimit = 5000
    /// How long a page looks for its rows, in nanoseconds.
    static let patience: Int64 = 100_000_000

    private(set) var jobs: [Glance] = []
    /// Where the next page begins; nil when this is the last.
    private(set) var next: String?
    /// The time was over before the page was full.
    private(set) var isCut = false
    private(set) var isSorted = false

    /// - Parameter after: what ``next`` was of the page before.
    init(
        _ filter: JobFilter, after: String?, of reader: borrowing SpoolReader, now: Timestamp
    ) throws(Failure) {
        let deadline = Clock.monotonic + JobScan.patience
        let states = try reader.states().filter { filter.states.isEmpty ? $0.word != "done" : filter.names($0) }
        // Where a page goes on in a directory, it was not sorted.
        let place = after?.halves(at: ":").flatMap { halves in
            states.contains { $0.path.isExactly(halves.0) } ? halves : nil
        }
        var names: [(id: String, state: State)] = []
        var isMany = place != nil
        if !isMany {
            for state in states where !isMany {
                try reader.forEachEntry(of: state.path, while: { names.count <= JobScan.sortLimit }) { name, _ in
                    names.append((name.printable, state))
                }
                isMany = names.count > JobScan.sortLimit
            }
        }
        isSorted = !isMany
        guard isMany else {
            names.sort { $0.id == $1.id ? $0.state.path < $1.state.path : $0.id > $1.id }
            if let after { names.removeAll { $0.id >= after } }
            // At least one job is looked at, however long the sorting took: the next page begins behind it.
            for (index, name) in names.enumerated() {
                try reader.with(name.state) { (directory) throws(Failure) in
                    try look(DirectoryName(name.id), in: name.state, directory, filter, now)
                }
                if isFull(deadline), index + 1 < names.count {
                    next = name.id
                    return
                }
            }
            return
        }
        names = []
        var rest = states[...]
        if let place { rest = states.drop { !$0.path.isExactly(place.0) } }
        var offset = place.flatMap { Int($0.1) } ?? 0
        for state in rest {
            try reader.with(state) { (directory) throws(Failure) in
                do throws(Errno) {
                    var stream = try directory.entries()
                    if offset != 0 { stream.seek(offset) }
                    while next == nil, let name = try stream.next() {
                        if !name.isHidden {
                            do throws(Failure) { try look(name, in: state, directory, filter, now) } catch { continue }
                        }
                        if isFull(deadline) { next = "\(state.path):\(stream.position)" }
                    }
                } catch { throw Failure(SpoolError(.list, "\(reader.path)/\(state.path)", error)) }
            }
            if next != nil { return }
            offset = 0
        }
    }

    private mutating func look(
        _ name: DirectoryName, in state: State, _ directory: borrowing Directory, _ filter: JobFilter, _ now: Timestamp
    ) throws(Failure) {
        guard let job = try Glance(name, in: state, at: directory) else { return }
        if !filter.needsContents || filter.matches(job.traits, now: now) { jobs.append(job) }
    }

    private mutating func isFull(_ deadline: Int64) -> Bool {
        if jobs.count >= JobScan.rows { return true }
        isCut = Clock.monotonic > deadline
        return isCut
    }
}
