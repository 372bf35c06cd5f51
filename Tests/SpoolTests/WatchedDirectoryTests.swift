import Spool
import Testing
import Time

@Suite("A directory that is read again")
struct WatchedDirectoryTests {
    private static let start = Timestamp(seconds: 1_795_455_851)
    private static let old = start - .minutes(1)

    /// One that was read when it had not changed for a minute.
    private static func known(restFactor: Int64 = 100) -> WatchedDirectory {
        var directory = WatchedDirectory(restFactor: restFactor)
        directory.begin(modified: old, now: start)
        return directory
    }

    @Test("It is read once, and then when its mtime has changed, to whatever")
    func changes() {
        #expect(WatchedDirectory(restFactor: 1).needsReading(modified: Self.old))
        let directory = Self.known()
        #expect(!directory.needsReading(modified: Self.old))
        #expect(directory.needsReading(modified: Self.old + .milliseconds(1)))
        #expect(directory.needsReading(modified: Self.old - .hours(1)))
    }

    @Test(
        "An mtime that is not over a second old when the reading begins tells nothing",
        arguments: [(1001, false), (1000, true), (1, true), (0, true), (-5000, true)] as [(Int64, Bool)])
    func unsettled(age: Int64, isRead: Bool) {
        var directory = WatchedDirectory(restFactor: 1)
        let modified = Self.start - .milliseconds(age)
        directory.begin(modified: modified, now: Self.start)
        #expect(directory.needsReading(modified: modified) == isRead)
    }

    @Test("What its owner lacks has it read, until the next reading begins", arguments: [true, false])
    func lacks(isAsked: Bool) {
        var directory = Self.known()
        #expect(!directory.isIncomplete)
        if isAsked { directory.ask() } else { directory.miss() }
        #expect(directory.isAsked == isAsked && directory.hasMissed != isAsked && directory.isIncomplete)
        #expect(directory.needsReading(modified: Self.old))
        directory.begin(modified: Self.old, now: Self.start)
        #expect(!directory.isAsked && !directory.hasMissed && !directory.needsReading(modified: Self.old))
    }

    @Test("A directory whose files nobody watches is read at every look")
    func unwatched() {
        var directory = Self.known()
        directory.isUnwatched = true
        directory.begin(modified: Self.old, now: Self.start)
        #expect(directory.needsReading(modified: Self.old) && !directory.isIncomplete)
    }

    @Test(
        "It rests for a multiple of what the reading cost",
        arguments: [(100, 2, 200), (20, 5, 100), (0, 1000, 0)] as [(Int64, Int64, Int64)])
    func rests(factor: Int64, cost: Int64, rest: Int64) {
        var directory = Self.known(restFactor: factor)
        #expect(!directory.isResting(at: 0))
        directory.end(cost: .milliseconds(cost), at: 7_000_000)
        let end = 7_000_000 + rest * 1_000_000
        #expect(directory.isResting(at: end - 1))
        #expect(!directory.isResting(at: end))
    }

    @Test("After an error it is read again, without a rest, and nothing is asked for at once")
    func fails() {
        var directory = Self.known()
        directory.end(cost: .seconds(1), at: 0)
        directory.fail()
        #expect(!directory.isResting(at: 0) && directory.needsReading(modified: Self.old) && !directory.isIncomplete)
    }
}
