internal import JSON
internal import Linux
internal import Time

/// A job's file in this daemon's `cur/`, to be put into its next state exactly once.
///
/// Dropping the value leaves the file in `cur/`, where the next start's recovery finds it.
package struct Claim: ~Copyable {
    package let id: JobID
    /// Where it was claimed.
    package let origin: State
    let file: Descriptor
    private let inode: UInt64
    private(set) var size: Int
    private var endsInNewline: Bool

    package init(_ job: consuming OpenJob, origin: State) {
        id = job.id
        self.origin = origin
        inode = job.status.inode
        size = job.contents.size
        endsInNewline = job.contents.endsInNewline
        file = job.file
    }

    /// Appends `events` in one write(2), which begins with a newline if the file does not end in one; on error the file
    /// is as it was, or ends in a torn line that every reader ignores.
    ///
    /// Not synced unless `durably`.
    package mutating func append(_ events: [Event], durably: Bool = false) throws(SpoolError) {
        guard !events.isEmpty || durably else { return }
        var bytes: [UInt8] = endsInNewline || events.isEmpty ? [] : [0x0A]
        for event in events { bytes += event.line }
        do throws(Errno) {
            try file.write(all: bytes)
            if durably { try file.syncData() }
        } catch {
            // What a full disk took half of, or did not sync, is taken back, so that it can be
            // appended again. Where even that fails, the next append begins with a newline,
            // since the end is not known to be one.
            do throws(Errno) { try file.truncate(to: size) } catch { endsInNewline = false }
            throw SpoolError(.append, "cur/\(id)", error)
        }
        size += bytes.count
        if !bytes.isEmpty { endsInNewline = true }
    }

    /// How long the file is; see ``cut(to:)``.
    package var length: Int { size }

    /// Takes back what was appended since the file was so long, which must have been at the end of an event.
    package mutating func cut(to length: Int) throws(SpoolError) {
        try step(.append, "cur/\(id)", file.truncate(to: length))
        size = length
    }

    /// How settling ended.
    package enum Result: ~Copyable {
        /// The file is in the state, under the id: both are others than asked for where the id was taken there.
        case settled(State, JobID)
        /// The file has left the spool: it was removed.
        case gone
        /// The disk did not take it. What was done is not done again when settling is tried again.
        case unfinished(Claim, Verdict, SpoolError)
    }

    /// Appends the events, sets the due time, and renames: in this order, so that a crash
    /// between any two leaves a job in `cur/` whose history says what to do. With a masked object the
    /// rename is that of a copy, and the file goes last; see `MaskedCopy.swift`.
    package consuming func settle(_ verdict: Verdict, in spool: SpoolTree) -> Result {
        var verdict = verdict
        do throws(SpoolError) {
            while true {
                try append(verdict.events, durably: verdict.durably)
                (verdict.events, verdict.durably) = ([], false)
                if let due = verdict.due {
                    try step(.touch, "cur/\(id)", file.setModified(nanoseconds: due.nanoseconds))
                }
                let newID = verdict.newID ?? id
                let move =
                    if let object = verdict.masked {
                        try moveMasked(object, to: verdict.target, as: newID, in: spool)
                    } else {
                        try rename(to: verdict.target, as: newID, in: spool)
                    }
                switch move {
                case .renamed: return .settled(verdict.target, newID)
                case .gone: return .gone
                case .taken where verdict.target == .new:
                    if try !discardTwin(in: spool, at: verdict.at) { divert(&verdict) }
                case .taken:
                    if verdict.newID != nil { throw SpoolError(.rename, "dead/\(id)", .exists) }
                    divert(&verdict)
                }
            }
        } catch {
            return .unfinished(self, verdict, error)
        }
    }

    /// The id is taken in the target: a dead letter under a generated id keeps both.
    private func divert(_ verdict: inout Verdict) {
        var event = Event(.dead, at: verdict.at)
        event.reason = "\(verdict.target.path)/\(id) exists already"
        event.name = id.text
        verdict.events = [event]
        verdict.durably = true
        verdict.due = nil
        verdict.target = .dead
        verdict.newID = JobID.make(at: verdict.at).marked(like: id)
    }

    /// Removes the same job from `new/`, where it was submitted again while this one was being worked
    /// on: this one's history knows more. False when it is another, or cannot be compared.
    private func discardTwin(in spool: SpoolTree, at now: Timestamp) throws(SpoolError) -> Bool {
        // It was read before it was claimed.
        guard let own = try contents() else { return false }
        switch try spool.examine(id, in: .new, limit: own.object.count) {
        case .job(let twin):
            // The very file, which was moved there, is found by the next try of the rename.
            if twin.status.inode == inode { return true }
            guard twin.contents.object.elementsEqual(own.object) else { return false }
            // Whatever became of it meanwhile: the rename is tried again.
            _ = try spool.discard(new: id, inode: twin.status.inode, now: now)
            return true
        case .gone: return true
        default: return false
        }
    }

    /// The file, read again; nil when it is not a job any more.
    func contents() throws(SpoolError) -> JobFile? {
        do throws(JobFile.Fault) { return try JobFile(reading: file, size: size, limit: size) } catch {
            if case .disk(let errno) = error { throw SpoolError(.read, "cur/\(id)", errno) }
            return nil
        }
    }

    enum Move { case renamed, taken, gone }

    private func rename(to target: State, as newID: JobID, in spool: SpoolTree) throws(SpoolError) -> Move {
        let own = State.claimed(instance: spool.instance)
        if let move = try rename(from: own, to: target, as: newID, in: spool) { return move }
        // Either the directory of its day was removed while it was open, or the operator moved
        // the job out of cur/ meanwhile: it goes where its outcome belongs.
        if case .done(let day) = target { spool.forgetDay(day) }
        guard let place = try whereabouts(in: spool) else { return .gone }
        if place == target { return .renamed }
        return try rename(from: place, to: target, as: newID, in: spool) ?? .gone
    }

    /// Nil when the file is not there, or the target is a directory that was removed.
    private func rename(
        from place: State, to target: State, as newID: JobID, in spool: SpoolTree
    ) throws(SpoolError) -> Move? {
        try spool.with(target) { (directory) throws(SpoolError) in
            try spool.with(place) { (from) throws(SpoolError) in
                do throws(Errno) {
                    try from.rename(id.text, into: directory, as: newID.text)
                    return .renamed
                } catch {
                    if error == .exists { return try isSecondName(newID, directory, from) ? .renamed : .taken }
                    if error == .noEntry { return nil }
                    throw SpoolError(.rename, "\(target.path)/\(newID)", error)
                }
            }
        }
    }

    /// Tells whether the taken name is one of this very file, by a hard link: then ours goes. A crash before that
    /// leaves both names, and `cur/` is settled again.
    private func isSecondName(
        _ newID: JobID, _ target: borrowing Directory, _ place: borrowing Directory
    ) throws(SpoolError) -> Bool {
        let there = try step(.read, newID.text, allowing(.noEntry, target.status(newID.text)))
        guard let there, there.inode == inode else { return false }
        try step(.remove, id.text, allowing(.noEntry, place.unlink(id.text)))
        return true
    }

    /// The state in which this very file lies, not another one of the same name.
    func whereabouts(in spool: SpoolTree) throws(SpoolError) -> State? {
        let own = State.claimed(instance: spool.instance)
        for state in [own] + (try spool.places(of: id, except: own, afresh: true)) {
            let found = try spool.with(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)", allowing(.noEntry, directory.status(id.text).inode))
            }
            if found == inode { return state }
        }
        return nil
    }

    /// Removes the file instead of keeping it in `done/`, wherever the operator moved it meanwhile.
    package borrowing func discard(in spool: SpoolTree) throws(SpoolError) {
        let removed: Void? = try step(.remove, "cur/\(id)", allowing(.noEntry, spool.claimed.unlink(id.text)))
        guard removed == nil, let place = try whereabouts(in: spool) else { return }
        _ = try spool.with(place) { (directory) throws(SpoolError) in
            try step(.remove, "\(place.path)/\(id)", allowing(.noEntry, directory.unlink(id.text)))
        }
    }
}

extension SpoolTree {
    /// Moves an examined job into this daemon's `cur/`, or returns nil when it has gone. One that is there already, an
    /// orphan, is claimed as it is.
    ///
    /// Between the look and the rename another file may have taken the place of that name. Then it goes back to where
    /// it was, or, if that name is taken again, stays in `cur/` for the next start to judge; nil, too.
    ///
    /// `events` are appended before the rename: what the place alone says, that the operator moved the job
    /// there, would be lost with a crash behind it. On error the job is where it was.
    package func claim(
        _ job: consuming OpenJob, from state: State, noting events: [Event] = []
    ) throws(SpoolError) -> Claim? {
        let (id, inode) = (job.id, job.status.inode)
        var claim = Claim(job, origin: state)
        if state == .claimed(instance: instance) { return claim }
        try claim.append(events)
        let moved: Void? = try with(state) { (directory) throws(SpoolError) in
            try step(
                .rename, "cur/\(instance)/\(id)",
                allowing(.noEntry, directory.rename(id.text, into: claimed, as: id.text)))
        }
        guard moved != nil else { return nil }
        func giveBack() throws(SpoolError) {
            try with(state) { (directory) throws(SpoolError) in
                try step(.rename, "\(state.path)/\(id)", claimed.rename(id.text, into: directory, as: id.text))
            }
        }
        do throws(Errno) {
            if try claimed.status(id.text).inode == inode { return claim }
        } catch {
            if error == .noEntry { return claim }
            // No process would look for it in cur/ before the next start.
            try giveBack()
            throw SpoolError(.read, "cur/\(instance)/\(id)", error)
        }
        try giveBack()
        return nil
    }
}
