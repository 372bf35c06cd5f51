package import Time

/// When a directory has to be read again.
///
/// A directory is read again when its mtime has changed since the last reading began, when a hint was lost, or when a
/// name was met and not taken. After a reading it rests for a multiple of what the reading cost, so that a directory of
/// a million files takes a bounded share of the processor. Its owner reads it, and tells the value when.
package struct WatchedDirectory: Equatable, Sendable {
    /// The mtime when the last reading began; nil when it cannot tell what changed since.
    private var seen: Timestamp?
    /// The end of the rest, by the monotonic clock.
    private var restsUntil = Int64.min
    private let restFactor: Int64
    /// Whether another reading is needed: none was made, or hints were lost during the last.
    package private(set) var isAsked = true
    /// Whether a name was met and not taken, for want of room, since the last reading began.
    package private(set) var hasMissed = false
    /// Whether the kernel does not report changes of its files: then every look reads it, because a touch of a file
    /// changes no directory.
    package var isUnwatched = false

    /// - Parameter restFactor: how many times the cost of a reading the directory rests after it; 0 for no rest.
    package init(restFactor: Int64) { self.restFactor = restFactor }

    /// Whether names may be missing from what its owner knows.
    package var isIncomplete: Bool { isAsked || hasMissed }

    /// Whether the directory, whose mtime is `modified` now, has to be read.
    package func needsReading(modified: Timestamp) -> Bool { isIncomplete || isUnwatched || modified != seen }

    /// Whether it is too soon to read it again without another reason.
    package func isResting(at monotonic: Int64) -> Bool { monotonic < restsUntil }

    /// Asks for another reading: hints were lost.
    package mutating func ask() { isAsked = true }

    /// A name was met and not taken: it has to be met again.
    package mutating func miss() { hasMissed = true }

    /// A reading begins at the wall clock's `now`, with the directory's mtime read just before.
    package mutating func begin(modified: Timestamp, now: Timestamp) {
        (isAsked, hasMissed) = (false, false)
        // A filesystem's clock stands still for some milliseconds: a directory that changed within them may change again
        // and keep its mtime.
        seen = now - modified > .seconds(1) ? modified : nil
    }

    /// The reading has ended, at this moment of the monotonic clock, and took `cost`.
    package mutating func end(cost: Span, at monotonic: Int64) {
        restsUntil = monotonic + restFactor * cost.nanoseconds
    }

    /// A part of the directory could not be read: the last reading is unreliable, and the next comes without rest.
    package mutating func fail() { (seen, restsUntil) = (nil, .min) }
}
