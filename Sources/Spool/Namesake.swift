package import JSON
internal import Linux
internal import Time

/// A job of the same id that is in the spool already.
package enum Namesake: Equatable {
    /// An equal job: a submission that was repeated.
    case same(State)
    /// Another job: the daemon would bury the newcomer.
    case other(State)
}

extension Entrance {
    /// Looks for a job of that id in the spool; nil if it is free, or if this user may not read the spool, as in a drop
    /// box. It is for the submitter: the daemon judges again when it claims the job.
    ///
    /// On error it is not known whether there is one.
    /// - Parameter object: the job that is to be submitted.
    package func namesake(of id: JobID, _ object: JSON) throws(SpoolError) -> Namesake? {
        guard let root = try visible(path, Directory(path: path)) else { return nil }
        var states: [State] = State.waiting + [.hold, .dead]
        states += try names(in: "cur", of: root).map { .claimed(instance: $0) }
        states += try names(in: "done", of: root).map { .done(day: $0) }
        for state in states {
            let name = "\(state.path)/\(id)"
            guard let status = try visible(name, root.status(name)), status.isRegular,
                let bytes = try visible(name, root.open(name).readAll(limit: status.size, sizeHint: status.size)),
                let value = try? JobFile(bytes).value  // An invalid file is not this job.
            else { continue }
            var isSame = value.isSame(as: object)
            if case .done = state { isSame = isSame || value.isMasked(of: object, by: JSON.mask) }
            return isSame ? .same(state) : .other(state)
        }
        return nil
    }

    func names(in directory: String, of root: borrowing Directory) throws(SpoolError) -> [String] {
        guard let opened = try visible(directory, root.directory(directory)),
            var entries = try visible(directory, opened.entries())
        else { return [] }
        var names: [String] = []
        while let entry = try step(.list, directory, entries.next()) {
            if !entry.isHidden, let name = entry.text { names.append(name) }
        }
        return names
    }

    /// Nil for what is not there, or not for this user to see.
    func visible<Result: ~Copyable>(
        _ path: String, _ call: @autoclosure () throws(Errno) -> Result
    ) throws(SpoolError) -> Result? {
        do throws(Errno) { return try call() } catch {
            switch error {
            case .noEntry, .notDirectory, .accessDenied, .notPermitted, .loop: return nil
            default: throw SpoolError(.read, path, error)
            }
        }
    }
}
