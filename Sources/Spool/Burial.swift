internal import JSON
package import Linux
internal import Text
package import Time

/// Where something lies that cannot become a job, and what the id of its letter tells of that.
struct Place {
    /// The directory, relative to the spool.
    let path: String
    /// The drop box, and in one of all users the user.
    let box: String?
    let user: UInt32?

    init(_ box: DropBox, user: UInt32?) { (path, self.box, self.user) = ("drop/\(box.name)/new", box.name, user) }

    /// A state's directory. What came from a drop box is known by its name.
    init(_ state: State, _ name: DirectoryName) {
        let id = name.text.flatMap { JobID($0) }
        (path, box, user) = (state.path, id?.box, id?.submitter)
    }

    /// The id with the mark of the box.
    func marked(_ id: JobID) -> JobID { box.flatMap { id.from(dropBox: $0, user: user) } ?? id }
}

/// Burial: whatever cannot become a job goes to `dead/`, always under a generated id, and with its reason.
extension SpoolTree {
    /// Puts something of a waiting state into `dead/` under a generated id: a bad name, a directory, a link. It is
    /// never opened.
    ///
    /// A link, a FIFO and the like hold nothing: an empty job with the reason takes their place.
    package func buryIrregular(
        _ name: DirectoryName, in state: State, reason: String, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let place = Place(state, name)
        return try with(state) { (directory) throws(SpoolError) in
            if let text = name.text {
                let status = try step(
                    .read, "\(state.path)/\(name.printable)", allowing(.noEntry, directory.status(text)))
                guard let status else { return .gone }
                if !status.isRegular, !status.isDirectory {
                    return try replace(text, at: directory, place: place, status, now: now, reason: reason)
                }
            }
            return try bury(name, at: directory, place: place, now: now, reason: reason)
        }
    }

    /// Puts an empty job with the reason into `dead/`, in the place of something that has no contents.
    /// A crash before the removal leaves both; the letter has the same id when it is made again.
    func replace(
        _ name: String, at directory: borrowing Directory, place: Place, _ status: FileStatus, now: Timestamp,
        reason: String
    ) throws(SpoolError) -> Fate {
        try bury(
            DirectoryName(name), at: directory, place: place, now: now, reason: reason,
            contents: (Array("{}".utf8), status))
    }

    /// Puts what cannot be a job into `dead/` under a generated id: a file's contents as a copy,
    /// anything else as it is. What cannot be moved (a directory of another user) stays.
    ///
    /// Lines of the contents that have the form of events are left out: a dead letter may be edited and sent, and its
    /// history is the daemon's.
    func bury(
        _ name: DirectoryName, at directory: borrowing Directory, place: Place, now: Timestamp, reason: String,
        contents: (bytes: [UInt8], of: FileStatus)? = nil
    ) throws(SpoolError) -> Fate {
        var id = place.marked(contents.map { JobID.letter(of: $0.of) } ?? JobID.make(at: now))
        var event = Event(.dead, at: now)
        event.reason = reason
        event.name = name.printable
        emptiness.willFill(.dead)
        guard let contents else {
            do throws(Errno) { try directory.rename(bytes: name, into: dead, as: id.text) } catch {
                switch error {
                case .noEntry: return .gone
                case .accessDenied, .notPermitted: return .dead(nil, reason: reason)
                default: throw SpoolError(.rename, "dead/\(id)", error)
                }
            }
            try note(event, in: id)
            return .dead(id, reason: reason)
        }
        let draft = JobID.random(characters: 20)
        var isPublished = false
        // A draft that cannot be removed is litter that the sweep of tmp/ clears.
        defer { if !isPublished { try? tmp.unlink(draft) } }
        let kept = History.withoutEvents(contents.bytes)
        let copy = try step(.create, "tmp/\(draft)", tmp.create(draft, mode: 0o600))
        try step(.copy, "dead/\(id)") { () throws(Errno) in
            try copy.write(all: kept + (kept.last == 0x0A ? [] : [0x0A]) + event.line)
            try copy.sync()
            if try allowing(.exists, tmp.rename(draft, into: dead, as: id.text)) == nil {
                // Another file's letter: inodes are used again.
                id = place.marked(JobID.make(at: now))
                try tmp.rename(draft, into: dead, as: id.text)
            }
            isPublished = true
            try dead.sync()
        }
        if let text = name.text {
            try step(.remove, "\(place.path)/\(name.printable)", allowing(.noEntry, directory.unlink(text)))
        }
        return .dead(id, reason: reason)
    }

    /// Writes the last word into a dead letter that was moved as it is, where it is this
    /// daemon's own job file; anything else is left alone.
    private func note(_ event: Event, in id: JobID) throws(SpoolError) {
        switch try examine(id, in: .dead, limit: .max) {
        case .job(let letter):
            var claim = Claim(letter, origin: .dead)
            try claim.append([event], durably: true)
        default: break
        }
    }
}
