internal import Linux
internal import Spool

/// The files directly below the spool by which the operator steers: pauses, and requests to end a job's program.
final class SteeringFiles {
    private let spool: SpoolTree
    private let log: Log
    /// Whether changes are logged: of several processes that read these files, one tells.
    private let isTelling: Bool
    private let use: (Pauses) -> Void
    private let cancel: (JobID) -> Void
    private(set) var pauses = Pauses()

    /// `use` gets the pauses whenever they change, `cancel` each job of this process's share whose program is to end.
    init(
        _ spool: SpoolTree, _ log: Log, isTelling: Bool, use: @escaping (Pauses) -> Void,
        cancel: @escaping (JobID) -> Void
    ) {
        self.spool = spool
        self.log = log
        self.isTelling = isTelling
        self.use = use
        self.cancel = cancel
    }

    /// A file came.
    func appeared(_ name: DirectoryName) {
        if let id = name.text.flatMap(Cancellation.id) { return cancelOwn(id) }
        change(name) { $0.insert($1) }
    }

    /// A file has gone.
    func vanished(_ name: DirectoryName) { change(name) { $0.remove($1) } }

    private func change(_ name: DirectoryName, _ change: (inout Pauses, String) -> Bool) {
        var pauses = pauses
        if let text = name.text, change(&pauses, text) { take(pauses) }
    }

    /// Reads them all. False when the spool could not be listed: then what was known of pauses holds.
    @discardableResult
    func read() -> Bool {
        var pauses = Pauses()
        var cancelled: [JobID] = []
        do throws(Errno) {
            var stream = try spool.root.entries()
            while let name = try stream.next() {
                guard let text = name.text else { continue }
                if let id = Cancellation.id(in: text) { cancelled.append(id) } else { _ = pauses.insert(text) }
            }
        } catch {
            log.write("\(SpoolError(.list, spool.path, error))", .warning)
            return false
        }
        if pauses != self.pauses { take(pauses) }
        for id in cancelled { cancelOwn(id) }
        return true
    }

    private func cancelOwn(_ id: JobID) { if spool.share.owns(id.text) { cancel(id) } }

    private func take(_ pauses: Pauses) {
        self.pauses = pauses
        let names = pauses.files.sorted().map { $0 == .all ? "everything" : "\($0)" }
        if isTelling { log.write(names.isEmpty ? "not paused" : "paused: \(names.joined(separator: ", "))") }
        use(pauses)
    }
}
