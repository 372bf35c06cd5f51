internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// `status.json`: what the daemon knows of itself, replaced as a whole and never synced. It is for
/// people and monitoring, of the spool's user and group: ids and what tasks wrote are not everybody's to read. Nothing
/// reads it back.
struct StatusFile {
    private let spool: SpoolTree
    private let started: Timestamp
    private var growth = Growth()
    /// The sentence about the last configuration that was to be used, where not all of it is in use.
    var configuration: String?

    init(spool: SpoolTree, started: Timestamp) {
        self.spool = spool
        self.started = started
    }

    /// Writes the file anew. It fails silently: a full disk is told of where it matters.
    mutating func write(
        _ state: String, _ measures: Measures, isPaused: Bool, workers: [DaemonStatus.Worker] = [], now: Timestamp
    ) {
        let outcomes = DaemonStatus.Outcome.allCases
        let totals = outcomes.map(measures.counters.total)
        var status = DaemonStatus(at: now, state: state)
        status.pid = Int(Process.id)
        status.instance = spool.instance
        status.started = started
        status.isPaused = isPaused
        status.waiting = measures.waiting
        status.inFlight = measures.inFlight
        status.unwritten = measures.unwritten
        status.stopped = measures.stopped
        status.stoppedFiles = measures.stoppedFiles
        status.totals = Dictionary(uniqueKeysWithValues: zip(outcomes, totals))
        status.lastMinute = Dictionary(
            uniqueKeysWithValues: zip(outcomes, growth.note(totals, at: Clock.monotonic)))
        status.relays = measures.relays.map(\.status)
        status.configuration = configuration
        status.tasksWaiting = measures.tasksWaiting
        status.tasksRunning = measures.tasksRunning
        status.tasks = measures.tasks
        status.workers = workers
        replace(status.json)
    }

    private func replace(_ status: JSON) {
        do throws(Errno) {
            let name = ".status.\(spool.instance)"
            // One that a crash left behind is replaced.
            try allowing(.noEntry, spool.tmp.unlink(name))
            let file = try spool.tmp.create(name, mode: 0o640)
            try file.write(all: status.encoded + [0x0A])
            try spool.tmp.replace(name, into: spool.root, as: "status.json")
        } catch {}
    }
}
