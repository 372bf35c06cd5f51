internal import Glibc

/// Threads for the client library, where the disk can do more at a time than one thread asks for. The daemon has none.
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
        while running.count + 1 < count {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(task)
            let failed = pthread_create(
                &thread, nil,
                { argument in
                    Unmanaged<Task>.fromOpaque(argument!).takeRetainedValue().work()
                    return nil
                }, argument.toOpaque())
            if failed != 0 {
                argument.release()
                break
            }
            running.append(thread)
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        work()
        for thread in running { pthread_join(thread, nil) }
    }

    private final class Task: Sendable {
        let work: @Sendable () -> Void

        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}
