internal import JSON
internal import Linux
internal import Mail
internal import Schema
internal import Spool
internal import Text
internal import Time

/// The jobs that a start finds in `cur/`, of a daemon that died.
///
/// A process that gets the lock of a directory below `cur/` knows that no other works in it. Each job's history decides
/// where it goes.
struct Orphans {
    let spool: SpoolTree
    let templates: TemplateCache
    let settings: Settings
    let ledger: Ledger
    /// Carries the verdict of each out.
    let finish: (ClaimedJob, Verdict) -> Void
    private var log: Log { ledger.log }

    /// The result of a recovery.
    struct Found {
        /// How many jobs were settled.
        var settled = 0
        /// Those of this process's own directory that the system refused, for ``recoverAgain(_:now:)``.
        var refused: [JobID] = []
        /// The directories whose lock another process has.
        var locked: [String] = []
        /// Other directories in which a job was refused.
        var unfinished: [String] = []
    }

    /// Settles everything in this process's directory of `cur/`. Unless it is a worker other than the first, also in
    /// every directory that does not belong to a worker and whose lock is free.
    func recover(now: Timestamp) throws(SpoolError) -> Found {
        var found = Found()
        let (count, refused) = try recover(spool.instance, now: now)
        found.refused = refused
        found.settled = count - refused.count
        for name in try spool.claimDirectories() where isOurs(name) {
            guard let directory = locked(name) else {
                found.locked.append(name)
                continue
            }
            let (count, refused) = try recover(name, now: now)
            found.settled += count - refused.count
            if !refused.isEmpty { found.unfinished.append(name) }
            // The lock is held until its jobs are settled.
            extendLifetime(directory)
        }
        return found
    }

    /// Whether this process recovers another directory of `cur/`.
    private func isOurs(_ name: String) -> Bool {
        if spool.share.number > 1 || name.isExactly(spool.instance) { return false }
        return !spool.instancesOfWorkers.contains { $0.isExactly(name) }
    }

    /// Recovers another directory, and returns how many of its jobs the system refuses; nil when another process has
    /// its lock.
    func recoverOther(_ name: String, strays: Strays, now: Timestamp) throws(SpoolError) -> Int? {
        guard let directory = locked(name) else { return nil }
        strays.endAll(of: name)
        let (count, refused) = try recover(name, now: now)
        if count > refused.count { log.write("recovered \(count - refused.count) jobs of cur/\(name)") }
        if refused.isEmpty { spool.otherClaims.removeAll { $0.isExactly(name) } }
        extendLifetime(directory)
        return refused.count
    }

    /// Tries what a start was refused; returns what still is.
    func recoverAgain(_ ids: [JobID], now: Timestamp) -> [JobID] {
        ids.filter { id in
            do throws(SpoolError) { return try !recover(id, in: .claimed(instance: spool.instance), now: now) } catch {
                ledger.stop(error.path, error, of: spool.owner)
                return true
            }
        }
    }

    /// The directory of a daemon that has ended; nil when it lives: its jobs are not orphans.
    private func locked(_ instance: String) -> Directory? {
        do throws(Errno) {
            let directory = try spool.cur.directory(instance)
            if try directory.lock() { return directory }
            return nil
        } catch {
            if error == .noEntry { return nil }
            log.write("\(SpoolError(.lock, "cur/\(instance)", error))", .warning)
            return nil
        }
    }

    private func recover(_ instance: String, now: Timestamp) throws(SpoolError) -> (count: Int, refused: [JobID]) {
        let state = State.claimed(instance: instance)
        var names: [DirectoryName] = []
        var refused: [JobID] = []
        try spool.with(state) { (directory) throws(SpoolError) in
            var stream = try step(.list, state.path, directory.entries())
            while let name = try step(.list, state.path, stream.next()) {
                if !name.isHidden { names.append(name) }
            }
        }
        for name in names {
            guard let text = name.text, let id = JobID(text) else {
                log.write("\(state.path)/\(name.printable): not a job of ours; left alone", .warning)
                continue
            }
            do throws(SpoolError) { if try !recover(id, in: state, now: now) { refused.append(id) } } catch {
                // A full disk stops the recovery, and with it the start. One file that refuses does not.
                if error.isTemporary { throw error }
                ledger.stop(error.path, error, of: spool.owner)
                refused.append(id)
            }
        }
        return (names.count, refused)
    }

    /// False when the job cannot be judged yet.
    private func recover(_ id: JobID, in state: State, now: Timestamp) throws(SpoolError) -> Bool {
        switch try spool.examine(id, in: state, limit: settings.maxJobSize) {
        case .gone: break
        case .irregular: log.write("\(state.path)/\(id): not a regular file; left alone", .warning)
        case .foreign:
            // A spool that root brought back from a backup.
            switch try spool.makeOwn(id, in: state, limit: settings.maxJobSize, now: now) {
            case .queued: return try recover(id, in: state, now: now)
            case .dead(let buried, let reason):
                ledger.buried(buried ?? id, "\(reason); it was \(state.path)/\(id)")
            default: break
            }
        case .malformed(_, let reason):
            if case .dead(let buried, _) = try spool.buryMalformed(id, in: state, reason: reason, now: now) {
                ledger.buried(buried ?? id, reason)
            }
        case .job(let open): return try recover(open, in: state, now: now)
        }
        return true
    }

    private func recover(_ open: consuming OpenJob, in state: State, now: Timestamp) throws(SpoolError) -> Bool {
        let history = open.contents.history
        let modified = Timestamp(nanoseconds: open.status.modified)
        let submitted = history.submitted(in: state, modified: modified, now: now)
        let value = open.contents.value
        let id = open.id
        if let day = try copy(of: open, in: state) {
            try spool.with(state) { (directory) throws(SpoolError) in
                try step(.remove, "\(state.path)/\(id)", directory.unlink(id.text))
            }
            log.write(.qmgr, job: id.text, [], text: "found in \(state.path) after a crash: done/\(day) has it, masked")
            return true
        }
        let template = value.object?["template"]?.string
        let recipients = recipients(of: value, id, submitted)
        let recovery = Recovery(history: history, recipients: recipients, now: now)
        if case .inDoubt = recovery, let refusal = template.flatMap(templates.refusal) {
            // It may say `on_doubt = hold`: only it can tell whether there may be a second mail.
            log.write("\(state.path)/\(id): in doubt, and waits for its template: \(refusal)", .warning)
            return false
        }
        let own = template.flatMap { templates.facts(of: $0) }
        let job = Result { () throws(JobError) in try Job(value) }
        // A file that is not a job has no times of its own.
        let expiry = settings.retry.expiry(submitted: submitted, of: try? job.get(), ttl: own?.ttl)
        var policy = settings.retry
        policy.maximumAttempts = own?.maximumAttempts
        let attempt = Verdict.Attempt(
            number: history.attempts, history: history, submitted: submitted, expiry: expiry,
            // A template that is gone or broken cannot say; and nothing would be sent before it was repaired.
            onDoubt: template == nil || own != nil ? own?.onDoubt ?? settings.onDoubt : .hold,
            policy: policy)
        let verdict = Verdict(recovery, of: attempt, now: now)
        log.write(.qmgr, job: id.text, [], text: "found in \(state.path) after a crash: \(verdict.target.path)")
        if state != .claimed(instance: spool.instance), try spool.claimed.holds(id) {
            _ = try spool.buryNamesake(id, in: state, reason: "cur/\(spool.instance) has a job of that id", now: now)
            return true
        }
        let waiting = WaitingJob(id, in: state, priority: .normal, template: template, expiry: expiry)
        let facts = ReadyJob.Facts(
            waiting, job, value, open.status, submitted: submitted, onDoubt: attempt.onDoubt)
        guard let claim = try spool.claim(open, from: state) else { return true }
        // What the disk does not take is not begun anew: a second `recovered` would be a second death.
        let orphan = ClaimedJob(claim, facts, attempt: attempt, isNew: false, claimedAt: Clock.monotonic)
        orphan.isReported = false
        orphan.masked = templates.masked(value)
        if !recipients.isEmpty { orphan.named = recipients }
        finish(orphan, verdict)
        return true
    }

    /// The day below `done/` that has this very job already, its secrets masked: only the end of its settlement is
    /// missing. Its history is the whole one, whatever a power cut left of the one here.
    private func copy(of open: borrowing OpenJob, in state: State) throws(SpoolError) -> String? {
        for place in try spool.places(of: open.id, except: state) {
            guard case .done(let day) = place,
                case .job(let other) = try spool.examine(open.id, in: place, limit: settings.maxJobSize)
            else { continue }
            if other.contents.value.isMasked(of: open.contents.value, by: Schema.mask),
                open.contents.history.isBeginning(of: other.contents.history)
            {
                return day
            }
        }
        return nil
    }

    /// The envelope's recipients as the attempts had them, those that are not allowed among them; none where the job
    /// or its template cannot say.
    private func recipients(of value: JSON, _ id: JobID, _ submitted: Timestamp) -> [String] {
        do {
            let job = try Job(value)
            // A task has none; and without its data a mail cannot be made, which the next claim does.
            if let name = job.template, templates.facts(of: name)?.kind ?? .mail != .mail { return [] }
            let mail = try templates.mail(for: job, id: id, date: submitted, settings: settings)
            return mail.recipients + mail.disallowed
        } catch {
            return []
        }
    }
}

extension Directory {
    fileprivate func holds(_ id: JobID) throws(SpoolError) -> Bool {
        try step(.read, "cur/\(id)", contains(id.text))
    }
}
