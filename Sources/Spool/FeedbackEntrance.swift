internal import Linux
package import Time

/// Where a report is brought: `feedback/tmp` and `feedback/new` of a spool.
package struct FeedbackEntrance: ~Copyable {
    private let tmp: Directory
    private let new: Directory
    /// 0600 where the caller owns the directory; elsewhere the daemon, which owns it, has to read the file.
    private let mode: UInt32

    /// Opens the door of the spool at `path`. Neither the daemon nor its configuration is needed.
    package init(spool path: String) throws(SpoolError) {
        // Most users may cross these directories, and not read them.
        let root = try step(.open, path, Directory(anchorAt: path))
        let box = try step(.open, "\(path)/feedback", root.directoryOrAnchor("feedback"))
        let drafts = try step(.open, "\(path)/feedback/tmp", box.directoryOrAnchor("tmp"))
        let reports = try step(.open, "\(path)/feedback/new", box.directoryOrAnchor("new"))
        mode = try step(.open, path, reports.status().owner) == Process.effectiveUser ? 0o600 : 0o604
        tmp = drafts
        new = reports
    }

    /// Brings a report, and returns the name that it has in `feedback/new`.
    ///
    /// On return it is on disk and outlives a power cut. On error it is not there, but for ``SpoolError/Step/settle``:
    /// then it may be, and the same report brought again is told once.
    package func bring(_ bytes: [UInt8], now: Timestamp) throws(SpoolError) -> String {
        let name = JobID.make(at: now).text
        let file = try step(.create, "feedback/tmp/\(name)", tmp.create(name, mode: mode))
        do throws(SpoolError) {
            try step(.write, "feedback/tmp/\(name)", file.write(all: bytes))
            try step(.sync, "feedback/tmp/\(name)", file.sync())
            if try step(.rename, "feedback/new/\(name)", allowing(.invalid, tmp.rename(name, into: new, as: name)))
                == nil
            {
                // The filesystem has no RENAME_NOREPLACE.
                try step(.rename, "feedback/new/\(name)", tmp.link(name, into: new, as: name))
                try? tmp.unlink(name)  // A second link is litter, and the daemon's to clear.
            }
        } catch {
            try? tmp.unlink(name)  // As above.
            throw error
        }
        // Where the directory may not be read, syncing the file again commits the rename on ext4, XFS and btrfs.
        try step(.settle, "feedback/new/\(name)", new.isReadable ? new.sync() : file.sync())
        return name
    }
}
