import EventLoop
import Glibc
import Linux
import Testing
import Time

@Suite("Watches")
struct WatchTests {
    @Test("Tell of what can be read, of room to write, and of the end")
    func readiness() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        let log = Journal()
        let watch = try loop.watch(pair.left, for: [.read, .write]) { ready in
            if ready.contains(.hangUp) {
                log.add("hangUp")
                loop.stop()
            } else if ready.contains(.read) {
                log.add("read")
                var byte: UInt8 = 0
                if read(pair.left, &byte, 1) == 1 { shutdown(pair.left, Int32(SHUT_WR)) }
                pair.closeRight()
            } else {
                log.add("write")
                pair.sendFromRight()
            }
        }
        try loop.run()
        watch.cancel()
        #expect(log.lines == ["write", "read", "hangUp"])
    }

    @Test("Wait for nothing when nothing is asked, and again when it is")
    func interest() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        let log = Journal()
        pair.sendFromRight()
        let watch = try loop.watch(pair.left, for: []) { _ in
            log.add("read")
            loop.stop()
        }
        loop.schedule(after: .milliseconds(2)) {
            log.add("asked")
            watch.set(.read)
        }
        try loop.run()
        watch.cancel()
        #expect(log.lines == ["asked", "read"])
    }

    @Test("What is cancelled may be all that holds its loop")
    func cancelFreesLoop() throws {
        let pair = try SocketPair()
        weak var freed: EventLoop?
        func make() throws -> (EventLoop.Watch, EventLoop.Timer) {
            let (watched, timed) = (try EventLoop(), try EventLoop())
            freed = watched
            let watch = try watched.watch(pair.left, for: .read) { _ in watched.stop() }
            return (watch, timed.schedule(after: .hours(1)) { timed.stop() })
        }
        let (watch, timer) = try make()
        #expect(freed != nil)
        watch.cancel()
        #expect(freed == nil)
        timer.cancel()
        #expect(!timer.isPending)
    }

    @Test("A watch cancelled by an earlier callback of the same batch is not called")
    func cancelInBatch() throws {
        let loop = try EventLoop()
        let pairs = [try SocketPair(), try SocketPair()]
        for pair in pairs { pair.sendFromRight() }
        let log = Journal()
        var watches: [EventLoop.Watch] = []
        for (index, pair) in pairs.enumerated() {
            watches.append(
                try loop.watch(pair.left, for: .read) { _ in
                    log.add("\(index)")
                    for watch in watches { watch.cancel() }
                    loop.later { loop.stop() }
                })
        }
        try loop.run()
        #expect(log.lines.count == 1)
    }

    @Test("An event of a descriptor closed in the batch does not reach the one that has its number now")
    func reuseInBatch() throws {
        let loop = try EventLoop()
        let pairs = [try SocketPair(), try SocketPair()]
        for pair in pairs { pair.sendFromRight() }
        let log = Journal()
        var watches: [EventLoop.Watch] = []
        var fresh: [SocketPair] = []
        for pair in pairs {
            watches.append(
                try loop.watch(pair.left, for: .read) { _ in
                    log.add("first")
                    for watch in watches { watch.cancel() }
                    for pair in pairs {
                        do {
                            // The same number, another socket, to which nothing was sent.
                            let other = try SocketPair()
                            fresh.append(other)
                            #expect(dup2(other.left, pair.left) == pair.left)
                            watches.append(try loop.watch(pair.left, for: .read) { _ in log.add("stale") })
                        } catch { Issue.record(error) }
                    }
                    loop.schedule(after: .milliseconds(2)) { loop.stop() }
                })
        }
        try loop.run()
        for watch in watches { watch.cancel() }
        #expect(log.lines == ["first"])
        #expect(fresh.count == 2)
    }

    @Test("Cancelling twice, and after the loop has gone, does nothing")
    func cancelLate() throws {
        let pair = try SocketPair()
        var loop: EventLoop? = try EventLoop()
        let watch = try #require(try loop?.watch(pair.left, for: .read) { _ in })
        loop = nil
        watch.set(.write)
        watch.cancel()
        watch.cancel()
        #expect(fcntl(pair.left, F_GETFD) >= 0)
    }

    @Test("A descriptor that epoll cannot watch is an error, and the loop goes on")
    func refused() throws {
        let loop = try EventLoop()
        #expect(throws: Errno.self) { try loop.watch(-1, for: .read) { _ in } }
        let pair = try SocketPair()
        pair.sendFromRight()
        let watch = try loop.watch(pair.left, for: .read) { _ in loop.stop() }
        try loop.run()
        watch.cancel()
    }

    @Test("Serves a batch greater than one wait returns")
    func manyDescriptors() throws {
        let loop = try EventLoop()
        let pairs = try (0..<300).map { _ in try SocketPair() }
        let log = Journal()
        for (index, pair) in pairs.enumerated() {
            pair.sendFromRight()
            var watch: EventLoop.Watch?
            watch = try loop.watch(pair.left, for: .read) { _ in
                log.add("\(index)")
                watch?.cancel()
                watch = nil
                if log.lines.count == pairs.count { loop.stop() }
            }
        }
        try loop.run()
        #expect(Set(log.lines).count == 300)
    }
}

/// Two connected sockets.
final class SocketPair {
    let left: Int32
    private(set) var right: Int32

    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) }
        (left, right) = (ends[0], ends[1])
    }

    deinit {
        closeRight()
        _ = Glibc.close(left)
    }

    func sendFromRight() {
        var byte: UInt8 = 1
        #expect(write(right, &byte, 1) == 1)
    }

    func closeRight() {
        if right >= 0 { _ = Glibc.close(right) }
        right = -1
    }

}
