internal import EventLoop
internal import JSON
internal import Linux
internal import Relay
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
    mutating func write(_ state: String, of queue: Queue, now: Timestamp) {
        let outcomes = DaemonStatus.Outcome.allCases
        let totals = outcomes.map(queue.ledger.counters.total)
        var status = DaemonStatus(at: now, state: state)
        status.pid = Int(Process.id)
        status.instance = spool.instance
        status.started = started
        status.isPaused = !queue.scheduler.pauses.isEmpty
        status.waiting = queue.scheduler.waitingMails
        status.inFlight = queue.scheduler.mailsUnderWay
        status.unwritten = queue.settler.backlog
        status.stopped = queue.ledger.stopped.count
        status.stoppedFiles = queue.ledger.stopped.lines(StatusFile.stoppedLimit)
        status.totals = Dictionary(uniqueKeysWithValues: zip(outcomes, totals))
        status.lastMinute = Dictionary(
            uniqueKeysWithValues: zip(outcomes, growth.note(totals, at: Clock.monotonic)))
        status.relays = queue.relays.map { pool in
            DaemonStatus.Relay(
                pool.terms, limit: pool.settings.connections, connections: pool.measured.connections, now: now)
        }
        status.configuration = configuration
        status.tasksWaiting = queue.scheduler.waitingTasks
        status.tasksRunning = queue.scheduler.tasksUnderWay
        status.tasks = queue.tasks.running.prefix(StatusFile.taskLimit).map { job in
            var task = DaemonStatus.Task(id: job.id.text, template: job.template ?? "", attempt: job.attempt.number)
            task.started = job.run?.started
            task.deadline = job.run?.deadline
            task.process = job.run.map { Int($0.program.process) }
            task.progress = job.run?.program.progress
            return task
        }
        replace(status.json)
    }

    /// How many tasks are listed; the oldest ones.
    private static let taskLimit = 100
    /// The number of untouched files that are listed.
    private static let stoppedLimit = 20

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
