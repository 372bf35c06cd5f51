package import Linux
internal import Synchronization

/// A directory whose entries many threads make durable together: one fsync(2) serves all that asked for it before it
/// began.
package final class SharedSync: Sendable {
    package let directory: Directory
    /// How many have asked.
    private let asked = Atomic<UInt64>(0)
    private let served = Mutex(Served())

    private struct Served {
        /// The last of those that asked before the latest sync began, and of those whose sync failed.
        var last: UInt64 = 0
        var lastFailed: UInt64 = 0
        var failure: Errno?
    }

    package init(_ directory: consuming Directory) { self.directory = directory }

    /// On return all that this thread did to the directory before is on disk.
    ///
    /// The thread that finds nobody at it waits for the disk, the others for that thread. Who asked while a sync was under way
    /// needs the next one: what was renamed then may have missed this one. A failure is told to all that the sync was for,
    /// since the kernel tells it once.
    package func sync() throws(Errno) {
        let turn = asked.add(1, ordering: .sequentiallyConsistent).newValue
        let failure = served.withLock { served -> Errno? in
            if turn > served.last {
                let last = asked.load(ordering: .sequentiallyConsistent)
                do throws(Errno) { try directory.sync() } catch {
                    served.failure = error
                    served.lastFailed = last
                }
                served.last = last
            }
            return turn <= served.lastFailed ? served.failure : nil
        }
        if let failure { throw failure }
    }
}
