internal import EventLoop
internal import JSON
internal import Linux
internal import Schema
internal import Spool
internal import Time

/// A job that was looked at and can be started now.
struct ReadyJob: ~Copyable {
    let open: OpenJob
    let job: Job
    let waiting: WaitingJob
    let submitted: Timestamp
}

/// Looks at jobs before they are started, and settles those that need no relay for it: what is
/// no job, what is over its time, what is not to be sent yet.
final class Triage {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let ledger: Ledger
    private let settler: Settler
    private let shelf: TemplateShelf
    var settings: Settings
    /// The jobs that a connection or the settler has: not to be touched a second time.
    var inFlight: Set<JobID> = []
    /// The waits of jobs whose files were refused.
    private var refusals: [JobID: Backoff] = [:]
    /// Told of a job that is to be looked at again, and of one that was put into `scheduled/`.
    var lookAgain: (JobID, State, Span) -> Void = { _, _, _ in }
    var postponed: (JobID, State, Timestamp) -> Void = { _, _, _ in }
    var leftNew: (JobID, Int) -> Void = { _, _ in }

    init(
        spool: SpoolTree, loop: EventLoop, ledger: Ledger, settler: Settler, shelf: TemplateShelf, settings: Settings
    ) {
        self.spool = spool
        self.loop = loop
        log = ledger.log
        self.ledger = ledger
        self.settler = settler
        self.shelf = shelf
        self.settings = settings
    }

    /// Whether the disk takes no writes: nothing is to be looked at that might have to be settled.
    var isStuck: Bool { settler.isStuck }

    /// Looks at a name in `new/`. What cannot be an id goes to `dead/` here.
    func id(of name: DirectoryName) -> JobID? {
        if let text = name.text, let id = JobID(text) { return id }
        bury(name, "the name is no job id")
        return nil
    }

    /// The job, if it can be started now; nil when it is gone, has been settled, or must wait.
    func look(_ id: JobID, in state: State, now: Timestamp) -> ReadyJob? {
        do throws(SpoolError) {
            if inFlight.contains(id) {
                if state == .new { try judgeTwin(id, now) }
                return nil
            }
            switch try spool.examine(id, in: state, limit: settings.maxJobSize) {
            case .gone: return nil
            case .irregular(let status):
                // Names and kinds are judged in new/ only; elsewhere it is the operator's.
                if state == .new {
                    // A producer without RENAME_NOREPLACE links and unlinks: for a moment there are two links.
                    if status.isRegular, status.links == 2, youth(status, now) > .zero {
                        lookAgain(id, state, .milliseconds(250))
                        return nil
                    }
                    if status.isRegular, status.links == 2, try spool.removeSecondName(of: status) {
                        return look(id, in: state, now: now)
                    }
                    bury(
                        DirectoryName(id.text),
                        status.isRegular ? "a file with \(status.links) links" : "a \(status.kind)")
                }
                return nil
            case .foreign:
                let adopted = try spool.adopt(id, in: state, limit: settings.maxJobSize, now: now)
                guard case .queued(_, let owner, _) = adopted else {
                    if case .dead(let buried, let reason) = adopted { ledger.buried(buried ?? id, reason) }
                    return nil
                }
                ledger.adopted(id, owner: owner)
                return look(id, in: state, now: now)
            case .malformed(let status, let reason):
                try judgeMalformed(id, in: state, status, reason, now)
                return nil
            case .job(let open):
                return judge(open, in: state, now: now)
            }
        } catch {
            tryAgain(id, in: state, after: error)
            return nil
        }
    }

    /// The disk's fault is the disk's for every job; what one file refuses holds up no other.
    private func tryAgain(_ id: JobID, in state: State, after error: SpoolError) {
        if error.isTemporary {
            settler.rest(after: error)
            lookAgain(id, state, .seconds(1))
        } else {
            log.write("\(error)", .warning)
            // Beyond so many it is not one file's trouble; and what is forgotten only begins anew.
            if refusals.count >= 1000 { refusals = [:] }
            lookAgain(id, state, refusals[id, default: Backoff()].next())
        }
    }

    /// How long a file in `new/` that is not as it should be is left to its writer.
    private func youth(_ status: FileStatus, _ now: Timestamp) -> Span {
        let age = now - Timestamp(nanoseconds: status.changed)
        return age >= .zero && age < .seconds(10) ? .seconds(10) - age : .zero
    }

    private func bury(_ name: DirectoryName, _ reason: String) {
        do throws(SpoolError) {
            switch try spool.buryIrregular(name, reason: reason, now: .now) {
            case .dead(let id?, _):
                log.write("new/\(name.printable): \(reason); it is dead/\(id) now", .warning)
                ledger.buried(id, "\(reason); it was new/\(name.printable)")
            case .dead(nil, _): log.write("new/\(name.printable): \(reason); it cannot be moved away", .warning)
            default: break
            }
        } catch { log.write("new/\(name.printable): \(reason); \(error)", .warning) }
    }

    private func judgeMalformed(
        _ id: JobID, in state: State, _ status: FileStatus, _ reason: String, _ now: Timestamp
    ) throws(SpoolError) {
        let wait = youth(status, now)
        // Somebody may be writing it straight into new/.
        if state == .new, status.size <= settings.maxJobSize, wait > .zero { return lookAgain(id, state, wait) }
        if case .dead(let buried, let reason) = try spool.buryMalformed(id, in: state, reason: reason, now: now) {
            if state == .new {
                ledger.received(buried ?? id, owner: status.owner, sender: nil)
                leftNew(id, status.size)
            }
            ledger.buried(buried ?? id, buried == id ? reason : "\(reason); it was \(state.path)/\(id)")
        }
    }

    private func judge(_ open: consuming OpenJob, in state: State, now: Timestamp) -> ReadyJob? {
        let history = open.contents.history
        let modified = Timestamp(nanoseconds: open.status.modified)
        let submitted = history.submitted(in: state, modified: modified, now: now)
        let job: Job
        do throws(JobError) { job = try Job(open.contents.value) } catch {
            return settle(open, in: state, .dead, "\(error)", submitted, now)
        }
        switch state {
        case .retry(let bucket):
            let due = bucket.due(modified: modified, now: now)
            if due > now {
                postponed(open.id, state, due)
                return nil
            }
        case .scheduled:
            if modified > now {
                postponed(open.id, state, modified)
                return nil
            }
        default: break
        }
        let facts = job.template.flatMap { shelf.facts(of: $0) }
        let expiry = settings.retry.expiry(submitted: submitted, expiresAt: job.expiresAt, ttl: facts?.ttl)
        if expiry <= now {
            return settle(open, in: state, .expired, "expired at \(expiry.rfc3339Seconds)", submitted, now)
        }
        if let sendAt = job.sendAt, sendAt > now, history.isFresh, state == .new {
            return settle(open, in: state, .scheduled, nil, submitted, now, due: sendAt)
        }
        let waiting = WaitingJob(
            open.id, in: state, priority: job.priority ?? facts?.priority ?? .normal, template: job.template,
            expiry: expiry,
            kind: facts?.kind ?? .mail)
        return ReadyJob(open: open, job: job, waiting: waiting, submitted: submitted)
    }

    private func settle(
        _ open: consuming OpenJob, in state: State, _ kind: Event.Kind, _ reason: String?, _ submitted: Timestamp,
        _ now: Timestamp, due: Timestamp? = nil
    ) -> ReadyJob? {
        let id = open.id
        if settler.isStuck {
            lookAgain(id, state, .seconds(1))
            return nil
        }
        let history = open.contents.history
        let value = open.contents.value
        let owner = open.status.owner
        guard let claim = claim(open, in: state) else { return nil }
        if state == .new, history.isEmpty { ledger.received(id, owner: owner, sender: nil) }
        let target: State = kind == .scheduled ? .scheduled : .dead
        let verdict = Verdict.without(
            attempt: kind, reason: reason, target: target, due: due, history: history, submitted: submitted, now: now)
        settler.settle(claim, by: verdict, at: now) { [weak self] state in
            guard let self else { return }
            inFlight.remove(id)
            switch state {
            case .scheduled?: postponed(id, .scheduled, due ?? now)
            case .dead?:
                ledger.buried(
                    DeadLetter(
                        id.text, template: value.object?["template"]?.string, events: history.events + verdict.events,
                        recipients: DeadLetter.recipients(of: value, history), submitted: submitted, at: now))
            default: break
            }
        }
        return nil
    }

    /// Moves a job into `cur/`, unless its id is elsewhere in the spool: then a newcomer with the same
    /// object is discarded, and one with another goes to `dead/` under a generated id.
    /// `events` are what its place says and a crash would take back.
    func claim(_ open: consuming OpenJob, in state: State, noting events: [Event] = []) -> Claim? {
        let id = open.id
        let size = open.status.size
        do throws(SpoolError) {
            if state == .new {
                if let place = try spool.places(of: id, except: .new).first,
                    try settleDuplicate(open.contents, open.status.inode, id, of: place)
                {
                    leftNew(id, size)
                    return nil
                }
            }
            guard let claim = try spool.claim(open, from: state, noting: events) else { return nil }
            if state == .new { leftNew(id, size) }
            refusals[id] = nil
            inFlight.insert(id)
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
        if try settleDuplicate(open.contents, open.status.inode, id, of: own) { leftNew(id, open.status.size) }
    }

    /// In `cur/` lies something of that id that is nobody's work, such as a file that a start left
    /// alone: the job would wait for it for ever.
    private func settleRemains(_ id: JobID, in state: State) {
        let reason = "cur/\(spool.instance) has a file of that id"
        do throws(SpoolError) {
            if case .dead(let buried?, _) = try spool.buryNamesake(id, in: state, reason: reason, now: .now) {
                ledger.buried(buried, "\(reason); it was \(state.path)/\(id)")
            }
        } catch { tryAgain(id, in: state, after: error) }
    }

    /// Discards the newcomer in `new/` when it is the same job as the one in `place`, or cannot be compared with
    /// it; else it goes to `dead/` under a generated id. False when it is no duplicate after all.
    private func settleDuplicate(
        _ newcomer: JobFile, _ inode: UInt64, _ id: JobID, of place: State
    ) throws(SpoolError) -> Bool {
        let duplicate = try spool.settleDuplicate(id, inode: inode, of: place, limit: settings.maxJobSize, now: .now) {
            other in
            if other.object.elementsEqual(newcomer.object) { return true }
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
