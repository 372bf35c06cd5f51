internal import Linux
package import Time

/// A job's file in this daemon's `cur/`, to be put into its next state exactly once.
///
/// Dropping the value leaves the file in `cur/`, where the next start's recovery finds it.
package struct Claim: ~Copyable {
    package let id: JobID
    /// Where it was claimed.
    package let origin: State
    private let file: Descriptor
    private let inode: UInt64
    private var size: Int
    private var endsInNewline: Bool

    package init(_ job: consuming OpenJob, origin: State) {
        id = job.id
        self.origin = origin
        inode = job.status.inode
        size = job.contents.size
        endsInNewline = job.contents.endsInNewline
        file = job.file
    }

    /// Appends `events` in one write(2), which begins with a newline if the file's last byte is
    /// none; on error the file is as it was, or ends in a torn line that every reader ignores.
    ///
    /// Not synced unless `durably`.
    package mutating func append(_ events: [Event], durably: Bool = false) throws(SpoolError) {
        guard !events.isEmpty || durably else { return }
        var bytes: [UInt8] = endsInNewline ? [] : [0x0A]
        for event in events { bytes += event.line }
        do throws(Errno) {
            try file.write(all: bytes)
            size += bytes.count
            endsInNewline = true
            if durably { try file.syncData() }
        } catch {
            // Half a line of a full disk is taken back; where even that fails, the next append
            // begins with a newline, since the end is not known to be one.
            do throws(Errno) { try file.truncate(to: size) } catch { endsInNewline = false }
            throw SpoolError(.append, "cur/\(id)", error)
        }
    }

    /// A job's way out of `cur/`.
    package struct Settlement: Sendable {
        package var at: Timestamp
        package var events: [Event]
        /// Whether the history must be on disk before the rename.
        package var durably: Bool
        /// The due time, for the states that have one.
        package var due: Timestamp?
        package var target: State

        package init(
            at: Timestamp, _ events: [Event], durably: Bool = false, due: Timestamp? = nil, target: State
        ) {
            self.at = at
            self.events = events
            self.durably = durably
            self.due = due
            self.target = target
        }
    }

    /// How settling ended.
    package enum Result: ~Copyable {
        /// The file is in the state, which is another than asked for where the id was taken there.
        case settled(State)
        /// The file is no longer in the spool: somebody removed it.
        case gone
        /// The disk did not take it. What was done is not done again when settling is tried again.
        case unfinished(Claim, Settlement, SpoolError)
    }

    /// Appends the events, sets the due time, and renames: in this order, so that a crash
    /// between any two leaves a job in `cur/` whose history says what to do.
    package consuming func settle(_ settlement: Settlement, in spool: SpoolTree) -> Result {
        var settlement = settlement
        do throws(SpoolError) {
            if !settlement.events.isEmpty {
                try append(settlement.events, durably: settlement.durably)
                settlement.events = []
            }
            if let due = settlement.due {
                try step(.touch, "cur/\(id)") { () throws(Errno) in try file.setModified(nanoseconds: due.nanoseconds) }
            }
            switch try rename(to: settlement.target, in: spool) {
            case .renamed: return .settled(settlement.target)
            case .gone: return .gone
            case .taken: return try settleElsewhere(settlement, in: spool)
            }
        } catch {
            return .unfinished(self, settlement, error)
        }
    }

    private enum Move { case renamed, taken, gone }

    private func rename(to target: State, as newName: JobID? = nil, in spool: SpoolTree) throws(SpoolError) -> Move {
        try spool.with(target) { (directory) throws(SpoolError) in
            do throws(Errno) {
                try spool.claimed.rename(id.text, into: directory, as: (newName ?? id).text)
                return .renamed
            } catch {
                if error == .exists { return .taken }
                if error != .noEntry { throw SpoolError(.rename, "\(target.path)/\(id)", error) }
            }
            // The operator moved it out of cur/ meanwhile. It goes where its outcome belongs.
            guard let place = try whereabouts(in: spool) else { return .gone }
            if place == target { return .renamed }
            return try spool.with(place) { (from) throws(SpoolError) in
                do throws(Errno) {
                    try from.rename(id.text, into: directory, as: (newName ?? id).text)
                    return .renamed
                } catch {
                    if error == .exists { return .taken }
                    if error == .noEntry { return .gone }
                    throw SpoolError(.rename, "\(target.path)/\(id)", error)
                }
            }
        }
    }

    /// The state in which this very file lies, not another one of the same name.
    private func whereabouts(in spool: SpoolTree) throws(SpoolError) -> State? {
        for state in try spool.places(of: id, except: .claimed(instance: spool.instance)) {
            let found = try spool.with(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)") { () throws(Errno) in try directory.status(id.text).inode }
            }
            if found == inode { return state }
        }
        return nil
    }

    /// The id is taken in the target: a dead letter under a generated id keeps both.
    private mutating func settleElsewhere(_ settlement: Settlement, in spool: SpoolTree) throws(SpoolError) -> Result {
        var event = Event(.dead, at: settlement.at)
        event.reason = "\(settlement.target.path)/\(id) exists already"
        event.name = id.text
        try append([event], durably: true)
        switch try rename(to: .dead, as: JobID.make(at: settlement.at), in: spool) {
        case .renamed: return .settled(.dead)
        case .gone: return .gone
        case .taken: throw SpoolError(.rename, "dead/\(id)", .exists)
        }
    }

    /// Removes the file instead of keeping it in `done/`.
    package consuming func discard(in spool: SpoolTree) throws(SpoolError) {
        do throws(Errno) { try spool.claimed.unlink(id.text) } catch {
            if error != .noEntry { throw SpoolError(.remove, "cur/\(id)", error) }
        }
    }
}

extension SpoolTree {
    /// Moves an examined job into this daemon's `cur/`, or returns nil when somebody took it away.
    /// One that is there already, an orphan, is claimed as it is.
    package func claim(_ job: consuming OpenJob, from state: State) throws(SpoolError) -> Claim? {
        let id = job.id
        if state == .claimed(instance: instance) { return Claim(job, origin: state) }
        let moved = try with(state) { (directory) throws(SpoolError) in
            do throws(Errno) {
                try directory.rename(id.text, into: claimed, as: id.text)
                return true
            } catch {
                if error == .noEntry { return false }
                throw SpoolError(.rename, "cur/\(instance)/\(id)", error)
            }
        }
        return moved ? Claim(job, origin: state) : nil
    }
}
