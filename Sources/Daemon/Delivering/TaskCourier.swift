internal import EventLoop
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Time

/// Does tasks: starts the program of a job's template, and judges its end.
final class TaskCourier: Courier {
    private let loop: EventLoop
    private let ledger: Ledger
    private let templates: TemplateCache
    private let strays: Strays
    private let tell: (Report) -> Void
    var settings: Settings
    private var runs: [JobID: ClaimedJob] = [:]
    /// The jobs whose programs were asked to end before their time.
    private var asked: [JobID: TaskOutcome.Request] = [:]

    init(
        loop: EventLoop, ledger: Ledger, templates: TemplateCache, strays: Strays, settings: Settings,
        tell: @escaping (Report) -> Void
    ) {
        self.loop = loop
        self.ledger = ledger
        self.templates = templates
        self.strays = strays
        self.settings = settings
        self.tell = tell
    }

    /// The jobs whose programs run, the oldest first.
    var running: [ClaimedJob] {
        runs.values.sorted { ($0.startedAt, $0.id.text) < ($1.startedAt, $1.id.text) }
    }

    func begin(_ job: ClaimedJob) {
        job.enter(in: ledger, sender: nil)
        job.masked = templates.masked(job.value)
        job.named = []
        let now = Timestamp.now
        if job.attempt.history.isDone { return tell(.verdict(job, .settled(isDone: true, now))) }
        do throws(MailError) {
            let (path, order) = try order(for: job, now: now)
            job.forget()
            run(job, path, order, now)
        } catch { tell(.refused(job, error)) }
    }

    /// The path of what is run for a job, and how; throws where the job or the template is at fault.
    private func order(for job: ClaimedJob, now: Timestamp) throws(MailError) -> (String, ProgramRun.Order) {
        let name = job.template ?? ""
        if let error = settings.boxes.objection(to: job.id, asking: name, for: .task) { throw error }
        let template = try templates.task(name)
        let object = try job.object()
        if let reason = template.terms.objection(to: object) { throw .job(reason) }
        guard let path = template.run else { throw .ours("'\(name)' is a mail now") }
        job.attempt.onDoubt =
            template.settings.onDoubt.flatMap { .init(rawValue: $0.rawValue) } ?? settings.onDoubt
        let timeout = min(template.settings.program.timeout ?? settings.tasks.timeout, job.attempt.expiry - now)
        let order = ProgramRun.Order(
            path, of: template, params: object.params, id: job.id, attempt: job.attempt.number, started: now,
            timeout: timeout, mark: strays.mark(job.id.text), settings: settings)
        return (path, order)
    }

    private func run(_ job: ClaimedJob, _ path: String, _ order: ProgramRun.Order, _ now: Timestamp) {
        job.startedAt = Clock.monotonic
        do throws(SpoolError) { try job.mark(.running, now: now) } catch {
            // Nothing is run without a record of it.
            tell(.diskRefused(error))
            return conclude(job, .returned(because: "\(error)"), reply: nil)
        }
        let mark = strays.mark(job.id.text)
        do throws(Errno) {
            let program = try ProgramRun(order, on: loop) { [unowned self] outcome in
                strays.ended(mark)
                let reply = TaskOutcome.lastLine(of: outcome.output)
                let judged =
                    asked.removeValue(forKey: job.id).map { TaskOutcome(outcome.end, askedTo: $0) }
                    ?? TaskOutcome(outcome.end, isTimedOut: outcome.isTimedOut, after: order.timeout)
                conclude(job, judged, reply: reply)
            }
            job.run = .init(program: program, started: now, deadline: now + order.timeout)
            runs[job.id] = job
            strays.began(mark, program.process)
            ledger.began(job, process: program.process)
        } catch { cannotStart(job, path, error) }
    }

    private func cannotStart(_ job: ClaimedJob, _ path: String, _ error: Errno) {
        let reason = "\(path): \(error)"
        job.unmark()
        if error.isShortage {
            // The machine's fault, and every task's.
            ledger.log.write("\(reason); the next task is tried in a second", .warning)
            tell(.shortage(.task))
            return conclude(job, .returned(because: reason), reply: nil)
        }
        templates.noteFailing(job.template ?? "")
        tell(.refused(job, .ours(reason)))
    }

    private func conclude(_ job: ClaimedJob, _ outcome: TaskOutcome, reply: String?) {
        runs[job.id] = nil
        job.run = nil
        let now = Timestamp.now
        let isReturned = if case .returned = outcome { true } else { false }
        let verdict = Verdict(
            outcome, reply: isReturned ? nil : reply, of: job.attempt, now: now, jitter: .random(in: -1...1))
        ledger.ran(job, verdict, now: now)
        job.isReported = true
        tell(.verdict(job, verdict))
    }

    /// Asks the programs to end, now or a moment before the grace is over, by `task_shutdown`.
    func stop(within grace: Span) {
        if runs.isEmpty { return }
        let notice = min(ProgramRun.Order.taskGrace, grace * 0.5)
        let wait = settings.tasks.shutdown == .return ? .zero : grace - notice
        loop.schedule(after: wait) { [weak self] in self?.end(grace: notice * 0.8) }
    }

    private func end(grace: Span) {
        for (id, job) in runs {
            if asked[id] == nil { asked[id] = .stop(interruptions: job.attempt.history.interruptions) }
            job.run?.program.stop(grace: grace)
        }
    }

    /// Asks the program of a job to end, for the operator; false if none runs. The job is a dead letter then.
    func cancel(_ id: JobID) -> Bool {
        guard let job = runs[id] else { return false }
        if asked[id] == nil {
            asked[id] = .cancel
            job.run?.program.stop(grace: ProgramRun.Order.taskGrace)
        }
        return true
    }
}
