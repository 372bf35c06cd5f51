internal import Linux

extension SpoolTree {
    /// The directories that hold no waiting jobs, relative to the spool: they have to stay where they are, since
    /// this value has them open and would go on to use what was moved away.
    package var anchors: [String] { ["tmp", "cur", "cur/\(instance)", "retry", "hold", "dead", "done"] }

    /// The first directory that was moved, removed or replaced since the spool was opened; nil where all are in
    /// their places. One look at each: it is for once a minute, behind what inotify(7) tells.
    package func displaced() throws(SpoolError) -> String? {
        if try !isInPlace(".", root) { return "." }
        if try !isInPlace("tmp", tmp) { return "tmp" }
        if try !isInPlace("cur", cur) { return "cur" }
        if try !isInPlace("cur/\(instance)", claimed) { return "cur/\(instance)" }
        if try !isInPlace("done", done) { return "done" }
        if try !isInPlace("drop", drop) { return "drop" }
        for state in State.waiting + [.hold, .dead] {
            let stays = try with(state) { (directory) throws(SpoolError) in try isInPlace(state.path, directory) }
            if !stays { return state.path }
        }
        return nil
    }

    /// Whether `directory` is what the path leads to, from the spool's own path on.
    private func isInPlace(_ name: String, _ directory: borrowing Directory) throws(SpoolError) -> Bool {
        do throws(Errno) {
            let own = try directory.status()
            let there = try Directory(path: "\(path)/\(name)").status()
            return there.inode == own.inode && there.device == own.device
        } catch {
            if error == .noEntry || error == .notDirectory { return false }
            throw SpoolError(.read, name, error)
        }
    }
}
