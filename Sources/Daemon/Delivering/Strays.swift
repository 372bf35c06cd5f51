internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// The processes that programs of the daemon leave behind. A process that left its program's process group is found by
/// a mark in its environment, and ended once that program has ended.
///
/// The daemon adopts what loses its parent below it, and reaps it. A process that takes the mark out of its
/// environment as well as itself out of the group is not ended, only reaped: it cannot be told from a program that
/// was started together with the daemon.
final class Strays {
    private static let name = "OUTSPOOL_MARK="

    private let loop: EventLoop
    private let log: Log
    /// The beginning of every mark of this spool: the spool's device and inode, whatever path leads there.
    private let prefix: String
    /// Of which directory of `cur/` this process is.
    private let instance: String
    /// The marks of programs that run, and their processes.
    private var running: [String: Int32] = [:]
    private var sweepTimer: EventLoop.Timer?

    init(spool: SpoolTree, loop: EventLoop, log: Log) {
        self.loop = loop
        self.log = log
        prefix = "\(Strays.name)\(spool.identity):"
        instance = spool.instance
        do throws(Errno) { try Process.becomeSubreaper() } catch {
            log.write("prctl: \(error); what leaves a task's process group is ended at the next start only", .warning)
        }
    }

    /// The variable that marks the processes of a program; `name` is a job's id, or no id at all.
    func mark(_ name: String) -> String { "\(prefix)\(name):\(instance)" }

    /// A program runs.
    func began(_ mark: String, _ process: Int32) { running[mark] = process }

    /// A program has ended: what it left behind does, too.
    func ended(_ mark: String) {
        running[mark] = nil
        sweep()
    }

    /// Ends and reaps the children of this process that are not running programs; again until none is left.
    func sweep() {
        guard endChildren(), sweepTimer?.isPending != true else { return }
        // What it had started is ours once it is gone.
        sweepTimer = loop.schedule(after: .milliseconds(20)) { [weak self] in self?.sweep() }
    }

    /// Sweeps for a daemon that stops: returns when they are gone, or after a second. A killed process exists until it
    /// has run once more.
    func sweepAll() {
        let limit = Clock.monotonic + Span.seconds(1).nanoseconds
        while endChildren(), Clock.monotonic < limit { Process.pause(milliseconds: 5) }
    }

    /// Whether any was not gone yet.
    private func endChildren() -> Bool {
        let programs = Set(running.values)
        var isLeft = false
        for child in Process.children() where !programs.contains(child) {
            if Process.reap(child) { continue }
            guard let mark = mark(of: child), running[mark] == nil else { continue }
            Process.end(child)
            isLeft = true
        }
        return isLeft
    }

    private func mark(of process: Int32) -> String? {
        Process.environment(of: process)?.first { $0.hasPrefix(prefix) }
    }

    /// Ends every process that a daemon left behind that had this spool before, and returns when they are gone, or
    /// after five seconds. To be called with the spool's lock, before the jobs of that daemon are judged; those of
    /// `living` directories of `cur/`, whose lock a process has, are left alone.
    func endAll(but living: [String] = []) {
        endAll { mark in !living.contains { Strays.isOf($0, mark) } }
    }

    /// Sweeps after a process that had this directory of `cur/`; the caller holds its lock.
    func endAll(of instance: String) {
        endAll { Strays.isOf(instance, $0) }
    }

    /// Whether a mark is of a process that has that directory of `cur/`.
    private static func isOf(_ instance: String, _ mark: String) -> Bool {
        // Neither ids nor instances have a colon.
        mark.utf8.suffix(instance.utf8.count + 1).elementsEqual(":\(instance)".utf8)
    }

    private func endAll(_ isLeft: (String) -> Bool) {
        var parents: Set<Int32> = [Process.id]
        var ancestor = Process.id
        while let parent = Process.parent(of: ancestor), parent > 0, parents.insert(parent).inserted {
            ancestor = parent
        }
        var ended: Set<Int32> = []
        let limit = Clock.monotonic + Span.seconds(5).nanoseconds
        while Clock.monotonic < limit {
            let all: [Int32]
            do throws(Errno) { all = try Process.all() } catch {
                return log.write("/proc: \(error); what a dead daemon's tasks left is not looked for", .warning)
            }
            // Started by hand from within a task, the daemon would be below one.
            let strays = all.filter { !parents.contains($0) && mark(of: $0).map(isLeft) ?? false }
            if strays.isEmpty {
                if ended.isEmpty { return }
                return log.write("ended \(ended.count) processes of tasks that were left by a daemon that died")
            }
            for stray in strays {
                Process.end(stray)
                _ = Process.reap(stray)
                ended.insert(stray)
            }
            Process.pause(milliseconds: 5)
        }
        log.write("processes of tasks of a daemon that died do not end; their jobs may run twice", .warning)
    }
}
