package import JSON
internal import Linux

/// Where a job is, and the last event of its history as it is written there.
package struct Whereabouts: Sendable {
    /// The state's word: `new`, `done`.
    package let state: String
    package let event: JSON?
}

extension Entrance {
    /// Looks for a job in all states of a spool, or in what a drop box is told of it, its `out/ID`. Nil if it is not there,
    /// or not for this user to see.
    package func whereabouts(of id: JobID) throws(SpoolError) -> Whereabouts? {
        guard let root = try visible(path, Directory(path: path)) else { return nil }
        let told = "out/\(id)"
        if let bytes = try visible(told, root.open(told).readAll(limit: Entrance.toldLimit)),
            let object = (try? JSON(parsing: bytes))?.object,  // A file that is not JSON tells nothing.
            let state = object["state"]?.string
        {
            return Whereabouts(state: state, event: object["event"])
        }
        var states: [State] = State.waiting + [.hold]
        states += try names(in: "cur", of: root).map { .claimed(instance: $0) }
        states += try names(in: "done", of: root).map { .done(day: $0) }
        // A job that moves meanwhile is met further on, or again in new/.
        for state in states + [.dead, .new] {
            let name = "\(state.path)/\(id)"
            guard let status = try visible(name, root.status(name)), status.isRegular else { continue }
            let bytes = try visible(name, root.open(name).readAll(limit: status.size, sizeHint: status.size)) ?? []
            let lines = bytes.split(separator: 0x0A)
            // An object that was written over several lines has none that are events.
            let event = lines.dropFirst().reversed().lazy.compactMap { try? JSON(parsing: Array($0)) }
                .first { $0.object?["event"] != nil }
            return Whereabouts(state: state.word, event: event)
        }
        return nil
    }

    /// The most bytes that a drop box is told of a job.
    private static let toldLimit = 1 << 20
}
