package import Linux

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

    /// True for a box of all users, who know nothing of each other: each has ids and a share of his own.
    package var isShared: Bool { status.permissions & 0o002 != 0 }

    /// Tells whether its directories are still those that the path leads to: they may be removed and made again.
    package func isInPlace(in spool: SpoolTree) throws(SpoolError) -> Bool {
        guard try isInPlace(new, "new", spool) else { return false }
        return try isInPlace(tmp, "tmp", spool)
    }

    private func isInPlace(
        _ directory: borrowing Directory, _ part: String, _ spool: SpoolTree
    ) throws(SpoolError) -> Bool {
        let path = "\(name)/\(part)"
        do throws(Errno) {
            let own = try directory.status()
            let there = try spool.drop.status(path)
            return there.inode == own.inode && there.device == own.device
        } catch {
            if error == .noEntry || error == .notDirectory { return false }
            throw SpoolError(.read, "drop/\(path)", error)
        }
    }

    /// Why a regular file may not be taken; nil if it may.
    func objection(to file: FileStatus, spoolOwner: UInt32) -> String? {
        if status.permissions & 0o2000 != 0 {
            // What is made in a set-group-id directory has its group; a link to another's file has not.
            if file.group != status.group { return "a file that was not made in the drop box" }
        } else if file.owner == spoolOwner && isShared {
            return "a file of the spool's owner"
        }
        return nil
    }
}
