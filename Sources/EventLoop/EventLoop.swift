internal import CLinux
package import Linux
package import Time

/// One thread's epoll loop: descriptors, timers and work for later.
///
/// Not Sendable: it is made in `main`, passed down, and the compiler proves that there is
/// one thread. Callbacks run from ``run()`` only, never from within a call to the loop.
package final class EventLoop {
    private let epoll: Descriptor
    private var watches: [Watch?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    private var timers = TimerHeap()
    private var deferred: [() -> Void] = []
    private var spareDeferred: [() -> Void] = []
    private var isRunning = false

    /// The monotonic time, in nanoseconds, at which this round of callbacks began.
    package private(set) var now: Int64 = Clock.monotonic

    package init() throws(Errno) {
        epoll = Descriptor(owning: try retrying { clinux_epoll_create() })
    }

    /// Watches and timers that outlive the loop are over.
    deinit {
        // Freed only when all are over: what an action holds may cancel others in its own deinit.
        let actions = (watches.map { $0?.action }, timers.all.map { $0?.action })
        for watch in watches { watch?.action = nil }
        for timer in timers.all { timer?.action = nil }
        withExtendedLifetime(actions) {}
    }

    /// The readiness that a watch waits for.
    package struct Interest: OptionSet {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: 1)
        package static let write = Interest(rawValue: 2)
    }

    /// The readiness of a descriptor.
    package struct Readiness: OptionSet {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Also set when the peer closed: the read that follows says so.
        package static let read = Readiness(rawValue: 1)
        package static let write = Readiness(rawValue: 2)
        /// An error or a hang-up on the descriptor; ``read`` and ``write`` are set with it.
        package static let hangUp = Readiness(rawValue: 4)
    }

    /// One descriptor's registration. It ends with ``cancel()``, which must come before
    /// the descriptor is closed.
    package final class Watch {
        package let descriptor: Int32
        package fileprivate(set) var interest: Interest
        fileprivate var action: ((Readiness) -> Void)?
        fileprivate let slot: Int
        private unowned let loop: EventLoop

        fileprivate init(
            _ loop: EventLoop, _ descriptor: Int32, _ interest: Interest, slot: Int,
            action: @escaping (Readiness) -> Void
        ) {
            self.loop = loop
            self.descriptor = descriptor
            self.interest = interest
            self.slot = slot
            self.action = action
        }

        /// Changes what is waited for; no system call when it is the same.
        package func set(_ interest: Interest) {
            guard action != nil, interest != self.interest else { return }
            self.interest = interest
            loop.modify(self)
        }

        /// No callback comes after this. Calling it again does nothing.
        package func cancel() {
            guard let ended = action else { return }
            action = nil
            loop.remove(self)
            // Freed last: what it holds may be all that holds the loop.
            withExtendedLifetime(ended) {}
        }
    }

    /// Registers a descriptor, level-triggered. It must stay open until the watch is cancelled.
    package func watch(
        _ descriptor: Int32, for interest: Interest, _ action: @escaping (Readiness) -> Void
    ) throws(Errno) -> Watch {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = watches.count
            watches.append(nil)
            generations.append(0)
        }
        let watch = Watch(self, descriptor, interest, slot: slot, action: action)
        do throws(Errno) {
            _ = try retrying { clinux_epoll_add(epoll.raw, descriptor, interest.events, token(slot)) }
        } catch {
            free.append(slot)
            throw error
        }
        watches[slot] = watch
        return watch
    }

    /// A token names slot and generation, so that an event of a descriptor that was closed
    /// in the same batch does not reach the one that has its number now.
    private func token(_ slot: Int) -> UInt64 { UInt64(generations[slot]) << 32 | UInt64(slot) }

    private func modify(_ watch: Watch) {
        // Fails only for a descriptor that was closed before its watch was cancelled.
        let result = clinux_epoll_modify(epoll.raw, watch.descriptor, watch.interest.events, token(watch.slot))
        precondition(result == 0, "a watched descriptor was closed")
    }

    private func remove(_ watch: Watch) {
        // The descriptor may be gone already where a library closed it; epoll has forgotten it then.
        _ = clinux_epoll_delete(epoll.raw, watch.descriptor)
        watches[watch.slot] = nil
        generations[watch.slot] &+= 1
        free.append(watch.slot)
    }

    /// A call that comes once, later. Dropping the value does not cancel it.
    package final class Timer {
        fileprivate var action: (() -> Void)?
        /// By the monotonic clock, in nanoseconds.
        package let deadline: Int64
        fileprivate var slot = -1
        private unowned let loop: EventLoop

        fileprivate init(_ loop: EventLoop, deadline: Int64, action: @escaping () -> Void) {
            self.loop = loop
            self.deadline = deadline
            self.action = action
        }

        /// No call comes after this. Calling it again does nothing.
        package func cancel() {
            guard let ended = action else { return }
            action = nil
            loop.timers.remove(slot)
            // As above.
            withExtendedLifetime(ended) {}
        }

        /// Whether it has neither fired nor been cancelled.
        package var isPending: Bool { action != nil }
    }

    /// Calls `action` once, when at least `delay` has passed by the monotonic clock.
    @discardableResult
    package func schedule(after delay: Span, _ action: @escaping () -> Void) -> Timer {
        let timer = Timer(self, deadline: Clock.monotonic + max(delay.nanoseconds, 0), action: action)
        timer.slot = timers.insert(timer)
        return timer
    }

    /// Calls `action` after the callbacks of this round, before the loop waits again.
    package func later(_ action: @escaping () -> Void) { deferred.append(action) }

    /// Runs callbacks until ``stop()``.
    package func run() throws(Errno) {
        isRunning = true
        var ready = [clinux_ready](repeating: clinux_ready(), count: 128)
        while isRunning {
            let timeout = deferred.isEmpty ? timers.wait(from: Clock.monotonic) : 0
            let count = try retryingWait(&ready, timeout)
            now = Clock.monotonic
            for index in 0..<count {
                let slot = Int(ready[index].token & 0xFFFF_FFFF)
                guard token(slot) == ready[index].token, let watch = watches[slot] else { continue }
                watch.action?(Readiness(events: ready[index].events))
            }
            while let timer = timers.popDue(at: now) {
                let action = timer.action
                timer.action = nil
                action?()
            }
            runDeferred()
        }
    }

    /// Work that this work defers waits for the next round. The two arrays change places, so
    /// that a round allocates nothing.
    private func runDeferred() {
        if deferred.isEmpty { return }
        swap(&deferred, &spareDeferred)
        for action in spareDeferred { action() }
        spareDeferred.removeAll(keepingCapacity: true)
    }

    /// ``run()`` returns after the callbacks of this round.
    package func stop() { isRunning = false }

    private func retryingWait(_ ready: inout [clinux_ready], _ timeout: Int32) throws(Errno) -> Int {
        let count = clinux_epoll_wait(epoll.raw, &ready, Int32(ready.count), timeout)
        if count >= 0 { return Int(count) }
        // A signal that is not blocked (SIGCONT after SIGSTOP) is not a fault: the round is empty.
        if Errno.last == .interrupted { return 0 }
        throw Errno.last
    }
}

extension EventLoop.Interest {
    fileprivate var events: UInt32 {
        (contains(.read) ? clinux_epollin | clinux_epollrdhup : 0) | (contains(.write) ? clinux_epollout : 0)
    }
}

extension EventLoop.Readiness {
    fileprivate init(events: UInt32) {
        self = []
        if events & (clinux_epollin | clinux_epollrdhup) != 0 { insert(.read) }
        if events & clinux_epollout != 0 { insert(.write) }
        if events & (clinux_epollerr | clinux_epollhup) != 0 { formUnion([.read, .write, .hangUp]) }
    }
}
