internal import Linux

/// The file that has a job's id in `new/`, as its submitter finds it.
package enum WaitingNamesake: Equatable, Sendable {
    /// Equal bytes: an earlier submission, which is durable now.
    case same
    /// Other bytes, or another user's file.
    case other
    /// It was taken in meanwhile, which makes it durable elsewhere; what it said is not known.
    case gone
}

extension Entrance {
    /// Compares a job with the file that keeps its id from it, after EEXIST at ``SpoolError/Step/publish``.
    ///
    /// A process that was killed between the rename and the wait for the disk has left such a file: on return of `same`
    /// it is on disk. In a drop box a producer can open its own files by their names.
    package func waitingNamesake(of id: JobID, _ object: [UInt8]) throws(SpoolError) -> WaitingNamesake {
        let path = "new/\(id)"
        do throws(Errno) {
            let file = try new.directory.open(id.text)
            guard try file.status().isRegular,
                try file.readAll(limit: object.count + 1, sizeHint: object.count) == object
            else { return .other }
            try file.sync()
        } catch {
            switch error {
            case .noEntry: return .gone
            case .accessDenied, .loop, .noDevice: return .other
            default: throw SpoolError(.settle, path, error)
            }
        }
        if new.directory.isReadable { try step(.settle, path, new.sync()) }
        return .same
    }
}
