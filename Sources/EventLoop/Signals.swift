package import Linux

/// Signals as events of the loop.
package final class Signals {
    private let queue: SignalQueue
    private var watch: EventLoop.Watch?

    /// Blocks the signals; see ``SignalQueue/init(_:)``.
    package init(_ signals: [SignalQueue.Signal]) throws(Errno) { queue = try SignalQueue(signals) }

    deinit { watch?.cancel() }

    /// Takes the next signal; nil when none has come. For who waits without a loop.
    package func next() -> SignalQueue.Signal? { queue.next() }

    /// Calls `action` for each signal from now on, as long as this object lives.
    package func deliver(on loop: EventLoop, _ action: @escaping (SignalQueue.Signal) -> Void) throws(Errno) {
        watch = try loop.watch(queue.descriptor.raw, for: .read) { [unowned self] _ in
            while let signal = queue.next() { action(signal) }
        }
    }
}
