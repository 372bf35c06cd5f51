internal import Linux

/// Whether `new/` takes more jobs: as many as may wait are counted, and no more.
struct SpoolRoom {
    private let path: String
    private let limit: Int
    /// The last count, plus the jobs submitted since.
    private var estimate = 0
    private var countedAt: Int64?

    /// How long a count holds, in nanoseconds.
    static let trust: Int64 = 1_000_000_000

    /// - Parameter path: the spool's, or a drop box's, where this user may not count and nothing is ever full.
    init(of path: String, limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// So many jobs were submitted since the last look.
    mutating func add(_ count: Int) { estimate += count }

    /// Looks at the directory unless a look is recent and finds room; an error of the disk is room: submitting meets it
    /// again.
    mutating func isFull(at now: Int64) -> Bool {
        if let countedAt, now - countedAt < SpoolRoom.trust, estimate < limit { return false }
        estimate = (try? count()) ?? 0
        countedAt = now
        return estimate >= limit
    }

    private func count() throws(Errno) -> Int {
        var entries = try Directory(path: "\(path)/new").entries()
        var count = 0
        while count < limit, let entry = try entries.next() {
            if !entry.isHidden { count += 1 }
        }
        return count
    }
}
