internal import JSON
internal import Linux
internal import Spool

/// A job's file in `hold/`, as it was when it was read, to be replaced by an edited one.
struct HeldFile {
    private let id: JobID
    private let status: FileStatus
    private let job: EditableJob
    /// The object for an editor, one member to a line.
    let text: [UInt8]

    init(_ id: JobID, in reader: borrowing SpoolReader) throws(Failure) {
        self.id = id
        do throws(Errno) {
            let file = try reader.root.open("hold/\(id)")
            status = try file.status()
            guard status.isRegular else { throw Errno.invalid }
            job = EditableJob(try file.readAll(limit: .max, sizeHint: status.size))
        } catch { throw Failure(SpoolError(.read, "hold/\(id)", error)) }
        // Text that is not JSON is shown as it is, to be fixed.
        let value = try? JSON(parsing: job.object)
        text = value.map { Array(($0.pretty(limit: .max) + "\n").utf8) } ?? job.object + [0x0A]
    }

    /// Puts a file with the edited object in the place of the job's, with its history, owner, mode and mtime.
    ///
    /// Written and synced in `tmp/`, then swapped with renameat2(2), which fails when the job has gone: a job that was
    /// released meanwhile does not come back. The file that was swapped out must be the one that was read; else it is
    /// swapped back. A crash leaves the old file or the new one in `hold/`, and litter in `tmp/`.
    func replace(with edited: [UInt8], in reader: borrowing SpoolReader) throws(Failure) {
        let draft = "tmp/" + JobID.random(characters: 20)
        let place = "hold/\(id)"
        do throws(Errno) {
            let file = try reader.root.create(draft, mode: 0o600)
            do throws(Errno) {
                let made = try file.status()
                if made.owner != status.owner || made.group != status.group {
                    try file.setOwner(status.owner, group: status.group)
                }
                try file.setMode(status.permissions)
                try file.write(all: job.file(with: edited))
                try file.setModified(nanoseconds: status.modified)
                try file.sync()
                try reader.root.exchange(draft, with: place)
                let old = try reader.root.status(draft)
                guard old.inode == status.inode, old.size == status.size, old.modified == status.modified else {
                    try reader.root.exchange(draft, with: place)
                    throw Errno.again
                }
            } catch {
                // It is the error that matters; a draft is cleared by the daemon.
                try? reader.root.unlink(draft)
                throw error
            }
            try reader.root.unlink(draft)
            try reader.root.directory("hold").sync()
        } catch {
            if error == .noEntry || error == .again {
                throw Failure(
                    .temporary, "\(id) was changed or moved meanwhile, and was left alone")
            }
            throw Failure(SpoolError(.write, place, error))
        }
    }

    /// Whether the edited job has another time to be sent at.
    func isChangedSchedule(_ edited: [UInt8]) -> Bool {
        // Both were judged before; text that is not JSON has no time.
        (try? JSON(parsing: edited))?.object?["sendAt"] != (try? JSON(parsing: job.object))?.object?["sendAt"]
    }
}
