internal import JSON
package import Linux
internal import Text
package import Time

/// One drop box, as the daemon sees it: whatever lies in it may be an attack.
package final class DropBox {
    package let name: String
    package let new: Directory
    package let tmp: Directory
    private let status: FileStatus

    /// Opens the box `drop/NAME`.
    package init(_ name: String, in spool: SpoolTree) throws(SpoolError) {
        self.name = name
        let path = "drop/\(name)"
        let box = try step(.open, path, spool.drop.directory(name))
        tmp = try step(.open, "\(path)/tmp", box.directory("tmp"))
        let opened = try step(.open, "\(path)/new", box.directory("new"))
        status = try step(.open, "\(path)/new", opened.status())
        new = opened
    }

    /// Why a file may not be taken; nil if it may.
    fileprivate func objection(to file: FileStatus, spoolOwner: UInt32) -> String? {
        if !file.isRegular { return "a \(file.kind)" }
        if file.links != 1 { return "a file with \(file.links) links" }
        if status.permissions & 0o2000 != 0 {
            // What is made in a set-group-id directory has its group; a link to another's file has not.
            if file.group != status.group { return "a file that was not made in the drop box" }
        } else if file.owner == spoolOwner && status.permissions & 0o002 != 0 {
            return "a file of the spool's owner"
        }
        return nil
    }
}

/// What became of a file that a drop box, or somebody else in `new/`, brought.
package enum Fate {
    /// The job is in `new/` under this id, durable, and the original is gone.
    case queued(JobID, owner: UInt32, size: Int)
    /// A job of that id waits in `new/`. The original is gone when its object was the same.
    case duplicate(JobID, discarded: Bool)
    /// It is in `dead/` under a generated id, or could not even be moved (`id` nil).
    case dead(JobID?, reason: String)
    /// Not complete, and so young that its writer may be at work: look again at this time.
    case later(Timestamp)
    case gone
}

extension SpoolTree {
    /// Takes one file of a drop box into `new/` as `ID@BOX`.
    ///
    /// It is copied, not moved: the producer may still have it open. The order is: copy into
    /// `tmp/`, sync, rename into `new/`, sync `new/`, and only then unlink the original; a crash
    /// leaves the original, and the copy that comes again has the same id and the same bytes.
    package func pickUp(_ name: DirectoryName, from box: DropBox, limit: Int, now: Timestamp) throws(SpoolError)
        -> Fate
    {
        try pickUp(
            name, at: box.new, place: "drop/\(box.name)/new", limit: limit, now: now,
            id: { $0.from(dropBox: box.name) }, objection: { box.objection(to: $0, spoolOwner: self.owner) })
    }

    private func pickUp(
        _ name: DirectoryName, at directory: borrowing Directory, place: String, limit: Int, now: Timestamp,
        id makeID: (JobID) -> JobID?, objection: (FileStatus) -> String?
    ) throws(SpoolError) -> Fate {
        let path = "\(place)/\(name.printable)"
        guard let text = name.text, let given = JobID(text) else {
            return try bury(name, at: directory, place: place, now: now, reason: "the name is no job id")
        }
        guard let id = makeID(given) else {
            return try bury(
                name, at: directory, place: place, now: now,
                reason: "with the drop box's name the id is over \(JobID.maximumLength) bytes")
        }
        guard let before = try step(.read, path, allowing(.noEntry, directory.status(text))) else { return .gone }
        if let reason = objection(before) {
            // A producer without RENAME_NOREPLACE links and unlinks: for a moment there are two links.
            if before.isRegular, before.links == 2, let wait = youth(before, now) { return .later(wait) }
            return try bury(name, at: directory, place: place, now: now, reason: reason)
        }
        let number: Int32
        do throws(Errno) { number = try directory.open(text).release() } catch {
            if error == .noEntry { return .gone }
            guard error == .accessDenied || error == .loop || error == .noDevice else {
                throw SpoolError(.open, path, error)
            }
            return try bury(name, at: directory, place: place, now: now, reason: "cannot be opened: \(error)")
        }
        let file = Descriptor(owning: number)
        let status = try step(.read, path, file.status())
        if let reason = objection(status) {
            return try bury(name, at: directory, place: place, now: now, reason: reason)
        }
        guard status.size <= limit else {
            return try bury(
                name, at: directory, place: place, now: now,
                reason: "\(status.size) bytes, and max_job_size is \(limit)")
        }
        let bytes = try step(.read, path, file.readAll(limit: limit + 1, sizeHint: status.size))
        let letter = JobID.letter(of: status).marked(box: SpoolTree.box(of: name, at: place))
        if try isLetter(letter, of: bytes) {
            // A crash or an error came between the letter and the removal.
            try step(.settle, "dead/\(letter)", dead.sync())
            try step(.remove, path, allowing(.noEntry, directory.unlink(text)))
            return .dead(letter, reason: "its letter was written before")
        }
        let contents: JobFile
        do throws(JSONError) { contents = try JobFile(bytes) } catch {
            if let wait = youth(status, now) { return .later(wait) }
            return try bury(
                name, at: directory, place: place, now: now, reason: "not a JSON object: \(error)",
                contents: (bytes, status))
        }
        if contents.hasStrayText {
            if let wait = youth(status, now) { return .later(wait) }
            return try bury(
                name, at: directory, place: place, now: now, reason: "text behind the job object: a file has one job",
                contents: (bytes, status))
        }
        return try publish(contents, as: id, original: text, at: directory, path: path, status: status)
    }

    /// Whether `dead/` has the letter that was made of a file with these bytes.
    private func isLetter(_ id: JobID, of bytes: [UInt8]) throws(SpoolError) -> Bool {
        let size = bytes.count
        return try step(
            .read, "dead/\(id)", allowing(.noEntry, dead.open(id.text).readAll(limit: size, sizeHint: size))) == bytes
    }

    /// When a file that does not parse is to be looked at again: its writer has 10 s.
    private func youth(_ status: FileStatus, _ now: Timestamp) -> Timestamp? {
        let end = Timestamp(nanoseconds: status.changed) + .seconds(10)
        return end > now && end <= now + .seconds(10) ? end : nil
    }

    private func publish(
        _ job: JobFile, as id: JobID, original: String, at directory: borrowing Directory, path: String,
        status: FileStatus
    ) throws(SpoolError) -> Fate {
        let draft = JobID.random(characters: 20)
        let bytes = Array(job.object) + [0x0A]
        var isPublished = false
        // A draft that cannot be removed is litter that the sweep of tmp/ clears.
        defer { if !isPublished { try? tmp.unlink(draft) } }
        let copy = try step(.create, "tmp/\(draft)", tmp.create(draft, mode: 0o600))
        try step(.copy, "tmp/\(draft)") { () throws(Errno) in
            try copy.write(all: bytes)
            // The job was submitted when its producer wrote it; a date in the future is no such time.
            try copy.setModified(nanoseconds: min(status.modified, status.changed))
            try copy.sync()
        }
        if try step(.publish, "new/\(id)", allowing(.exists, tmp.rename(draft, into: new, as: id.text))) == nil {
            return try settleDuplicate(job, of: id, original: original, at: directory, path: path, status: status)
        }
        isPublished = true
        try step(.settle, "new/\(id)", new.sync())
        try step(.remove, path, allowing(.noEntry, directory.unlink(original)))
        return .queued(id, owner: status.owner, size: bytes.count)
    }

    /// The id waits in `new/` already: the same job once more (a crash between the two steps, an
    /// interrupted transfer), or another one that took its id.
    private func settleDuplicate(
        _ job: JobFile, of id: JobID, original: String, at directory: borrowing Directory, path: String,
        status: FileStatus
    ) throws(SpoolError) -> Fate {
        let isSame: Bool
        switch try examine(id, in: .new, limit: .max - SpoolTree.historyLimit - 1) {
        case .job(let waiting): isSame = waiting.contents.value.isSame(as: job.value)
        // It was claimed a moment ago. The copy that comes when the box is read again meets the
        // daemon's own check.
        case .gone: return .later(Timestamp(nanoseconds: status.changed))
        case .malformed: isSame = false
        case .foreign: isSame = false
        case .irregular: isSame = false
        }
        if isSame {
            try step(.settle, "new/\(id)", new.sync())
            try step(.remove, path, allowing(.noEntry, directory.unlink(original)))
            return .duplicate(id, discarded: true)
        }
        return try bury(
            DirectoryName(original), at: directory, place: path, now: Timestamp(nanoseconds: status.changed),
            reason: "\(id) is queued already, with other contents", contents: (Array(job.object) + [0x0A], status))
    }

    /// The drop box that a file came from: the one that it lies in, or the one that its name tells of.
    private static func box(of name: DirectoryName, at place: String) -> String? {
        let parts = place.pieces(at: "/")
        return parts.count > 1 && parts[0] == "drop" ? String(parts[1]) : name.text.flatMap { JobID($0) }?.box
    }

    /// Puts what cannot be a job into `dead/` under a generated id: a file's contents as a copy,
    /// anything else as it is. What cannot be moved (a directory of another user) stays.
    func bury(
        _ name: DirectoryName, at directory: borrowing Directory, place: String, now: Timestamp, reason: String,
        contents: (bytes: [UInt8], of: FileStatus)? = nil
    ) throws(SpoolError) -> Fate {
        let box = SpoolTree.box(of: name, at: place)
        var id = (contents.map { JobID.letter(of: $0.of) } ?? JobID.make(at: now)).marked(box: box)
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
        let copy = try step(.create, "tmp/\(draft)", tmp.create(draft, mode: 0o600))
        try step(.copy, "dead/\(id)") { () throws(Errno) in
            try copy.write(all: contents.bytes + (contents.bytes.last == 0x0A ? [] : [0x0A]) + event.line)
            try copy.sync()
            if try allowing(.exists, tmp.rename(draft, into: dead, as: id.text)) == nil {
                // Another file's letter: inodes are used again.
                id = JobID.make(at: now).marked(box: box)
                try tmp.rename(draft, into: dead, as: id.text)
            }
            isPublished = true
            try dead.sync()
        }
        if let text = name.text {
            try step(.remove, "\(place)/\(name.printable)", allowing(.noEntry, directory.unlink(text)))
        }
        return .dead(id, reason: reason)
    }

    /// Writes the last word into a dead letter that was moved as it is, where it is this
    /// daemon's own job file; anything else is left alone.
    private func note(_ event: Event, in id: JobID) throws(SpoolError) {
        switch try examine(id, in: .dead, limit: SpoolTree.historyLimit) {
        case .job(let letter):
            var claim = Claim(letter, origin: .dead)
            try claim.append([event], durably: true)
        default: break
        }
    }
}
