package import JSON
internal import Linux
internal import Time

/// A job of the same id that is in the spool already.
package enum Namesake: Equatable {
    /// The same job: a submission that was repeated.
    case same(State)
    /// Another job: the daemon would bury the newcomer.
    case other(State)
}

extension Entrance {
    /// Looks for a job of that id in the spool; nil if there is none, or if this user cannot read the spool, as in a drop
    /// box. It is for the submitter: the daemon judges again when it claims the job.
    ///
    /// - Parameter object: the job that is to be submitted.
    package func namesake(of id: JobID, _ object: JSON) -> Namesake? {
        // What cannot be read is not known here.
        guard let root = try? Directory(path: path) else { return nil }
        var states: [State] = State.waiting + [.hold, .dead]
        states += Entrance.names(in: "cur", of: root).map { .claimed(instance: $0) }
        states += Entrance.names(in: "done", of: root).map { .done(day: $0) }
        for state in states {
            let name = "\(state.path)/\(id)"
            guard let status = try? root.status(name), status.isRegular,
                let bytes = try? root.open(name).readAll(limit: status.size, sizeHint: status.size),
                let value = try? JobFile(bytes).value
            else { continue }
            var isSame = value.isSame(as: object)
            if case .done = state { isSame = isSame || value.isMasked(of: object, by: JSON.mask) }
            return isSame ? .same(state) : .other(state)
        }
        return nil
    }

    private static func names(in directory: String, of root: borrowing Directory) -> [String] {
        // As above: without the right to read there is nothing to say.
        guard let opened = try? root.directory(directory), var entries = try? opened.entries() else { return [] }
        var names: [String] = []
        while let entry = try? entries.next() {
            if !entry.isHidden, let name = entry.text { names.append(name) }
        }
        return names
    }
}
