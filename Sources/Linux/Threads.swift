internal import Glibc

/// Threads for the client library and outspool-smtpd, where the disk can do more at a time than one thread asks for. The
/// daemon has none.
package enum Threads {
    /// Runs `work` in the calling thread and in as many more as make `count`, and returns when all are through.
    ///
    /// Where the system has no more threads to give, there are fewer. They take no signals, which are the application's.
    /// See pthread_create(3).
    package static func run(_ count: Int, _ work: @escaping @Sendable () -> Void) {
        var all = sigset_t(), before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        var running: [pthread_t] = []
        let task = Task(work)
        while running.count + 1 < count, let thread = task.start() { running.append(thread) }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        work()
        for thread in running { pthread_join(thread, nil) }
    }

    fileprivate final class Task: Sendable {
        let work: @Sendable () -> Void

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }

        /// Nil when the system has no more threads.
        func start() -> pthread_t? {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(self)
            let failed = pthread_create(
                &thread, nil,
                { argument in
                    Unmanaged<Task>.fromOpaque(argument!).takeRetainedValue().work()
                    return nil
                }, argument.toOpaque())
            if failed == 0 { return thread }
            argument.release()
            return nil
        }
    }
}

extension Threads {
    /// Threads that run until their work returns; the value's owner waits for them with ``join()``.
    package struct Running: ~Copyable {
        private let threads: [pthread_t]

        fileprivate init(_ threads: [pthread_t]) { self.threads = threads }

        package var count: Int { threads.count }

        /// Waits until all have ended. See pthread_join(3).
        package consuming func join() { for thread in threads { pthread_join(thread, nil) } }
    }

    /// Starts `count` threads that run `work`, or fewer where the system has no more to give. They take no signals.
    package static func start(_ count: Int, _ work: @escaping @Sendable () -> Void) -> Running {
        var all = sigset_t(), before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let task = Task(work)
        return Running((0..<count).compactMap { _ in task.start() })
    }
}
