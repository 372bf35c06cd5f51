package import Linux

/// A directory whose entries many threads make durable together: one fsync(2) serves all that asked for it before it
/// began.
package final class SharedSync: Sendable {
    package let directory: Directory
    private let turns = Monitor(Turns())

    private struct Turns {
        /// How many have asked, the last of those that were served, and the last of those whose sync failed.
        var asked: UInt64 = 0
        var served: UInt64 = 0
        var failed: UInt64 = 0
        var failure: Errno?
        var isUnderWay = false
    }

    private enum Part {
        /// To sync, for all that have asked up to this one.
        case lead(last: UInt64)
        case served(failure: Errno?)
    }

    package init(_ directory: consuming Directory) { self.directory = directory }

    /// On return all that this thread did to the directory before is on disk.
    ///
    /// The thread that finds nobody at it waits for the disk, the others for that thread. Who asked while a sync was
    /// under way needs the next one: what was renamed then may have missed this one. A failure is told to all that the
    /// sync was for, since the kernel tells it once.
    package func sync() throws(Errno) {
        let turn = turns.withLock { turns in
            turns.asked += 1
            return turns.asked
        }
        while true {
            let part = turns.wait { turns -> Part? in
                if turn <= turns.served { return .served(failure: turn <= turns.failed ? turns.failure : nil) }
                if turns.isUnderWay { return nil }
                turns.isUnderWay = true
                return .lead(last: turns.asked)
            }
            switch part {
            case .lead(let last): lead(last)
            case .served(nil): return
            case .served(let failure?): throw failure
            }
        }
    }

    private func lead(_ last: UInt64) {
        var failure: Errno?
        do throws(Errno) { try directory.sync() } catch { failure = error }
        turns.withLock { turns in
            turns.isUnderWay = false
            turns.served = last
            if let failure { (turns.failed, turns.failure) = (last, failure) }
        }
        turns.wakeAll()
    }
}
