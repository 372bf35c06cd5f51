internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// Removes from `suppressed/`, once a day, what has had its time: entries with an end, and mails that came back and count
/// no more. A file of which nothing is left goes.
///
/// Nothing depends on it: who asks for an address judges the times himself.
final class SuppressionSweep {
    private let spool: SpoolTree
    private let loop: EventLoop
    private let log: Log
    var policy: SuppressionPolicy
    private var reading: DirectoryReading?
    /// When the last round began, by the time since boot.
    private var last: Int64?

    private static let interval = Span.days(1)

    init(spool: SpoolTree, loop: EventLoop, log: Log, policy: SuppressionPolicy) {
        self.spool = spool
        self.loop = loop
        self.log = log
        self.policy = policy
    }

    /// The wall clock was set forward, and every entry looks older than it is.
    func clockWasSetForward() { last = Clock.sinceBoot }

    /// Begins a round, if a day has passed since the last one began.
    func sweepIfDue() {
        if reading != nil { return }
        if let last, Clock.sinceBoot - last < Self.interval.nanoseconds { return }
        last = Clock.sinceBoot
        do throws(SpoolError) {
            let name = SuppressionFiles.directoryName
            guard let directory = try step(.open, name, allowing(.noEntry, spool.root.directory(name))) else { return }
            let files = try SuppressionFiles(path: spool.path)
            reading = try DirectoryReading(directory, path: name, loop: loop) { [unowned self] in
                sweep($0, in: files)
            } finish: { [unowned self] error in
                reading = nil
                if let error { log.write("\(error)", .warning) }
            }
        } catch { log.write("\(error)", .warning) }
    }

    private func sweep(_ name: DirectoryName, in files: SuppressionFiles) {
        // Another file is the operator's to look at; doctor reports it.
        guard let text = name.text, name.isRegular != false else { return }
        do throws(SpoolError) {
            guard let record = try files.record(named: text), !record.isBare,
                let kept = policy.kept(of: record, now: .now)
            else { return }
            try files.keep(kept, of: record, in: text, record.entries[0].address)
        } catch { log.write("\(error)", .warning) }
    }
}
