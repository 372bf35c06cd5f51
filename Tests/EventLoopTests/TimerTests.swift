import EventLoop
import Linux
import Testing
import Time

@Suite("Timers")
struct TimerTests {
    @Test("Fire by deadline, whatever the order they were set in")
    func order() throws {
        let loop = try EventLoop()
        let log = Journal()
        for delay in [7, 1, 5, 3, 0, 6, 2, 4] as [Int64] {
            loop.schedule(after: .milliseconds(delay)) { log.add("\(delay)") }
        }
        loop.schedule(after: .milliseconds(8)) { loop.stop() }
        try loop.run()
        #expect(log.lines == ["0", "1", "2", "3", "4", "5", "6", "7"])
    }

    @Test("Never fire early")
    func notEarly() throws {
        let loop = try EventLoop()
        let start = Clock.monotonic
        let log = Journal()
        loop.schedule(after: .milliseconds(5)) {
            log.add(Clock.monotonic - start >= 5_000_000 ? "late enough" : "early")
            loop.stop()
        }
        try loop.run()
        #expect(log.lines == ["late enough"])
    }

    @Test("A cancelled timer does not fire, even when cancelled in the round it was due")
    func cancel() throws {
        let loop = try EventLoop()
        let log = Journal()
        var second: EventLoop.Timer?
        loop.schedule(after: .zero) {
            log.add("first")
            second?.cancel()
        }
        second = loop.schedule(after: .zero) { log.add("second") }
        let third = loop.schedule(after: .milliseconds(1)) { log.add("third") }
        #expect(third.isPending)
        third.cancel()
        #expect(!third.isPending)
        let last = loop.schedule(after: .milliseconds(2)) { loop.stop() }
        try loop.run()
        #expect(log.lines == ["first"])
        #expect(!last.isPending)
    }

    @Test("A timer may set the next one")
    func chain() throws {
        let loop = try EventLoop()
        let log = Journal()
        func step(_ left: Int) {
            log.add("\(left)")
            if left == 0 { return loop.stop() }
            loop.schedule(after: .zero) { step(left - 1) }
        }
        loop.schedule(after: .zero) { step(100) }
        try loop.run()
        #expect(log.lines.count == 101)
    }

    @Test("Many cancelled timers cost nothing and disturb none")
    func manyCancelled() throws {
        let loop = try EventLoop()
        let log = Journal()
        var kept: [Int64] = []
        for index in 0..<50_000 as Range<Int64> {
            // 10 007 is prime to the range: the deadlines come in no order.
            let delay = index * 10_007 % 50_000
            let timer = loop.schedule(after: Span(nanoseconds: 20_000_000 + delay * 1000)) { log.add("\(delay)") }
            if index % 1000 == 0 { kept.append(delay) } else { timer.cancel() }
        }
        loop.schedule(after: .milliseconds(200)) { loop.stop() }
        try loop.run()
        #expect(log.lines.compactMap { Int64($0) }.sorted() == kept.sorted())
    }

    @Test("Thousands of pending timers can be set in a moment")
    func manyPending() throws {
        let loop = try EventLoop()
        let start = Clock.process
        for _ in 0..<20_000 { loop.schedule(after: .hours(1)) {} }
        // A search through all at each insertion took seconds.
        #expect(Clock.process - start < 1_000_000_000)
    }
}

/// What callbacks did, in order.
final class Journal {
    private(set) var lines: [String] = []
    func add(_ line: String) { lines.append(line) }
}
