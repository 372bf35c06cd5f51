internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Time

/// Runs the programs of tasks, in places of their own: no mail waits for one, and no task for a relay.
///
/// A job is claimed when there is a place for it, never before. `bulk` leaves one place to the others.
final class TaskRunner {
    /// Between SIGTERM and SIGKILL.
    static let grace = Span.seconds(5)

    private let spool: SpoolTree
    private let loop: EventLoop
    private let ledger: Ledger
    private let triage: Triage
    private let settler: Settler
    private let shelf: TemplateShelf
    private let blocked: BlockedJobs
    let strays: Strays
    var settings: Settings
    var pauses: () -> Pauses = { Pauses() }
    /// False before the start-up is done, and again when the daemon stops.
    var isOpen: () -> Bool = { false }
    private(set) var isStopping = false
    let queue: ProgramQueue
    private var runs: [JobID: TaskRun] = [:]
    private var bulkRunning = 0
    private var byTemplate = Counts()
    /// Told of what becomes of a job.
    var onSettled: (JobID, State, Timestamp?) -> Void = { _, _, _ in }
    var onIdle: () -> Void = {}

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, triage: Triage, settler: Settler, shelf: TemplateShelf,
        blocked: BlockedJobs, settings: Settings
    ) {
        self.spool = spool
        self.loop = loop
        self.ledger = ledger
        self.triage = triage
        self.settler = settler
        self.shelf = shelf
        self.blocked = blocked
        self.settings = settings
        strays = Strays(spool: spool, loop: loop, log: ledger.log)
        queue = ProgramQueue(.task, loop: loop, triage: triage)
        queue.mayStart = { [unowned self] in
            isOpen() && !isStopping && !pauses().all && !settler.isStuck
                && byTemplate.total < self.settings.tasks.concurrency
        }
        queue.bulkMayStart = { [unowned self] in bulkRunning < max(self.settings.tasks.concurrency - 1, 1) }
        queue.isFull = { [unowned self] template in
            guard let own = shelf.facts(of: template)?.concurrency else { return false }
            return byTemplate[template] >= own
        }
        queue.isPaused = { [unowned self] in pauses().holds(template: $0) }
        queue.start = { [unowned self] in start($0) }
    }

    /// The tasks whose programs run or have just ended, the oldest first.
    var running: [TaskRun] { runs.values.sorted { ($0.started, $0.id.text) < ($1.started, $1.id.text) } }
    var runningCount: Int { byTemplate.total }
    var isIdle: Bool { runs.isEmpty }

    private func start(_ ready: consuming ReadyJob) {
        guard let claimed = triage.take(ready) else { return }
        claimed.enter(in: ledger, sender: nil)
        guard let claim = claimed.finish() else { return }
        let now = Timestamp.now
        let waiting = claimed.waiting
        let name = waiting.template ?? ""
        var attempt = claimed.attempt(relay: nil, onDoubt: shelf.facts(of: name)?.onDoubt ?? settings.onDoubt)
        let masked = shelf.masked(claimed.value)
        if claimed.history.isDone {
            let verdict = Verdict(events: [], target: .done(day: now.day), due: nil, durably: true)
            return settle(claim, verdict, of: attempt, template: name, masked: masked)
        }
        if let reason = settings.tasks.objection(to: claim.id, asking: name) {
            return refuse(claim, .job(reason), of: attempt, template: name)
        }
        let template: Template
        do throws(MailError) {
            template = try shelf.task(name)
            if let reason = template.terms.objection(to: claimed.job) { throw .job(reason) }
        } catch { return refuse(claim, error, of: attempt, template: name) }
        guard let path = template.run else {
            return refuse(claim, .ours("'\(name)' is a mail now"), of: attempt, template: name)
        }
        attempt.onDoubt = template.settings.onDoubt.flatMap { .init(rawValue: $0.rawValue) } ?? settings.onDoubt
        let timeout = min(template.settings.program.timeout ?? settings.tasks.timeout, waiting.expiry - now)
        let run = TaskRun(
            claim, waiting: waiting, template: name, masked: masked, attempt: attempt, timeout: timeout)
        runs[run.id] = run
        begin(run, path, template, claimed.job)
    }

    private func begin(_ run: TaskRun, _ path: String, _ template: Template, _ job: Job) {
        byTemplate.add(run.template, 1)
        if run.priority == .bulk { bulkRunning += 1 }
        do throws(SpoolError) { try run.mark() } catch {
            // Nothing is run without a record of it.
            settler.rest(after: error)
            return conclude(run, .returned(because: "\(error)"), reply: nil)
        }
        let mark = strays.mark(run.id.text)
        let order = ProgramRun.Order(
            path, of: template, params: job.params, id: run.id, attempt: run.attempt.number, deadline: run.deadline,
            timeout: run.timeout, mark: mark, settings: settings)
        do throws(Errno) {
            let program = try ProgramRun(order, on: loop) { [unowned self, unowned run] outcome in
                strays.ended(mark)
                let reply = TaskOutcome.lastLine(of: outcome.output)
                if let reason = run.returnReason { return conclude(run, .returned(because: reason), reply: nil) }
                conclude(
                    run, TaskOutcome(outcome.end, isTimedOut: outcome.isTimedOut, after: run.timeout), reply: reply)
            }
            run.program = program
            strays.began(mark, program.process)
            ledger.began(run, process: program.process)
        } catch { cannotStart(run, path, error) }
    }

    private func cannotStart(_ run: TaskRun, _ path: String, _ error: Errno) {
        let reason = "\(path): \(error)"
        run.unmark()
        if error.isShortage {
            // The machine's fault, and every task's.
            ledger.log.write("\(reason); the next task is tried in a second", .warning)
            queue.rest()
            return conclude(run, .returned(because: reason), reply: nil)
        }
        close(run)
        guard let claim = run.finish() else { return }
        runs[run.id] = nil
        shelf.noteFailing(run.template)
        refuse(claim, .ours(reason), of: run.attempt, template: run.template)
    }

    /// The place of a program is free again.
    private func close(_ run: TaskRun) {
        byTemplate.add(run.template, -1)
        if run.priority == .bulk { bulkRunning -= 1 }
    }

    private func conclude(_ run: TaskRun, _ outcome: TaskOutcome, reply: String?) {
        close(run)
        let now = Timestamp.now
        let verdict = Verdict(
            outcome, reply: reply, of: run.attempt, policy: settings.retry, now: now, jitter: .random(in: -1...1))
        ledger.ran(run, verdict, now: now)
        guard let claim = run.finish() else { return }
        settle(claim, verdict, of: run.attempt, template: run.template, masked: run.masked, isReported: true)
    }

    /// The job is at fault, or the template.
    private func refuse(_ claim: consuming Claim, _ error: MailError, of attempt: Verdict.Attempt, template: String) {
        let now = Timestamp.now
        switch error {
        case .job(let reason):
            let verdict = Verdict.without(
                attempt: .dead, reason: reason, target: .dead, history: attempt.history, submitted: attempt.submitted,
                now: now)
            settle(claim, verdict, of: attempt, template: template, masked: nil)
        case .ours(let reason):
            let verdict = Verdict.blocked(
                reason, history: attempt.history, submitted: attempt.submitted, expiry: attempt.expiry, now: now)
            blocked.add(claim.id, template: template, because: reason)
            settle(claim, verdict, of: attempt, template: template, masked: nil)
        }
    }

    private func settle(
        _ claim: consuming Claim, _ verdict: Verdict, of attempt: Verdict.Attempt, template: String, masked: JSON?,
        isReported: Bool = false
    ) {
        let id = claim.id
        settler.settle(claim, by: verdict, masked: masked, at: .now) { [weak self] state in
            guard let self else { return }
            triage.inFlight.remove(id)
            ledger.ended(
                id, in: state, verdict, nil, template: template,
                past: .init(
                    recipients: [], submitted: attempt.submitted, history: attempt.history.events,
                    isReported: isReported),
                now: .now)
            runs[id] = nil
            if let state { onSettled(id, state, verdict.due) }
            if isStopping {
                if isIdle { onIdle() }
            } else {
                loop.later { [weak self] in self?.queue.pump() }
            }
        }
    }

    // What the daemon asks of it from outside.

    /// How many programs run, by template.
    var counts: Counters.Labelled {
        var counts = Counters.Labelled()
        for run in runs.values { counts.count(run.template) }
        return counts
    }

    /// Starts nothing any more. Programs are asked to end, now or a moment before `limit` is over, by `task_shutdown`;
    /// ``onIdle`` comes when all have ended and their jobs are put back.
    func stop(within limit: Span) {
        isStopping = true
        if isIdle { return }
        let notice = min(TaskRunner.grace, limit * 0.5)
        let wait = settings.tasks.shutdown == .return ? .zero : limit - notice
        loop.schedule(after: wait) { [weak self] in self?.end(grace: notice * 0.8) }
    }

    private func end(grace: Span) {
        for run in runs.values where run.program != nil && run.returnReason == nil {
            run.returnReason = "the daemon stops"
            run.program?.stop(grace: grace)
        }
    }
}

/// Numbers by name, and their sum; a name whose number is zero is forgotten.
private struct Counts {
    private var counts: [String: Int] = [:]
    private(set) var total = 0

    subscript(name: String) -> Int { counts[name] ?? 0 }

    mutating func add(_ name: String, _ amount: Int) {
        total += amount
        let count = self[name] + amount
        counts[name] = count == 0 ? nil : count
    }
}
