import EventLoop
import Glibc
import Linux
import Testing
import Time

@Suite("Event loop")
struct LoopTests {
    @Test("Work for later comes in order, and what it defers comes in the next round")
    func later() throws {
        let loop = try EventLoop()
        let log = Journal()
        loop.later {
            log.add("1")
            loop.later {
                log.add("4")
                loop.stop()
            }
        }
        loop.later { log.add("2") }
        loop.schedule(after: .zero) { loop.later { log.add("3") } }
        try loop.run()
        #expect(log.lines.filter { $0 != "3" } == ["1", "2", "4"])
        #expect(log.lines.contains("3"))
    }

    @Test("Work for later runs before the loop waits")
    func laterBeforeWait() throws {
        let loop = try EventLoop()
        let log = Journal()
        loop.schedule(after: .zero) {
            loop.later {
                log.add("later")
                loop.stop()
            }
        }
        let hour = loop.schedule(after: .hours(1)) {}
        try loop.run()
        #expect(log.lines == ["later"])
        #expect(hour.isPending)
    }

    @Test("Timers and descriptors have their turn while work defers work for ever")
    func laterDoesNotStarve() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        pair.sendFromRight()
        let log = Journal()
        func again() { loop.later { again() } }
        again()
        let watch = try loop.watch(pair.left, for: .read) { _ in
            log.add("read")
            var byte: UInt8 = 0
            _ = read(pair.left, &byte, 1)
        }
        loop.schedule(after: .milliseconds(1)) {
            log.add("timer")
            loop.stop()
        }
        try loop.run()
        watch.cancel()
        #expect(log.lines == ["read", "timer"])
    }

    @Test("Runs again after it was stopped")
    func runsAgain() throws {
        let loop = try EventLoop()
        let log = Journal()
        for round in 1...2 {
            loop.later {
                log.add("\(round)")
                loop.stop()
            }
            try loop.run()
        }
        #expect(log.lines == ["1", "2"])
    }

    @Test("Time stands still within a round and never goes back")
    func now() throws {
        let loop = try EventLoop()
        var seen: [Int64] = []
        for _ in 0..<3 { loop.later { seen.append(loop.now) } }
        loop.schedule(after: .milliseconds(1)) {
            seen.append(loop.now)
            loop.stop()
        }
        try loop.run()
        #expect(Set(seen.prefix(3)).count == 1)
        #expect(seen[3] > seen[0])
    }

    /// The signal is sent to this thread, where ``Signals`` has just blocked it; the threads of the
    /// test runner were there before and have it unblocked.
    @Test("Signals arrive as events")
    func signals() throws {
        let loop = try EventLoop()
        let signals = try Signals([.user1, .hangUp])
        let log = Journal()
        try signals.deliver(on: loop) { signal in
            log.add("\(signal)")
            if log.lines.count == 2 { loop.stop() }
        }
        #expect(pthread_kill(pthread_self(), SIGUSR1) == 0)
        #expect(pthread_kill(pthread_self(), SIGHUP) == 0)
        try loop.run()
        #expect(Set(log.lines) == ["user1", "hangUp"])
    }

    @Test("An action may hold the last of the loop: it ends with the action's cancellation", arguments: [false, true])
    func lastReference(isTimer: Bool) throws {
        final class Witness {
            let ended: () -> Void
            init(_ ended: @escaping () -> Void) { self.ended = ended }
            deinit { ended() }
        }
        var hasEnded = false
        let pair = try SocketPair()
        func make() throws -> () -> Void {
            let loop = try EventLoop()
            let witness = Witness { hasEnded = true }
            func keep() { withExtendedLifetime((loop, witness)) {} }
            if isTimer { return loop.schedule(after: .hours(1)) { keep() }.cancel }
            return try loop.watch(pair.left, for: .read) { _ in keep() }.cancel
        }
        var cancel: (() -> Void)? = try make()
        #expect(!hasEnded)
        cancel?()
        cancel = nil
        #expect(hasEnded)
    }
}
