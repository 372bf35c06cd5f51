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

    /// The same, patiently: a job that is nowhere may have passed from a directory that was still to be looked at
    /// into one that had been.
    func settledPlaces(of id: JobID) throws(Failure) -> [State] {
        for _ in 0..<4 {
            let found = try places(of: id)
            if !found.isEmpty { return found }
        }
        return []
    }
}
