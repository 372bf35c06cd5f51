internal import Glibc

/// A value that threads share: one of them has it at a time, and may wait for what another does to it.
///
/// For the client library; the daemon is one thread. It is `@unchecked` since the compiler cannot know that the value is
/// touched under the lock only, which ``withLock(_:)`` sees to. See pthread_mutex_lock(3), pthread_cond_wait(3).
package final class Monitor<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` while no other thread has the value. It must not ask for it again.
    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Runs `body` again and again, each time that another thread called ``wakeAll()``, until it returns true.
    ///
    /// Not generic: a caller in another module would have the runtime look up the type of an optional result each time.
    package func wait(until body: (inout Value) -> Bool) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !body(&value) { pthread_cond_wait(changed, mutex) }
    }

    /// Has one of those that wait look again.
    package func wakeOne() { pthread_cond_signal(changed) }

    /// Has those that wait look again.
    package func wakeAll() { pthread_cond_broadcast(changed) }
}
