internal import Linux
package import Time

extension SpoolTree {
    /// Removes the file `new/ID`, if it is still the one with that inode; false when another is there, or none.
    ///
    /// A name may be given to another file at any moment, and what was seen twice may be one file that was moved: so
    /// the file is taken out of sight first, and removed when it is the one that was meant. Else it is put back. A
    /// crash between leaves it in `tmp/`, and the job of which it was a copy where it was.
    func discard(new id: JobID, inode: UInt64, now: Timestamp) throws(SpoolError) -> Bool {
        let name = JobID.random(characters: 20)
        let taken: Void? = try step(.remove, "new/\(id)", allowing(.noEntry, new.rename(id.text, into: tmp, as: name)))
        guard taken != nil else { return false }
        return try step(.remove, "new/\(id)") { () throws(Errno) in
            if try tmp.status(name).inode == inode {
                try tmp.unlink(name)
                return true
            }
            if try allowing(.exists, tmp.rename(name, into: new, as: id.text)) == nil {
                // A third file of that name: this one is kept, under another.
                emptiness.willFill(.dead)
                try tmp.rename(name, into: dead, as: JobID.make(at: now).marked(like: id).text)
            }
            return false
        }
    }

    /// The decision about a newcomer in `new/` whose id is elsewhere in the spool.
    package enum Duplicate: Equatable, Sendable {
        /// It was the same job, or could not be compared with it, and is gone.
        case discarded
        /// It is another job, to be put away under another id.
        case other
        /// The other file has gone, or is the very same file, which was moved: no duplicate.
        case none
    }

    /// Holds the newcomer `new/ID`, whose inode is known, against the file of that id in `place`, and removes it where
    /// `isSame` says that this is the same job.
    package func settleDuplicate(
        _ id: JobID, inode: UInt64, of place: State, limit: Int, now: Timestamp, isSame: (JobFile) -> Bool
    ) throws(SpoolError) -> Duplicate {
        let (other, isTheSame): (UInt64, Bool)
        switch try examine(id, in: place, limit: limit) {
        case .job(let job): (other, isTheSame) = (job.status.inode, isSame(job.contents))
        case .foreign(let status): (other, isTheSame) = (status.inode, true)
        case .malformed(let status, _): (other, isTheSame) = (status.inode, false)
        case .irregular(let status): (other, isTheSame) = (status.inode, false)
        case .gone: return .none
        }
        if other == inode { return .none }
        if !isTheSame { return .other }
        return try discard(new: id, inode: inode, now: now) ? .discarded : .none
    }
}
