internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Time

/// Runs the `data` of mail templates: a job is claimed, its view made, and then it waits for a connection.
///
/// Nothing is sent meanwhile, so nothing is marked: a daemon that dies has the job recovered as one that was only
/// claimed. A program is not started while no relay would take the mail.
final class DataRunner {
    /// Bytes of a view.
    private static let limit = 16 << 20
    private static let late = "its time was over while data ran"

    private final class Run {
        let claimed: ClaimedJob
        var program: ProgramRun?
        init(_ claimed: ClaimedJob) { self.claimed = claimed }
    }

    private unowned let dispatcher: Dispatcher
    private let loop: EventLoop
    private let strays: Strays
    let queue: ProgramQueue
    private var runs: [JobID: Run] = [:]

    init(_ dispatcher: Dispatcher, loop: EventLoop, strays: Strays) {
        self.dispatcher = dispatcher
        self.loop = loop
        self.strays = strays
        queue = ProgramQueue(.mailWithData, loop: loop, triage: dispatcher.triage)
        queue.mayStart = { [unowned self] in
            runs.count < self.dispatcher.settings.tasks.dataConcurrency && self.dispatcher.mayPrepare
        }
        queue.isFull = { [unowned self] template in
            guard let own = self.dispatcher.shelf.facts(of: template)?.concurrency else { return false }
            return runs.values.count { $0.claimed.waiting.template == template } >= own
        }
        queue.isPaused = { [unowned self] in self.dispatcher.pauses.holds(template: $0) }
        queue.start = { [unowned self] in start($0) }
        queue.onOther = { [unowned self] in self.dispatcher.offer($0) }
        queue.onHeld = { [unowned self] in self.dispatcher.onHeld($0) }
        queue.onRoom = { [unowned self] in self.dispatcher.onRoom() }
    }

    var runningCount: Int { runs.count }

    private func start(_ ready: consuming ReadyJob) {
        guard let claimed = dispatcher.triage.take(ready) else { return }
        claimed.enter(in: dispatcher.ledger, sender: nil)
        let template: Template
        let view: Template.View
        do throws(MailError) {
            template = try dispatcher.shelf.task(claimed.waiting.template ?? "")
            guard let made = template.view else { throw .ours("'\(template.name)' has no data any more") }
            view = made
            if let misfit = template.terms.misfit(of: claimed.job.params) { throw .job(misfit) }
        } catch { return dispatcher.refuse(claimed, error) }
        let settings = dispatcher.settings
        let now = Timestamp.now
        let timeout = min(template.settings.program.timeout ?? settings.tasks.dataTimeout, claimed.waiting.expiry - now)
        let mark = strays.mark(claimed.id.text)
        var order = ProgramRun.Order(
            view.program, of: template, params: claimed.job.params, id: claimed.id,
            attempt: dispatcher.attempt(claimed, relay: nil).number, deadline: now + timeout, timeout: timeout,
            mark: mark, settings: settings)
        order.result = .kept(DataRunner.limit)
        order.hasProgress = false
        order.limits.niceness = template.settings.program.niceness ?? 0
        let run = Run(claimed)
        runs[claimed.id] = run
        do throws(Errno) {
            let program = try ProgramRun(order, on: loop) { [unowned self] outcome in
                strays.ended(mark)
                runs[claimed.id] = nil
                conclude(claimed, view, outcome, after: timeout)
                if dispatcher.isStopping { return dispatcher.onIdle() }
                loop.later { [weak self] in self?.dispatcher.pump() }
            }
            run.program = program
            strays.began(mark, program.process)
        } catch {
            runs[claimed.id] = nil
            let reason = "\(view.program): \(error)"
            guard error.isShortage else {
                dispatcher.shelf.noteFailing(template.name)
                return dispatcher.refuse(claimed, .ours(reason))
            }
            dispatcher.log.write("\(reason); the next one is tried in a second", .warning)
            queue.rest()
            giveBack(claimed, reason)
        }
    }

    private func conclude(
        _ claimed: ClaimedJob, _ view: Template.View, _ outcome: ProgramRun.Outcome, after timeout: Span
    ) {
        if dispatcher.isStopping { return giveBack(claimed, "the daemon stops") }
        let reply = TaskOutcome.lastLine(of: outcome.output)
        func said(_ reason: String) -> String { "data: \(reason)" + (reply.map { ": \($0)" } ?? "") }
        func blame(_ reason: String) {
            dispatcher.shelf.noteFailing(claimed.waiting.template ?? "")
            dispatcher.refuse(claimed, .ours("\(view.program): \(reason)"))
        }
        switch TaskOutcome(outcome.end, isTimedOut: outcome.isTimedOut, after: timeout) {
        case .dead(let reason): dispatcher.refuse(claimed, .job(said(reason)))
        case .deferred(let reason) where outcome.end == .exit(75) && !outcome.isTimedOut:
            let now = Timestamp.now
            let verdict = Verdict(
                .deferred(because: said(reason)), reply: nil, of: dispatcher.attempt(claimed, relay: nil),
                policy: dispatcher.settings.retry, now: now, jitter: .random(in: -1...1))
            dispatcher.ledger.deferredByData(claimed.id, claimed.waiting.template ?? "", verdict)
            settle(claimed, verdict)
        // The time was over because the job's is.
        case .deferred where claimed.waiting.expiry <= .now, .returned: giveBack(claimed, DataRunner.late)
        case .deferred(let reason): blame(said(reason))
        case .done:
            if claimed.waiting.expiry <= .now { return giveBack(claimed, DataRunner.late) }
            guard let bytes = outcome.result else { return blame("data gave more than \(DataRunner.limit) bytes") }
            let value: JSON
            do throws(JSONError) { value = try JSON(parsing: bytes) } catch {
                return blame("data gave no JSON: \(error)")
            }
            guard let object = value.object else { return blame("data gave \(value.typeName), not an object") }
            if let misfit = view.misfit(of: object) { return blame(misfit) }
            guard let delivery = dispatcher.prepare(claimed, relay: nil, view: object) else { return }
            dispatcher.sendPrepared(delivery)
        }
    }

    /// No attempt: back to where all wait.
    private func giveBack(_ claimed: ClaimedJob, _ reason: String) {
        settle(claimed, Verdict.returned(reason, dispatcher.attempt(claimed, relay: nil), .now))
    }

    private func settle(_ claimed: ClaimedJob, _ verdict: Verdict) {
        guard let claim = claimed.finish() else { return }
        dispatcher.settle(claim, verdict, nil, template: claimed.waiting.template)
    }

    /// Starts nothing any more, and ends what runs; its jobs are given back.
    func stop() { for run in runs.values { run.program?.stop(grace: .seconds(1)) } }
}
