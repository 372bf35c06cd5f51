internal import Linux
package import Time

/// The treatment of files in `new/` and the waiting states that are not jobs of the daemon's yet, or never will be.
extension SpoolTree {
    /// Puts a regular file of this daemon's that is not a job object into `dead/`, with an event that says why. A crash
    /// between the two steps leaves it where it was, to be buried again.
    package func buryMalformed(_ id: JobID, in state: State, reason: String, now: Timestamp) throws(SpoolError)
        -> Fate
    {
        let isTaken = try step(.read, "dead/\(id)", dead.contains(id.text))
        return try bury(
            id, in: state, as: isTaken ? JobID.make(at: now).marked(like: id) : id, reason: reason, now: now)
    }

    /// Puts a job whose id is another's into `dead/` under a generated id.
    package func buryNamesake(_ id: JobID, in state: State, reason: String, now: Timestamp) throws(SpoolError)
        -> Fate
    {
        try bury(id, in: state, as: JobID.make(at: now).marked(like: id), reason: reason, now: now)
    }

    private func bury(
        _ id: JobID, in state: State, as newID: JobID, reason: String, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let path = "\(state.path)/\(id)"
        var event = Event(.dead, at: now)
        event.reason = reason
        event.name = newID == id ? nil : id.text
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
            let moved: Void? = try step(
                .rename, "dead/\(newID)", allowing(.noEntry, directory.rename(id.text, into: dead, as: newID.text)))
            return moved == nil ? .gone : .dead(newID, reason: reason)
        }
    }

    /// Replaces a file that another user owns by a copy that is this daemon's, with its mtime.
    ///
    /// The history of root's file is kept, such as one of a backup that root restored. Another user's is not: that user
    /// wrote it, and may have it open. One rename(2) replaces the original: a crash leaves either, whole.
    ///
    /// A file that may not be read is the operator's to fix, and not the job's fault: EACCES, and it stays.
    package func makeOwn(_ id: JobID, in state: State, limit: Int, now: Timestamp) throws(SpoolError) -> Fate {
        let path = "\(state.path)/\(id)"
        return try with(state) { (directory) throws(SpoolError) in
            let file = try step(.open, path, allowing(.noEntry, directory.open(id.text)))
            guard let file else { return .gone }
            let status = try step(.read, path, file.status())
            guard status.isRegular else { throw SpoolError(.open, path, .invalid) }
            let isTrusted = status.owner == SpoolTree.superuser
            var object: ArraySlice<UInt8>?
            if !isTrusted || status.size > limit {
                do throws(JobFile.Fault) {
                    let contents = try JobFile(reading: file, size: status.size, limit: limit)
                    if !isTrusted { object = contents.object }
                } catch {
                    switch error {
                    case .disk(let errno): throw SpoolError(.read, path, errno)
                    case .malformed(let reason): return try buryForeign(id, at: directory, of: state, file, reason, now)
                    }
                }
            }
            let draft = JobID.random(characters: 20)
            do throws(Errno) {
                let copy = try tmp.create(draft, mode: 0o600)
                if let object { try copy.write(all: object + [0x0A]) } else { try file.copy(to: copy) }
                try copy.setModified(nanoseconds: status.modified)
                try copy.sync()
                try tmp.replace(draft, into: directory, as: id.text)
                try directory.sync()
            } catch {
                // What is left in tmp/ is litter that the sweep clears.
                try? tmp.unlink(draft)
                throw SpoolError(.copy, path, error)
            }
            return .queued(id, owner: status.owner, size: object.map { $0.count + 1 } ?? status.size)
        }
    }

    private static let superuser: UInt32 = 0

    /// Buries another user's file that is not a job: as a copy, or as it is if it is too large for one.
    private func buryForeign(
        _ id: JobID, at directory: borrowing Directory, of state: State, _ file: borrowing Descriptor, _ reason: String,
        _ now: Timestamp
    ) throws(SpoolError) -> Fate {
        let path = "\(state.path)/\(id)"
        let most = 1 << 20
        let status = try step(.read, path, file.status())
        let bytes = try step(.read, path, file.readAll(limit: most + 1, sizeHint: min(status.size, most)))
        return try bury(
            DirectoryName(id.text), at: directory, place: Place(state, DirectoryName(id.text)), now: now,
            reason: reason,
            contents: bytes.count > most ? nil : (bytes, status))
    }
}

extension Descriptor {
    /// Copies everything, from the beginning, in pieces.
    fileprivate borrowing func copy(to other: borrowing Descriptor) throws(Errno) {
        var offset = 0
        while true {
            let piece = try readAll(from: offset, limit: 1 << 20, sizeHint: offset + (1 << 20))
            if piece.isEmpty { return }
            try other.write(all: piece)
            offset += piece.count
        }
    }
}
