internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Tells anew what has ended since a moment, as the directories say: after a death, and where more ended than is
/// remembered.
///
/// The ids of events follow from the jobs of which they tell: what is there is found, and what is missing is made.
final class Retelling {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let outcomes: Outcomes
    private var reading: DirectoryReading?
    private var isWhole = true

    init(spool: SpoolTree, loop: EventLoop, log: Log, outcomes: Outcomes) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.outcomes = outcomes
    }

    /// Tells of every job of this process's share that has ended since, and calls `then`, with whether the disk let all be
    /// told.
    func tell(since: Timestamp, then: @escaping (Bool) -> Void) {
        isWhole = true
        var days: [String] = []
        do throws(SpoolError) { days = try spool.days().filter { $0 >= since.day } } catch { note(error) }
        tell([.hold, .dead] + days.map { .done(day: $0) }, since) { [unowned self] in then(isWhole) }
    }

    private func note(_ error: SpoolError) {
        isWhole = isWhole && !error.isTemporary
        log.write("\(error): an outcome is told later", .warning)
    }

    private func tell(_ states: [State], _ since: Timestamp, _ then: @escaping () -> Void) {
        guard let state = states.first else { return then() }
        let rest = Array(states.dropFirst())
        do throws(SpoolError) {
            try spool.with(state) { (directory) throws(SpoolError) in
                reading = try DirectoryReading(
                    directory, path: state.path, loop: loop,
                    each: { [unowned self] in look(at: $0, in: state, since) },
                    finish: { [unowned self] error in
                        reading = nil
                        if let error { note(error) }
                        tell(rest, since, then)
                    })
            }
        } catch {
            note(error)
            tell(rest, since, then)
        }
    }

    private func look(at name: DirectoryName, in state: State, _ since: Timestamp) {
        guard spool.share.owns(name), let id = name.text.flatMap({ JobID($0) }) else { return }
        do throws(SpoolError) {
            let status = try spool.with(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)", allowing(.noEntry, directory.status(id.text)))
            }
            guard let status, status.isRegular, Timestamp(nanoseconds: status.changed) >= since else { return }
            try outcomes.tell(of: id, in: state, since: since)
        } catch { note(error) }
    }
}
