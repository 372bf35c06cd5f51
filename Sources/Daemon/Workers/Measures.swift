internal import EventLoop
internal import Relay
package import Spool
internal import Text
internal import Time

/// A queue's measures at one moment, for `status.json` and the metrics file. Those of several workers add up.
package struct Measures: Equatable, Sendable {
    package var counters = Counters()
    /// Mails that are lined up, and those that are on their way.
    package var waiting = 0
    package var inFlight = 0
    package var linedUp: [Job.Priority: Int] = [:]
    package var unwritten = 0
    /// Files that wait untouched, and the first of them.
    package var stopped = 0
    package var stoppedFiles: [String] = []
    package var logLinesDropped = 0
    package var tasksWaiting = 0
    package var tasksRunning = 0
    package var tasksByTemplate = Counters.Labelled()
    /// The tasks that run, the oldest first.
    package var tasks: [DaemonStatus.Task] = []
    package var relays: [Relay] = []

    package struct Relay: Equatable, Sendable {
        package var status: DaemonStatus.Relay
        package var inFlight: Int

        package init(_ status: DaemonStatus.Relay, inFlight: Int) {
            self.status = status
            self.inFlight = inFlight
        }
    }

    /// How many tasks are listed; the oldest ones.
    package static let taskLimit = 100
    /// The number of untouched files that are listed.
    package static let stoppedLimit = 20

    package init() {}
}

extension Measures {
    /// Takes the measures of a queue.
    init(of queue: Queue, now: Timestamp) {
        counters = queue.ledger.counters
        waiting = queue.scheduler.waitingMails
        inFlight = queue.scheduler.mailsUnderWay
        for priority in Job.Priority.allCases { linedUp[priority] = queue.scheduler.waitingMails(of: priority) }
        unwritten = queue.settler.backlog
        stopped = queue.ledger.stopped.count
        stoppedFiles = queue.ledger.stopped.lines(Measures.stoppedLimit)
        logLinesDropped = queue.ledger.log.dropped
        tasksWaiting = queue.scheduler.waitingTasks
        tasksRunning = queue.scheduler.tasksUnderWay
        for (template, count) in queue.scheduler.tasksByTemplate { tasksByTemplate.count(template, by: count) }
        tasks = queue.tasks.running.prefix(Measures.taskLimit).map { job in
            var task = DaemonStatus.Task(id: job.id.text, template: job.template ?? "", attempt: job.attempt.number)
            task.started = job.run?.started
            task.deadline = job.run?.deadline
            task.process = job.run.map { Int($0.program.process) }
            task.progress = job.run?.program.progress
            return task
        }
        relays = queue.relays.map { Relay(of: $0, now: now) }
    }

    /// Adds what another queue of the same daemon tells.
    package mutating func add(_ other: Measures) {
        counters.add(other.counters)
        waiting += other.waiting
        inFlight += other.inFlight
        linedUp.merge(other.linedUp, uniquingKeysWith: +)
        unwritten += other.unwritten
        stopped += other.stopped
        stoppedFiles = Array((stoppedFiles + other.stoppedFiles).sorted().prefix(Measures.stoppedLimit))
        logLinesDropped += other.logLinesDropped
        tasksWaiting += other.tasksWaiting
        tasksRunning += other.tasksRunning
        tasksByTemplate.add(other.tasksByTemplate)
        tasks = Array(
            (tasks + other.tasks).sorted { ($0.started ?? .now, $0.id) < ($1.started ?? .now, $1.id) }
                .prefix(Measures.taskLimit))
        for relay in other.relays {
            if let index = relays.firstIndex(where: { $0.status.name.isExactly(relay.status.name) }) {
                relays[index].add(relay)
            } else {
                relays.append(relay)
            }
        }
    }

    /// Only what was counted: what is left of a queue that has ended.
    package var counted: Measures {
        var rest = Measures()
        rest.counters = counters
        rest.logLinesDropped = logLinesDropped
        return rest
    }
}

extension Measures.Relay {
    fileprivate init(of pool: RelayPool, now: Timestamp) {
        let measured = pool.measured
        status = DaemonStatus.Relay(
            pool.terms, limit: pool.settings.connections, connections: measured.connections, now: now)
        inFlight = measured.inFlight
    }

    /// The terms of a relay are those of all workers: where they have not yet told it, the stricter one counts.
    fileprivate mutating func add(_ other: Measures.Relay) {
        inFlight += other.inFlight
        status.connections += other.status.connections
        if !status.isOpen { (status.isOpen, status.reason) = (other.status.isOpen, other.status.reason) }
        for quota in other.status.quotas {
            if let index = status.quotas.firstIndex(where: { $0.unit.isExactly(quota.unit) }) {
                if status.quotas[index].used < quota.used { status.quotas[index] = quota }
            } else {
                status.quotas.append(quota)
            }
        }
        if status.refused < other.status.refused {
            (status.refused, status.refusedSenders) = (other.status.refused, other.status.refusedSenders)
        }
    }
}
