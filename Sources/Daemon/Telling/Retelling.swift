internal import EventLoop
internal import JSON
internal import Linux
internal import Spool
internal import Time

/// Tells anew what ended in the minutes before a daemon that did not stop as it should.
///
/// Event jobs are not synced, and not every way into `dead/` waits for them. Their ids follow from the jobs of which they
/// tell: what is there is found, and what is missing is made again.
final class Retelling {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    private let outcomes: Outcomes
    private let since: Timestamp?
    private var reading: DirectoryReading?

    /// What the kernel has not written for so long before the end is on disk: its own limit is half a minute.
    static let margin = Span.minutes(5)

    /// Reads what the daemon before has said last of itself, so this comes before anything is said anew.
    init(spool: SpoolTree, loop: EventLoop, log: Log, outcomes: Outcomes) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.outcomes = outcomes
        since = Retelling.lastSign(in: spool).map { $0 - Retelling.margin }
    }

    /// When a daemon that did not stop was last alive; nil where it stopped, or none ran.
    private static func lastSign(in spool: SpoolTree) -> Timestamp? {
        guard let status = try? spool.root.status("status.json") else { return nil }
        // What a power cut has left empty does not say that it stopped.
        if let bytes = try? spool.root.open("status.json").readAll(limit: 1 << 20),
            let value = try? JSON(parsing: bytes), DaemonStatus(value)?.state == "stopped"
        {
            return nil
        }
        return Timestamp(nanoseconds: status.modified)
    }

    /// Tells of every job that has ended since, and calls `then`.
    func tell(then: @escaping () -> Void) {
        guard let since, outcomes.hasListeners else { return then() }
        do throws(SpoolError) {
            let days = try spool.days().filter { $0 >= since.day }
            tell([.hold, .dead] + days.map { .done(day: $0) }, since, then)
        } catch {
            log.write("\(error)", .warning)
            then()
        }
    }

    private func tell(_ states: [State], _ since: Timestamp, _ then: @escaping () -> Void) {
        guard let state = states.first else { return then() }
        let rest = Array(states.dropFirst())
        do throws(SpoolError) {
            try spool.with(state) { (directory) throws(SpoolError) in
                reading = try DirectoryReading(directory, path: state.path, loop: loop) { [unowned self] name in
                    look(at: name, in: state, since)
                } finish: { [unowned self] error in
                    reading = nil
                    if let error { log.write("\(error)", .warning) }
                    tell(rest, since, then)
                }
            }
        } catch {
            log.write("\(error)", .warning)
            tell(rest, since, then)
        }
    }

    private func look(at name: DirectoryName, in state: State, _ since: Timestamp) {
        guard let id = name.text.flatMap({ JobID($0) }) else { return }
        do throws(SpoolError) {
            let status = try spool.with(state) { (directory) throws(SpoolError) in
                try step(.read, "\(state.path)/\(id)", allowing(.noEntry, directory.status(id.text)))
            }
            guard let status, status.isRegular, Timestamp(nanoseconds: status.changed) >= since else { return }
            try outcomes.tell(of: id, in: state, since: since)
        } catch { log.write("\(error); no event was made of it", .warning) }
    }
}
