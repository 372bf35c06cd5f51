internal import JSON
internal import Linux
internal import Mail
internal import Schema
internal import Spool
internal import Time

/// A job that was looked at: its open file, and what is in it.
struct ReadyJob: ~Copyable {
    let open: OpenJob
    let facts: Facts

    /// The contents of the file, in one piece, since they are handed on with the claim.
    final class Facts {
        let waiting: WaitingJob
        let job: Result<Job, JobError>
        let value: JSON
        let status: FileStatus
        let submitted: Timestamp
        let onDoubt: Verdict.OnDoubt
        /// The template's `max_attempts`.
        let maximumAttempts: Int?

        init(
            _ waiting: WaitingJob, _ job: Result<Job, JobError>, _ value: JSON, _ status: FileStatus,
            submitted: Timestamp, onDoubt: Verdict.OnDoubt, maximumAttempts: Int? = nil
        ) {
            self.waiting = waiting
            self.job = job
            self.value = value
            self.status = status
            self.submitted = submitted
            self.onDoubt = onDoubt
            self.maximumAttempts = maximumAttempts
        }
    }
}

/// Looks at jobs before they start: what may start, what must wait, what ends without a courier.
final class Triage {
    /// The result of a look.
    enum Look: ~Copyable {
        /// It is gone, was buried, or is looked at again later.
        case nothing
        /// It is not due before this time.
        case due(Timestamp)
        case ready(ReadyJob)
        /// It ends without a courier: it is not a job, is past its time, or its time has not come.
        case ends(ReadyJob, Ending)
    }

    /// How a job ends that no courier works at.
    enum Ending {
        case malformed(JobError)
        case expired
        /// The clock was set forward over its expiry: by the clock as it was, its time is not over.
        case skipped(WallClock.Skip)
        case scheduled(Timestamp)
        /// No relay's section lets it through.
        case unroutable
    }

    private let spool: SpoolTree
    private let log: Log
    private let ledger: Ledger
    private let templates: TemplateCache
    private let tell: (Report) -> Void
    /// Tells whether the clock was set over a job's expiry since its submission.
    private let skip: (_ expiry: Timestamp, _ submitted: Timestamp) -> WallClock.Skip?
    var settings: Settings
    /// The waits of jobs whose files were refused.
    private var refusals: [JobID: Backoff] = [:]

    init(
        spool: SpoolTree, ledger: Ledger, templates: TemplateCache, settings: Settings,
        skip: @escaping (_ expiry: Timestamp, _ submitted: Timestamp) -> WallClock.Skip? = { _, _ in nil },
        tell: @escaping (Report) -> Void
    ) {
        self.skip = skip
        self.spool = spool
        log = ledger.log
        self.ledger = ledger
        self.templates = templates
        self.settings = settings
        self.tell = tell
    }

    /// Looks at a name in a waiting state. What cannot be an id goes to `dead/` here.
    func id(of name: DirectoryName, in state: State) -> JobID? {
        if let text = name.text, let id = JobID(text) { return id }
        bury(name, in: state, "the name is not a job id")
        return nil
    }

    /// Looks at a job's file. `isUnderWay` says that a job of that id is claimed: what lies in `new/` was submitted again.
    func look(_ id: JobID, in state: State, isUnderWay: Bool = false, now: Timestamp) -> Look {
        do throws(SpoolError) {
            if isUnderWay {
                if state == .new { try judgeTwin(id, now) }
                return .nothing
            }
            switch try spool.examine(id, in: state, limit: settings.maxJobSize) {
            case .gone:
                ledger.stopped.clear("\(state.path)/\(id)")
                return .nothing
            case .irregular(let status):
                bury(DirectoryName(id.text), in: state, "a \(status.kind)")
                return .nothing
            case .foreign:
                let fate = try spool.makeOwn(id, in: state, limit: settings.maxJobSize, now: now)
                guard case .queued(_, let owner, _) = fate else {
                    if case .dead(let buried, let reason) = fate {
                        ledger.buried(buried ?? id, "\(reason); it was \(state.path)/\(id)")
                    }
                    return .nothing
                }
                ledger.madeOwn(id, owner: owner)
                return look(id, in: state, now: now)
            case .malformed(let status, let reason):
                try judgeMalformed(id, in: state, status, reason, now)
                return .nothing
            case .job(let open): return judge(open, in: state, now: now)
            }
        } catch {
            tryAgain(id, in: state, after: error)
            return .nothing
        }
    }

    /// The disk's fault is the disk's for every job; what one file refuses holds up no other.
    private func tryAgain(_ id: JobID, in state: State, after error: SpoolError) {
        if error.isTemporary {
            tell(.diskRefused(error))
            tell(.lookAgain(id, state, after: .seconds(1)))
        } else {
            ledger.stop("\(error.path)", error, of: spool.owner)
            // Beyond so many it is not one file's trouble; and what is forgotten only begins anew.
            if refusals.count >= 1000 { refusals = [:] }
            tell(.lookAgain(id, state, after: refusals[id, default: Backoff()].next()))
        }
    }

    /// How long a file in `new/` that is not as it should be is left to its writer.
    private func youth(_ status: FileStatus, _ now: Timestamp) -> Span {
        let age = now - Timestamp(nanoseconds: status.changed)
        return age >= .zero && age < .seconds(10) ? .seconds(10) - age : .zero
    }

    private func bury(_ name: DirectoryName, in state: State, _ reason: String) {
        let path = "\(state.path)/\(name.printable)"
        do throws(SpoolError) {
            switch try spool.buryIrregular(name, in: state, reason: reason, now: .now) {
            case .dead(let id?, _):
                log.write("\(path): \(reason); it is dead/\(id) now", .warning)
                ledger.buried(id, "\(reason); it was \(path)")
            case .dead(nil, _): ledger.stop(path, "\(reason); it cannot be moved away: remove it")
            default: break
            }
        } catch { ledger.stop(path, "\(reason); \(error)") }
    }

    private func judgeMalformed(
        _ id: JobID, in state: State, _ status: FileStatus, _ reason: String, _ now: Timestamp
    ) throws(SpoolError) {
        let wait = youth(status, now)
        // A producer may be writing it straight into new/.
        if state == .new, status.size <= settings.maxJobSize, wait > .zero {
            return tell(.lookAgain(id, state, after: wait))
        }
        if case .dead(let buried, let reason) = try spool.buryMalformed(id, in: state, reason: reason, now: now) {
            if state == .new {
                ledger.received(buried ?? id, owner: status.owner, sender: nil)
            }
            ledger.buried(buried ?? id, buried == id ? reason : "\(reason); it was \(state.path)/\(id)")
        }
    }

    private func judge(_ open: consuming OpenJob, in state: State, now: Timestamp) -> Look {
        let history = open.contents.history
        let value = open.contents.value
        let modified = Timestamp(nanoseconds: open.status.modified)
        let submitted = history.submitted(in: state, modified: modified, now: now)
        let job: Job
        do throws(JobError) { job = try Job(value) } catch {
            let waiting = WaitingJob(
                open.id, in: state, priority: .normal, template: value.object?["template"]?.string,
                expiry: settings.retry.expiry(submitted: submitted, of: nil, ttl: nil))
            let facts = ReadyJob.Facts(
                waiting, .failure(error), value, open.status, submitted: submitted, onDoubt: settings.onDoubt)
            return .ends(ReadyJob(open: open, facts: facts), .malformed(error))
        }
        switch state {
        case .retry(let bucket):
            let changed = Timestamp(nanoseconds: open.status.changed)
            let due = bucket.due(modified: modified, changed: changed, next: history.nextTry, now: now)
            if due > now { return .due(due) }
        case .scheduled: if modified > now { return .due(modified) }
        default: break
        }
        let template = job.template.flatMap { templates.facts(of: $0) }
        let isTask = template?.kind == .task
        let sender = isTask ? "" : job.expectedSender(template?.from ?? settings.mail.from)
        var waiting = WaitingJob(
            open.id, in: state, priority: job.priority ?? template?.priority ?? .normal, template: job.template,
            expiry: settings.retry.expiry(submitted: submitted, of: job, ttl: template?.ttl),
            kind: template?.kind ?? .mail, places: template?.concurrency,
            sender: sender, isTried: !history.isFresh || state != .new)
        if !isTask { waiting.unfit = settings.relaysWithout(job, sender: sender) }
        let sendAt = job.sendAt
        let facts = ReadyJob.Facts(
            waiting, .success(job), value, open.status, submitted: submitted,
            onDoubt: template?.onDoubt ?? settings.onDoubt, maximumAttempts: template?.maximumAttempts)
        let ready = ReadyJob(open: open, facts: facts)
        if waiting.expiry <= now {
            return .ends(ready, skip(waiting.expiry, submitted).map { .skipped($0) } ?? .expired)
        }
        if let sendAt, sendAt > now, history.isFresh, state == .new { return .ends(ready, .scheduled(sendAt)) }
        let isRoutable = waiting.unfit.count < settings.relays.count
        return isRoutable ? .ready(ready) : .ends(ready, .unroutable)
    }

    /// Claims a job that was looked at; nil when it was taken away, or was a duplicate.
    func take(_ ready: consuming ReadyJob, now: Timestamp) -> ClaimedJob? {
        let notes = ready.open.contents.history.notes(beforeClaimFrom: ready.facts.waiting.state, at: now)
        return take(ready, noting: notes)
    }

    private func take(_ ready: consuming ReadyJob, noting notes: [Event]) -> ClaimedJob? {
        let claimedAt = Clock.monotonic
        let facts = ready.facts
        let state = facts.waiting.state
        var history = ready.open.contents.history
        let isNew = state == .new && history.isEmpty
        for event in notes { history.append(event) }
        guard let claim = claim(ready.open, in: state, noting: notes) else { return nil }
        var policy = settings.retry
        policy.maximumAttempts = facts.maximumAttempts
        let attempt = Verdict.Attempt(
            number: history.attempts(in: state) + 1, history: history, submitted: facts.submitted,
            expiry: facts.waiting.expiry,
            onDoubt: facts.onDoubt, policy: policy, softBounce: settings.softBounce)
        let job = ClaimedJob(claim, facts, attempt: attempt, isNew: isNew, claimedAt: claimedAt)
        job.haste = history.haste(from: state, at: .now)
        return job
    }

    /// Claims a job that ends without a courier, and says how it ends.
    func take(_ ready: consuming ReadyJob, _ ending: Ending, now: Timestamp) -> (ClaimedJob, Verdict)? {
        guard let claimed = take(ready, noting: []) else { return nil }
        claimed.enter(in: ledger, sender: nil)
        let verdict: Verdict =
            switch ending {
            case .malformed(let error): .refused(.job("\(error)"), claimed.attempt, now)
            case .expired:
                .only(
                    .expired, "expired at \(claimed.attempt.expiry.rfc3339Seconds)", target: .dead, claimed.attempt, now
                )
            case .skipped(let skip): .held(over: skip, claimed.attempt, now)
            case .unroutable:
                .blocked(
                    "no relay takes it: see senders, templates, tags and domains in outspool.conf(5)", claimed.attempt,
                    now)
            case .scheduled(let time): .only(.scheduled, nil, target: .scheduled, due: time, claimed.attempt, now)
            }
        return (claimed, verdict)
    }

    /// Moves a job into `cur/`, unless its id is elsewhere in the spool: then a newcomer with the same
    /// object is discarded, and one with another goes to `dead/` under a generated id.
    /// `events` are what its place says and a crash would take back.
    private func claim(_ open: consuming OpenJob, in state: State, noting events: [Event]) -> Claim? {
        let id = open.id
        do throws(SpoolError) {
            if state == .new {
                if let place = try spool.places(of: id, except: .new).first,
                    try settleDuplicate(open.contents, open.status.inode, id, of: place)
                {
                    return nil
                }
            }
            guard let claim = try spool.claim(open, from: state, noting: events) else { return nil }
            if refusals.removeValue(forKey: id) != nil { ledger.stopped.clear("\(state.path)/\(id)") }
            return claim
        } catch {
            if error.step == .rename, error.errno == .exists {
                settleRemains(id, in: state)
            } else {
                tryAgain(id, in: state, after: error)
            }
            return nil
        }
    }

    /// A job that is under way was submitted again. What lies in `new/` may also be that very job,
    /// moved there by hand: then its outcome takes it away.
    private func judgeTwin(_ id: JobID, _ now: Timestamp) throws(SpoolError) {
        let own = State.claimed(instance: spool.instance)
        guard case .job = try spool.examine(id, in: own, limit: settings.maxJobSize),
            case .job(let open) = try spool.examine(id, in: .new, limit: settings.maxJobSize)
        else { return }
        _ = try settleDuplicate(open.contents, open.status.inode, id, of: own)
    }

    /// A file of that id that belongs to no process lies in `cur/`, such as one that a start left alone: the job would
    /// wait for it forever.
    private func settleRemains(_ id: JobID, in state: State) {
        let reason = "cur/\(spool.instance) has a file of that id"
        do throws(SpoolError) {
            if case .dead(let buried?, _) = try spool.buryNamesake(id, in: state, reason: reason, now: .now) {
                ledger.buried(buried, "\(reason); it was \(state.path)/\(id)")
            }
        } catch { tryAgain(id, in: state, after: error) }
    }

    /// Discards the newcomer in `new/` when it is the same job as the one in `place`, or cannot be compared with it;
    /// else it goes to `dead/` under a generated id. False when the other one has gone.
    private func settleDuplicate(
        _ newcomer: JobFile, _ inode: UInt64, _ id: JobID, of place: State
    ) throws(SpoolError) -> Bool {
        let duplicate = try spool.settleDuplicate(id, inode: inode, of: place, limit: settings.maxJobSize, now: .now) {
            other in
            if other.value.isSame(as: newcomer.value) { return true }
            // What was masked since cannot be compared.
            guard case .done = place else { return false }
            return other.value.isMasked(of: newcomer.value, by: Schema.mask)
        }
        switch duplicate {
        case .none: return false
        case .discarded: log.write(.qmgr, job: id.text, [], text: "discarded: the same job is in \(place.path)")
        case .other:
            let now = Timestamp.now
            let reason = "another job of that id is in \(place.path)"
            if case .dead(let buried?, _) = try spool.buryNamesake(id, in: .new, reason: reason, now: now) {
                ledger.received(buried, owner: spool.owner, sender: nil)
                ledger.buried(buried, "\(reason); it was new/\(id)")
            }
        }
        return true
    }
}
