internal import EventLoop
internal import JSON
internal import Linux
internal import Mail
internal import Spool
internal import Template
internal import Time

/// Runs the `data` of mail templates, which looks up what the mail shows; then the mail waits for a connection.
///
/// Nothing is sent meanwhile, so nothing is marked: a daemon that dies has the job recovered as one that was only
/// claimed.
final class DataCourier: Courier {
    /// Bytes of a view.
    private static let limit = 16 << 20
    private static let late = "its time was over while data ran"

    private let loop: EventLoop
    private let ledger: Ledger
    private let templates: TemplateCache
    private let strays: Strays
    private let tell: (Report) -> Void
    var letters: LetterMaker
    private var runs: [JobID: ClaimedJob] = [:]
    /// The jobs that the operator cancelled while their program runs.
    private var cancelled: Set<JobID> = []
    private var isStopping = false

    init(
        loop: EventLoop, ledger: Ledger, templates: TemplateCache, strays: Strays, letters: LetterMaker,
        tell: @escaping (Report) -> Void
    ) {
        self.loop = loop
        self.ledger = ledger
        self.templates = templates
        self.strays = strays
        self.letters = letters
        self.tell = tell
    }

    func begin(_ job: ClaimedJob) {
        job.enter(in: ledger, sender: nil)
        do throws(MailError) {
            let name = job.template ?? ""
            if let error = letters.settings.boxes.objection(to: job.id, asking: name, for: .mailWithData) {
                throw error
            }
            let template = try templates.task(name)
            guard let view = template.view else { throw .ours("'\(template.name)' has no data any more") }
            let object = try job.object()
            if let reason = template.terms.objection(to: object.params) { throw .job(reason) }
            let now = Timestamp.now
            run(job, view, order(for: job, object, template, view, now), now)
        } catch { tell(.refused(job, error)) }
    }

    private func order(
        for job: ClaimedJob, _ object: Job, _ template: Template, _ view: Template.View, _ now: Timestamp
    ) -> ProgramRun.Order {
        let settings = letters.settings
        let timeout = min(template.settings.program.timeout ?? settings.tasks.dataTimeout, job.attempt.expiry - now)
        var order = ProgramRun.Order(
            view.program, of: template, params: object.params, id: job.id, attempt: job.attempt.number, started: now,
            timeout: timeout, mark: strays.mark(job.id.text), settings: settings)
        order.result = .kept(DataCourier.limit)
        order.hasProgress = false
        order.limits.niceness = template.settings.program.niceness ?? 0
        return order
    }

    private func run(_ job: ClaimedJob, _ view: Template.View, _ order: ProgramRun.Order, _ now: Timestamp) {
        let mark = strays.mark(job.id.text)
        do throws(Errno) {
            let program = try ProgramRun(order, on: loop) { [unowned self] outcome in
                strays.ended(mark)
                runs[job.id] = nil
                job.run = nil
                conclude(job, view, outcome, after: order.timeout)
            }
            job.run = .init(program: program, started: now, deadline: now + order.timeout)
            runs[job.id] = job
            strays.began(mark, program.process)
        } catch {
            let reason = "\(view.program): \(error)"
            guard error.isShortage else {
                templates.noteFailing(job.template ?? "")
                return tell(.refused(job, .ours(reason)))
            }
            ledger.log.write("\(reason); the next one is tried in a second", .warning)
            tell(.shortage(.mailWithData))
            giveBack(job, reason)
        }
    }

    private func conclude(
        _ job: ClaimedJob, _ view: Template.View, _ outcome: ProgramRun.Outcome, after timeout: Span
    ) {
        if cancelled.remove(job.id) != nil { return tell(.refused(job, .job(TaskOutcome.cancelled))) }
        if isStopping { return giveBack(job, "the daemon stops") }
        let reply = TaskOutcome.lastLine(of: outcome.output)
        func said(_ reason: String) -> String { "data: \(reason)" + (reply.map { ": \($0)" } ?? "") }
        let isLate = job.attempt.expiry <= .now
        switch TaskOutcome(outcome.end, isTimedOut: outcome.isTimedOut, after: timeout) {
        case .dead(let reason): tell(.refused(job, .job(said(reason))))
        case .deferred(let reason) where outcome.end == .exit(75) && !outcome.isTimedOut:
            let verdict = Verdict(
                .deferred(because: said(reason)), reply: nil, of: job.attempt, now: .now, jitter: .random(in: -1...1))
            ledger.deferredByData(job, verdict)
            tell(.verdict(job, verdict))
        // The time was over because the job's is.
        case .deferred where isLate, .returned: giveBack(job, DataCourier.late)
        case .deferred(let reason): blame(job, view, said(reason))
        case .done where isLate: giveBack(job, DataCourier.late)
        case .done:
            do throws(ViewError) { prepare(job, try read(outcome.result, for: view)) } catch {
                blame(job, view, error.reason)
            }
        }
    }

    private struct ViewError: Error { let reason: String }

    private func read(_ bytes: [UInt8]?, for view: Template.View) throws(ViewError) -> JSON.Object {
        guard let bytes else { throw ViewError(reason: "data gave more than \(DataCourier.limit) bytes") }
        let value: JSON
        do throws(JSONError) { value = try JSON(parsing: bytes) } catch {
            throw ViewError(reason: "data gave no JSON: \(error)")
        }
        guard let object = value.object else {
            throw ViewError(reason: "data gave \(value.typeName), not an object")
        }
        if let reason = view.objection(to: object) { throw ViewError(reason: reason) }
        return object
    }

    private func prepare(_ job: ClaimedJob, _ view: JSON.Object) {
        do throws(MailError) {
            if let verdict = try letters.make(job, view: view, now: .now) { return tell(.verdict(job, verdict)) }
            tell(.carried(job, isPrepared: true))
        } catch { tell(.refused(job, error)) }
    }

    private func blame(_ job: ClaimedJob, _ view: Template.View, _ reason: String) {
        templates.noteFailing(job.template ?? "")
        tell(.refused(job, .ours("\(view.program): \(reason)")))
    }

    /// No attempt: back to where all wait.
    private func giveBack(_ job: ClaimedJob, _ reason: String) {
        tell(.verdict(job, .returned(reason, job.attempt, .now)))
    }

    /// Ends the program of a job, for the operator; false if none runs. The job is a dead letter then.
    func cancel(_ id: JobID) -> Bool {
        guard let job = runs[id] else { return false }
        if cancelled.insert(id).inserted { job.run?.program.stop(grace: .seconds(1)) }
        return true
    }

    /// Ends what runs; its jobs are given back.
    func stop(within grace: Span) {
        isStopping = true
        for job in runs.values { job.run?.program.stop(grace: .seconds(1)) }
    }
}
