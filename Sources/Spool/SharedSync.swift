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
        case served
        case failed(Errno)
    }

    package init(_ directory: consuming Directory) { self.directory = directory }

    /// On return all that this thread did to the directory before is on disk.
    ///
    /// The first thread waits for the disk, the others for that thread. A thread that asked while a sync was under way
    /// needs the next one: its rename may have come too late for this one. A failure is reported to all that the sync
    /// was for, since the kernel reports it once.
    package func sync() throws(Errno) {
        var turn: UInt64?
        while true {
            var part = Part.served
            turns.wait { turns in
                if turn == nil { turns.asked += 1 }
                let own = turn ?? turns.asked
                turn = own
                if own <= turns.served {
                    if own <= turns.failed, let failure = turns.failure { part = .failed(failure) }
                    return true
                }
                if turns.isUnderWay { return false }
                turns.isUnderWay = true
                part = .lead(last: turns.asked)
                return true
            }
            switch part {
            case .lead(let last): lead(last)
            case .served: return
            case .failed(let failure): throw failure
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
