package import Time

/// One retry delay, one directory below `retry/`.
///
/// The delays double from 30 s to 4 h and are fixed, so that a job's place tells how often
/// it failed. See spool(5).
package enum Bucket: Int, CaseIterable, Comparable, Sendable {
    case thirtySeconds = 1, oneMinute, twoMinutes, fourMinutes, eightMinutes, sixteenMinutes, thirtyTwoMinutes,
        oneHour, twoHours, fourHours

    package static let first = Bucket.thirtySeconds
    package static let last = Bucket.fourHours

    /// Where a job goes after its `attempt`-th failure: one bucket up each time, then the last.
    package init(afterAttempt attempt: Int) {
        self = Bucket(rawValue: min(max(attempt, 1), Bucket.last.rawValue)) ?? .last
    }

    /// The directory's name below `retry/`.
    package var name: String {
        switch self {
        case .thirtySeconds: "01-30s"
        case .oneMinute: "02-1m"
        case .twoMinutes: "03-2m"
        case .fourMinutes: "04-4m"
        case .eightMinutes: "05-8m"
        case .sixteenMinutes: "06-16m"
        case .thirtyTwoMinutes: "07-32m"
        case .oneHour: "08-1h"
        case .twoHours: "09-2h"
        case .fourHours: "10-4h"
        }
    }

    package init?(name: some StringProtocol) {
        guard let bucket = Bucket.allCases.first(where: { $0.name == name }) else { return nil }
        self = bucket
    }

    package var delay: Span {
        switch self {
        case .thirtySeconds: .seconds(30)
        case .oneMinute: .minutes(1)
        case .twoMinutes: .minutes(2)
        case .fourMinutes: .minutes(4)
        case .eightMinutes: .minutes(8)
        case .sixteenMinutes: .minutes(16)
        case .thirtyTwoMinutes: .minutes(32)
        case .oneHour: .hours(1)
        case .twoHours: .hours(2)
        case .fourHours: .hours(4)
        }
    }

    /// True for a due time further away than any that the daemon gives a job of this bucket: the operator's, or the
    /// daemon's own by a clock that was set back since.
    package func isFar(_ due: Timestamp, now: Timestamp) -> Bool { due > now + delay * 1.2 }

    /// The due time that a file's mtime says.
    ///
    /// One that is far away holds if the operator gave it. It is the daemon's own, and becomes now and the delay, where
    /// it is the history's `next`, or where it was no further from the file's ctime than a delay. No operator means more
    /// than ten years.
    /// - Parameter next: when the history says that the job is tried again.
    package func due(modified: Timestamp, changed: Timestamp, next: Timestamp?, now: Timestamp) -> Timestamp {
        guard isFar(modified, now: now) else { return modified }
        // The history has seconds.
        let isOwn = next?.seconds == modified.seconds || !isFar(modified, now: changed)
        return isOwn || modified > now + .days(3653) ? now + delay : modified
    }

    package static func < (left: Bucket, right: Bucket) -> Bool { left.rawValue < right.rawValue }
}
