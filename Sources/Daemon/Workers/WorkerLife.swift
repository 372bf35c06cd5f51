package import Spool
package import Time

/// A parent's record of one worker, and when it starts it again: at once, and later each time that it dies soon.
///
/// Moments are of the monotonic clock, in nanoseconds, but for ``sign``, which people read.
package struct WorkerLife: Equatable, Sendable {
    package enum State: String, Sendable {
        case starting, running, stopping
        /// A process of an earlier start has the lock of its directory.
        case waiting
        /// It has ended, and is started again.
        case dead
    }

    /// One that lived for less died soon.
    package static let soon = Span.seconds(10)
    package static let longestWait = Span.seconds(30)
    /// One that told nothing for so long is told of.
    package static let patience = DaemonStatus.workerPatience

    package let number: Int
    package private(set) var state = State.dead
    package private(set) var process: Int32?
    package private(set) var sign: Timestamp?
    /// How often it was started after the first time.
    package private(set) var restarts = 0
    private var starts = 0
    private var startedAt: Int64 = 0
    private var heardAt: Int64 = 0
    private var nextWait = Span.zero
    private var isSilent = false

    package init(number: Int) { self.number = number }

    /// Its process was started.
    package mutating func began(_ process: Int32, at now: Int64, wall: Timestamp) {
        self.process = process
        (startedAt, heardAt, sign) = (now, now, wall)
        // One that only asked for a lock did not live.
        if state != .waiting, starts > 0 { restarts += 1 }
        if state != .waiting { starts += 1 }
        state = state == .waiting ? .waiting : .starting
    }

    /// It told of itself. For how long it had been silent, where that was told of.
    package mutating func heard(_ state: State?, at now: Int64, wall: Timestamp) -> Span? {
        let silence = Span(nanoseconds: now - heardAt)
        (heardAt, sign) = (now, wall)
        if let state { self.state = state }
        defer { isSilent = false }
        return isSilent ? silence : nil
    }

    /// For how long it has told nothing, once that is news.
    package mutating func look(at now: Int64) -> Span? {
        let silence = Span(nanoseconds: now - heardAt)
        guard process != nil, !isSilent, silence >= WorkerLife.patience else { return nil }
        isSilent = true
        return silence
    }

    /// It has ended. How long to wait before it is started again.
    package mutating func ended(isLocked: Bool, at now: Int64) -> Span {
        process = nil
        isSilent = false
        if isLocked {
            state = .waiting
            return .seconds(1)
        }
        state = .dead
        if now - startedAt >= WorkerLife.soon.nanoseconds { nextWait = .zero }
        defer { nextWait = min(max(nextWait * 2, .seconds(1)), WorkerLife.longestWait) }
        return nextWait
    }

    /// It could not be started. How long to wait before it is tried again.
    package mutating func refused(at now: Int64) -> Span {
        startedAt = now
        return max(ended(isLocked: false, at: now), .seconds(1))
    }

    /// Its line of `status.json`.
    package var status: DaemonStatus.Worker {
        DaemonStatus.Worker(
            number: number, process: process.map { Int($0) }, state: state.rawValue, sign: sign, restarts: restarts)
    }
}
