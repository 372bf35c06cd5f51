internal import Linux
internal import Time

/// Where a producer submits: the `tmp/` and `new/` of a spool, or of a drop box.
///
/// Safe to share between threads, and made for it: those that submit at the same time share waits for the disk.
package final class Entrance: Sendable {
    package let path: String
    private let tmp: Directory
    let new: SharedSync
    /// 0600 where the producer owns the directory. Elsewhere (a drop box, or root) the daemon, which owns it, has to
    /// read the file, and no other user who can reach it.
    private let mode: UInt32

    /// Opens the spool or drop box at `path`. Neither the daemon nor its configuration is needed.
    package init(path: String) throws(SpoolError) {
        // A producer may cross its drop box and cannot read it.
        let root = try step(.open, path, Directory(anchorAt: path))
        tmp = try step(.open, "\(path)/tmp", root.directoryOrAnchor("tmp"))
        let directory = try step(.open, "\(path)/new", root.directoryOrAnchor("new"))
        let owner = try step(.open, "\(path)/new", directory.status().owner)
        new = SharedSync(directory)
        mode = owner == Process.effectiveUser ? 0o600 : 0o604
        self.path = path
    }

    /// A job's file in `tmp/`, written and synced, and not seen until it is published.
    ///
    /// When the value ends unpublished the file is removed; after a crash the daemon
    /// removes it when it is 36 h old.
    package struct Draft: ~Copyable {
        package let id: JobID
        let name: String
        let file: Descriptor
        fileprivate let entrance: Entrance
        fileprivate var isInPlace = true

        deinit {
            // A file that cannot be removed is harmless litter for the daemon to clear.
            if isInPlace { try? entrance.tmp.unlink(name) }
        }
    }

    /// Writes a job's object into `tmp/` and waits until it is on disk.
    ///
    /// On return nothing is queued: ``publish(_:)`` does that with one rename. An application
    /// prepares before its database commits and publishes after. On error nothing is left.
    package func prepare(_ object: [UInt8], id: JobID) throws(SpoolError) -> Draft {
        let draft = try write(object, id: id)
        try step(.sync, "tmp/\(draft.name)", draft.file.sync())
        return draft
    }

    /// Queues a prepared job under its id.
    ///
    /// On return the job is on disk and outlives a power cut. On error it is not queued,
    /// with one exception: after ``SpoolError/Step/settle`` the daemon may have it already.
    /// EEXIST at ``SpoolError/Step/publish`` means that a job of that id waits in `new/`.
    package func publish(_ draft: consuming Draft) throws(SpoolError) {
        try rename(&draft)
        try settle(draft)
    }

    /// ``prepare(_:id:)`` and ``publish(_:)``.
    package func submit(_ object: [UInt8], id: JobID) throws(SpoolError) { try publish(try prepare(object, id: id)) }

    func write(_ object: [UInt8], id: JobID) throws(SpoolError) -> Draft {
        // The name is random, and only the rename gives the id: a writer that crashed must not
        // block an idempotency key. Of 60 bits, two are never the same, and O_EXCL would say so.
        let name = JobID.random(characters: 12)
        let file = try step(.create, "tmp/\(name)", tmp.create(name, mode: mode))
        let draft = Draft(id: id, name: name, file: file, entrance: self)
        try step(.write, "tmp/\(name)", draft.file.write(all: object))
        return draft
    }

    func rename(_ draft: inout Draft) throws(SpoolError) {
        let name = draft.name
        let id = draft.id.text
        if try step(.publish, "new/\(id)", allowing(.invalid, tmp.rename(name, into: new.directory, as: id))) == nil {
            // The filesystem has no RENAME_NOREPLACE: link(2) refuses a name that is taken, too.
            try step(.publish, "new/\(id)", tmp.link(name, into: new.directory, as: id))
            // A second link in tmp/ is litter, and the daemon's to clear.
            try? tmp.unlink(name)
        }
        draft.isInPlace = false
    }

    func settle(_ draft: borrowing Draft) throws(SpoolError) {
        // The rename is on disk only once its directory is; where the directory may not be
        // read, syncing the file again commits the rename on ext4, XFS and btrfs.
        try step(.settle, "new/\(draft.id)", new.directory.isReadable ? new.sync() : draft.file.sync())
    }
}
