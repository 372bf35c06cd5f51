internal import JSON
package import Linux
package import Time

/// The decision about a file from a drop box, or of another user in `new/`.
package enum Fate {
    /// The job is in `new/` under this id, durable, and the original is gone.
    case queued(JobID, owner: UInt32, size: Int)
    /// A job of that id waits in `new/`. The original is gone when its object was the same.
    case duplicate(JobID, discarded: Bool)
    /// It is in `dead/` under a generated id, or could not even be moved (`id` nil).
    case dead(JobID?, reason: String)
    /// Not complete, and so young that its writer may be at work: look again at this time.
    case later(Timestamp)
    /// It is larger than the room that there was, and lies where it was.
    case noRoom(size: Int)
    case gone
}

extension SpoolTree {
    /// The bytes that a dead letter has beyond its original's, at most: the event with its reason.
    package static let letterMargin = 2048

    /// Takes one file of a drop box into `new/` as `ID@BOX`, or `ID+USER@BOX` from a box of all users.
    ///
    /// It is copied, not moved: the producer may still have it open. The order is: copy into
    /// `tmp/`, sync, rename into `new/`, sync `new/`, and only then unlink the original; a crash
    /// leaves the original, and the copy that comes again has the same id and the same bytes.
    ///
    /// - Parameter room: how many bytes it may bring into the spool, as a job or as a dead letter.
    package func pickUp(
        _ name: DirectoryName, from box: DropBox, limit: Int, room: Int = .max, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let path = "drop/\(box.name)/new/\(name.printable)"
        guard let before = try step(.read, path, allowing(.noEntry, box.new.status(of: name))) else { return .gone }
        let place = Place(box, user: box.isShared ? before.owner : nil)
        var most = room.subtractingClamped(SpoolTree.letterMargin)
        if before.size > most, try isQueued(name, place) { most = .max }
        // What its owner puts into a directory would come along, now and later.
        if before.isDirectory { return .dead(nil, reason: "a directory") }
        guard let text = name.text else {
            if before.size > most { return .noRoom(size: before.size) }
            return try bury(name, at: box.new, place: place, now: now, reason: SpoolTree.noJobID)
        }
        if !before.isRegular {
            if most < 0 { return .noRoom(size: 0) }
            return try replace(text, at: box.new, place: place, before, now: now, reason: "a \(before.kind)")
        }
        // A producer without RENAME_NOREPLACE links and unlinks: for a moment there are two links.
        if before.links == 2, let wait = youth(before, now) { return .later(wait) }
        if before.size > most { return .noRoom(size: before.size) }
        func moveAway(_ reason: String) throws(SpoolError) -> Fate {
            try bury(name, at: box.new, place: place, now: now, reason: reason)
        }
        if before.links != 1 { return try moveAway("a file with \(before.links) links") }
        if let reason = box.objection(to: before, spoolOwner: owner) { return try moveAway(reason) }
        let number: Int32
        do throws(Errno) { number = try box.new.open(text).release() } catch {
            if error == .noEntry { return .gone }
            guard error == .accessDenied || error == .loop || error == .noDevice else {
                throw SpoolError(.open, path, error)
            }
            return try moveAway("cannot be opened: \(error)")
        }
        let file = Descriptor(owning: number)
        let status = try step(.read, path, file.status())
        // Another than was looked at: it gets a look of its own.
        guard status.inode == before.inode, status.isRegular, status.links == 1 else { return .later(now) }
        if let reason = box.objection(to: status, spoolOwner: owner) { return try moveAway(reason) }
        guard status.size <= limit else { return try moveAway("\(status.size) bytes, and max_job_size is \(limit)") }
        let bytes = try step(.read, path, file.readAll(limit: limit + 1, sizeHint: status.size))
        // Its producer may have it open, and go on writing.
        if bytes.count > most { return .noRoom(size: bytes.count) }
        return try take(bytes, of: status, name: text, from: box, place, now: now)
    }

    private func take(
        _ bytes: [UInt8], of status: FileStatus, name: String, from box: DropBox, _ place: Place, now: Timestamp
    ) throws(SpoolError) -> Fate {
        let path = "\(place.path)/\(name)"
        let letter = place.marked(JobID.letter(of: status))
        if try isLetter(letter, of: bytes) {
            // A crash or an error came between the letter and the removal.
            try step(.settle, "dead/\(letter)", dead.sync())
            try step(.remove, path, allowing(.noEntry, box.new.unlink(name)))
            return .dead(letter, reason: "its letter was written before")
        }
        func makeLetter(_ reason: String) throws(SpoolError) -> Fate {
            try bury(
                DirectoryName(name), at: box.new, place: place, now: now, reason: reason, contents: (bytes, status))
        }
        guard let given = JobID(name) else { return try makeLetter(SpoolTree.noJobID) }
        guard let id = given.from(dropBox: box.name, user: place.user) else {
            return try makeLetter("with the drop box's name the id is over \(JobID.maximumLength) bytes")
        }
        let contents: JobFile
        do throws(JSONError) { contents = try JobFile(bytes) } catch {
            if let wait = youth(status, now) { return .later(wait) }
            return try makeLetter("not a JSON object: \(error)")
        }
        if contents.hasStrayText {
            if let wait = youth(status, now) { return .later(wait) }
            return try makeLetter("text behind the job object: a file has one job")
        }
        return try publish(contents, as: id, original: name, at: box.new, place: place, status: status)
    }

    private static let noJobID = "the name is not a job id"

    /// Tells whether a job of that id waits in `new/` already, as after a crash between the copy and the removal: then
    /// the file needs no room.
    private func isQueued(_ name: DirectoryName, _ place: Place) throws(SpoolError) -> Bool {
        guard let id = name.text.flatMap({ JobID($0) }).map(place.marked) else { return false }
        return try step(.read, "new/\(id)", new.contains(id.text))
    }

    /// Whether `dead/` has the letter of a file with these bytes.
    private func isLetter(_ id: JobID, of bytes: [UInt8]) throws(SpoolError) -> Bool {
        let file = try step(.read, "dead/\(id)", allowing(.noEntry, dead.open(id.text)))
        guard let file else { return false }
        let kept = History.withoutEvents(bytes)
        return try step(.read, "dead/\(id)", file.readAll(limit: kept.count, sizeHint: kept.count)) == kept
    }

    /// When a file that does not parse is looked at again: its writer has 10 s.
    private func youth(_ status: FileStatus, _ now: Timestamp) -> Timestamp? {
        let end = Timestamp(nanoseconds: status.changed) + .seconds(10)
        return end > now && end <= now + .seconds(10) ? end : nil
    }

    private func publish(
        _ job: JobFile, as id: JobID, original: String, at directory: borrowing Directory, place: Place,
        status: FileStatus
    ) throws(SpoolError) -> Fate {
        let path = "\(place.path)/\(original)"
        let draft = JobID.random(characters: 20)
        let bytes = Array(job.object) + [0x0A]
        var isPublished = false
        // A draft that cannot be removed is litter that the sweep of tmp/ clears.
        defer { if !isPublished { try? tmp.unlink(draft) } }
        let copy = try step(.create, "tmp/\(draft)", tmp.create(draft, mode: 0o600))
        try step(.copy, "tmp/\(draft)") { () throws(Errno) in
            try copy.write(all: bytes)
            // The job was submitted when its producer wrote it; a date in the future is ignored.
            try copy.setModified(nanoseconds: min(status.modified, status.changed))
            try copy.sync()
        }
        if try step(.publish, "new/\(id)", allowing(.exists, tmp.rename(draft, into: new, as: id.text))) == nil {
            return try settleDuplicate(job, of: id, original: original, at: directory, place: place, status: status)
        }
        isPublished = true
        try step(.settle, "new/\(id)", new.sync())
        try step(.remove, path, allowing(.noEntry, directory.unlink(original)))
        return .queued(id, owner: status.owner, size: bytes.count)
    }

    /// The id waits in `new/` already: the same job once more (a crash between the two steps, an
    /// interrupted transfer), or another one that took its id.
    private func settleDuplicate(
        _ job: JobFile, of id: JobID, original: String, at directory: borrowing Directory, place: Place,
        status: FileStatus
    ) throws(SpoolError) -> Fate {
        let isSame: Bool
        switch try examine(id, in: .new, limit: .max) {
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
            try step(.remove, "\(place.path)/\(original)", allowing(.noEntry, directory.unlink(original)))
            return .duplicate(id, discarded: true)
        }
        return try bury(
            DirectoryName(original), at: directory, place: place, now: Timestamp(nanoseconds: status.changed),
            reason: "\(id) is queued already, with other contents", contents: (Array(job.object) + [0x0A], status))
    }
}

extension Int {
    fileprivate func subtractingClamped(_ other: Int) -> Int {
        let (difference, isTooLow) = subtractingReportingOverflow(other)
        return isTooLow ? .min : difference
    }
}
