internal import Linux
internal import Spool

extension SpoolReader {
    /// The states in which the id has a file: one, but for a job that moved while they were looked at, or
    /// that was submitted again while it is being sent.
    func places(of id: JobID) throws(Failure) -> [State] {
        var found: [State] = []
        for state in try states() {
            let path = "\(state.path)/\(id)"
            do throws(Errno) { if try root.contains(path) { found.append(state) } } catch {
                if error != .notDirectory { throw Failure(SpoolError(.read, path, error)) }
            }
        }
        return found
    }

    /// Looks again when the job was found nowhere: it may have moved from a directory that was not read yet into one
    /// that had been.
    func settledPlaces(of id: JobID) throws(Failure) -> [State] {
        for _ in 0..<SpoolReader.patience {
            let found = try places(of: id)
            if !found.isEmpty { return found }
        }
        return []
    }

    /// How often a job is looked for: a daemon moves one a few times in a row, and then it stays.
    private static let patience = 16

    /// Calls `body` with each state in which the id has a file, and looks again as long as it is gone from all of them
    /// when `body` comes: then that returns false.
    func find(_ id: JobID, _ body: (State) throws(Failure) -> Bool) throws(Failure) {
        for _ in 0..<SpoolReader.patience {
            let found = try settledPlaces(of: id)
            var isThere = found.isEmpty
            for state in found where try body(state) { isThere = true }
            if isThere { return }
        }
    }
}
