internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Removes old files: sent jobs after `done_retention`, and abandoned drafts. Nothing else is deleted by age.
final class Janitor {
    /// A writer gives up within 24 h; half a day later its draft is litter.
    static let draftAge = Span.hours(36)

    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    var retention: Span
    private var reading: DirectoryReading?
    /// When the wall clock was last set forward, by the time since boot.
    private var jumped: Int64?

    init(spool: SpoolTree, loop: EventLoop, log: Log, retention: Span) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.retention = retention
    }

    /// The wall clock was set forward, and every file looks older than it is: nothing is removed until its whole
    /// time has passed since now.
    func clockWasSetForward() { jumped = Clock.sinceBoot }

    /// Whether ages as long as this one can be told from the wall clock.
    private func canTell(_ age: Span) -> Bool { jumped.map { Clock.sinceBoot - $0 >= age.nanoseconds } ?? true }

    /// Begins a round, unless one is under way; the boxes are those whose `tmp/` is swept, too.
    func sweep(boxes: [DropBox], now: Timestamp) {
        guard reading == nil else { return }
        guard canTell(Janitor.draftAge) else { return pruneDone(now: now) }
        for box in boxes { sweepDrafts(of: box, now: now) }
        sweepDrafts(now: now)
    }

    private func sweepDrafts(now: Timestamp) {
        read(spool.tmp, "tmp") { [unowned self] name in
            remove(name, from: spool.tmp, ifOlderThan: Janitor.draftAge, now: now)
        } then: { [unowned self] in
            pruneDone(now: now)
        }
    }

    private func pruneDone(now: Timestamp) {
        if canTell(retention) { prune(expiredDays(now: now), now: now) }
    }

    /// A box's `tmp/` is short, or another user's litter; it is read at once.
    private func sweepDrafts(of box: DropBox, now: Timestamp) {
        do throws(Errno) {
            var stream = try box.tmp.entries()
            var count = 0
            while count < 1000, let name = try stream.next() {
                remove(name, from: box.tmp, ifOlderThan: Janitor.draftAge, now: now)
                count += 1
            }
        } catch {
            log.write("\(SpoolError(.list, "drop/\(box.name)/tmp", error))", .warning)
        }
    }

    /// The days of which something may be older than the retention, the oldest first.
    private func expiredDays(now: Timestamp) -> [String] {
        do throws(SpoolError) { return try spool.days().filter { $0 <= (now - retention).day } } catch {
            log.write("\(error)", .warning)
            return []
        }
    }

    private func prune(_ days: [String], now: Timestamp) {
        guard let day = days.first else { return }
        let rest = Array(days.dropFirst())
        do throws(SpoolError) {
            try spool.with(.done(day: day)) { (directory) throws(SpoolError) in
                read(directory, "done/\(day)") { [unowned self] name in
                    guard let text = name.text else { return }
                    removeDone("\(day)/\(text)", now: now)
                } then: { [unowned self] in
                    removeDay(day, now: now)
                    prune(rest, now: now)
                }
            }
        } catch { log.write("\(error)", .warning) }
    }

    private func removeDone(_ path: String, now: Timestamp) {
        do throws(Errno) {
            let status = try spool.done.status(path)
            if Timestamp(nanoseconds: status.modified) + retention <= now { try spool.done.unlink(path) }
        } catch { if error != .noEntry { log.write("\(SpoolError(.remove, "done/\(path)", error))", .warning) } }
    }

    private func removeDay(_ day: String, now: Timestamp) {
        guard day < now.day else { return }
        spool.forgetDay(day)
        do throws(Errno) { try spool.done.removeDirectory(day) } catch {
            // Something in it is younger than the retention, or the operator's.
            if error != .notEmpty, error != .exists, error != .noEntry {
                log.write("\(SpoolError(.remove, "done/\(day)", error))", .warning)
            }
        }
    }

    private func remove(
        _ name: DirectoryName, from directory: borrowing Directory, ifOlderThan age: Span, now: Timestamp
    ) {
        guard let text = name.text else { return }
        do throws(Errno) {
            let status = try directory.status(text)
            let youngest = Timestamp(nanoseconds: max(status.modified, status.changed))
            if status.isRegular, youngest + age < now { try directory.unlink(text) }
        } catch {
            if error != .noEntry { log.write("\(SpoolError(.remove, "tmp/\(name.printable)", error))", .warning) }
        }
    }

    private func read(
        _ directory: borrowing Directory, _ path: String, _ each: @escaping (DirectoryName) -> Void,
        then next: @escaping () -> Void
    ) {
        do throws(SpoolError) {
            reading = try DirectoryReading(directory, path: path, loop: loop, each: each) { [unowned self] error in
                reading = nil
                if let error { log.write("\(error)", .warning) }
                next()
            }
        } catch { log.write("\(error)", .warning) }
    }
}
