internal import Linux

extension Entrance {
    /// Makes a job durable that ``namesake(of:_:)`` found: its producer may have been killed before the disk had the
    /// rename.
    ///
    /// On return true the job outlives a power cut. False if it is in that state no more. What is in `done/` was sent, and
    /// is left alone.
    package func settle(known id: JobID, in state: State) throws(SpoolError) -> Bool {
        if case .done = state { return true }
        let name = "\(state.path)/\(id)"
        let root = try step(.open, path, Directory(anchorAt: path))
        // Syncing the file commits its last rename on ext4, XFS and btrfs; syncing the directory does so everywhere.
        guard let file = try step(.settle, name, allowing(.noEntry, root.open(name))) else { return false }
        try step(.settle, name, file.sync())
        guard let directory = try step(.settle, state.path, allowing(.noEntry, root.directoryOrAnchor(state.path)))
        else { return false }
        if directory.isReadable { try step(.settle, state.path, directory.sync()) }
        return true
    }
}
