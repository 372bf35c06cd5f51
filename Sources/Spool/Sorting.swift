package import Linux
package import Time

/// What is done with files in `new/` and the waiting states that are no jobs of the daemon's yet,
/// or never will be.
extension SpoolTree {
    /// Puts something in `new/` into `dead/` under a generated id: a bad name, a directory, a
    /// link. It is never opened.
    package func buryIrregular(_ name: DirectoryName, reason: String, now: Timestamp) throws(SpoolError) -> Fate {
        try bury(name, at: new, place: "new", now: now, reason: reason)
    }

    /// Puts a regular file of this daemon's that is no job object into `dead/`, with an event that
    /// says why. A crash between the two steps leaves it where it was, to be buried again.
    package func buryMalformed(_ id: JobID, in state: State, reason: String, now: Timestamp) throws(SpoolError)
        -> Fate
    {
        try bury(id, in: state, as: [id, JobID.make(at: now).marked(box: id.box)], reason: reason, now: now)
    }

    /// Puts a job whose id is another's into `dead/` under a generated id.
    package func buryNamesake(_ id: JobID, in state: State, reason: String, now: Timestamp) throws(SpoolError)
        -> Fate
    {
        try bury(id, in: state, as: [JobID.make(at: now).marked(box: id.box)], reason: reason, now: now)
    }

    private func bury(
        _ id: JobID, in state: State, as names: [JobID], reason: String, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let path = "\(state.path)/\(id)"
        var event = Event(.dead, at: now)
        event.reason = reason
        event.name = names.first == id ? nil : id.text
        return try with(state) { (directory) throws(SpoolError) in
            do throws(Errno) {
                let file = try directory.open(id.text, .append)
                // A file that ends in the middle of something must not swallow the event.
                try file.write(all: [0x0A] + event.line)
                try file.syncData()
            } catch {
                if error == .noEntry { return .gone }
                throw SpoolError(.append, path, error)
            }
            emptiness.willFill(.dead)
            for name in names {
                do throws(Errno) {
                    try directory.rename(id.text, into: dead, as: name.text)
                    return .dead(name, reason: reason)
                } catch {
                    if error == .noEntry { return .gone }
                    if error != .exists { throw SpoolError(.rename, "dead/\(name)", error) }
                }
            }
            throw SpoolError(.rename, "dead/\(id)", .exists)
        }
    }

    /// Replaces a file that another user owns, such as root, by a copy that is this daemon's.
    ///
    /// Only the owner of the spool and root can put files there, so the copy keeps the history, and
    /// the mtime. One rename(2) replaces the original: a crash leaves either, whole.
    package func makeOwn(_ id: JobID, in state: State, limit: Int, now: Timestamp) throws(SpoolError) -> Fate {
        let path = "\(state.path)/\(id)"
        return try with(state) { (directory) throws(SpoolError) in
            let number: Int32
            do throws(Errno) { number = try directory.open(id.text).release() } catch {
                if error == .noEntry { return .gone }
                guard error == .accessDenied || error == .loop else { throw SpoolError(.open, path, error) }
                return try bury(
                    DirectoryName(id.text), at: directory, place: state.path, now: now,
                    reason: "cannot be opened: \(error)")
            }
            let file = Descriptor(owning: number)
            let status = try step(.read, path) { () throws(Errno) in try file.status() }
            guard status.isRegular, status.links == 1, status.size <= limit + SpoolTree.historyLimit else {
                return try bury(
                    DirectoryName(id.text), at: directory, place: state.path, now: now,
                    reason: "\(status.kind) of another user, \(status.size) bytes, \(status.links) links")
            }
            let bytes = try step(.read, path) { () throws(Errno) in
                try file.readAll(limit: limit + SpoolTree.historyLimit, sizeHint: status.size)
            }
            let draft = JobID.random(characters: 20)
            do throws(Errno) {
                let copy = try tmp.create(draft, mode: 0o600)
                try copy.write(all: bytes)
                try copy.setModified(nanoseconds: status.modified)
                try copy.sync()
                try tmp.replace(draft, into: directory, as: id.text)
                try directory.sync()
            } catch {
                // What is left in tmp/ is litter that the sweep clears.
                try? tmp.unlink(draft)
                throw SpoolError(.copy, path, error)
            }
            return .queued(id, owner: status.owner, size: bytes.count)
        }
    }
}
