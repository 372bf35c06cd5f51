internal import Linux
internal import Spool
internal import Time

/// `.told`: the moment before which everything that ended was told, as the file's mtime; and, as its text, since which
/// boot of the machine.
struct ToldMark {
    private static let name = ".told"
    /// After a power cut what was told in the last minutes may be gone: the kernel's own limit is half a minute.
    private static let margin = Span.minutes(2)
    /// The clocks of files stand still for some milliseconds.
    private static let tick = Span.seconds(1)

    private let spool: SpoolTree
    private let log: Log
    private var last: Timestamp?
    private var isRemoved = false
    private var complaint: Errno?

    init(_ spool: SpoolTree, _ log: Log) {
        self.spool = spool
        self.log = log
    }

    /// From when on it is not certain that what ended was told; nil where nothing was told of before.
    static func since(in spool: SpoolTree) -> Timestamp? {
        // What cannot be read was written by no daemon.
        guard let status = try? spool.root.status(name) else { return nil }
        let text = try? spool.root.open(name).readAll(limit: 100)
        return Timestamp(nanoseconds: status.modified) - (text == boot ? tick : margin)
    }

    /// Makes the mark where there is none, before the first job ends: a daemon may die before it first notes a time.
    mutating func begin() { if ToldMark.since(in: spool) == nil { note(.now) } }

    /// Notes that everything was told that ended before `time`.
    mutating func note(_ time: Timestamp) {
        do throws(Errno) {
            if last == nil { try write() }
            if last != time { try spool.root.setModified(ToldMark.name, nanoseconds: time.nanoseconds) }
            (last, isRemoved, complaint) = (time, false, nil)
        } catch {
            // An older mark has more told again, and what was told is found. The same trouble is logged once.
            if error != complaint { log.write("\(ToldMark.name): \(error)", .warning) }
            complaint = error
        }
    }

    /// Nothing is to be told: what ends from now on is not to be told later.
    mutating func remove() {
        if isRemoved { return }
        (last, isRemoved) = (nil, true)
        // If it stays, the next start may make events that are not asked for.
        try? spool.root.unlink(ToldMark.name)
    }

    private func write() throws(Errno) {
        let draft = JobID.random(characters: 20)
        let file = try spool.tmp.create(draft, mode: 0o600)
        try file.write(all: ToldMark.boot)
        // The mark of the daemon before, if there is one, holds until the time is set.
        let before = try? spool.root.status(ToldMark.name).modified
        try file.setModified(nanoseconds: before ?? Timestamp.now.nanoseconds)
        try spool.tmp.replace(draft, into: spool.root, as: ToldMark.name)
    }

    /// Another after each start of the machine; nothing where the system has none, and then each start is one.
    private static var boot: [UInt8] {
        (try? Descriptor.contents(ofFile: "/proc/sys/kernel/random/boot_id", limit: 100)) ?? []
    }
}
