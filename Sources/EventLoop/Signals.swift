internal import CLinux
internal import Glibc
package import Linux

/// Signals as events of the loop. See signalfd(2).
///
/// Made before any library starts a thread: the signals are blocked for every thread that
/// comes later, and only the loop sees them.
package final class Signals {
    private let descriptor: Descriptor
    private var watch: EventLoop.Watch?

    /// The signals a daemon answers to.
    package enum Signal: Int32, CaseIterable {
        case hangUp = 1
        case interrupt = 2
        case terminate = 15
        case user1 = 10
    }

    package init(_ signals: [Signal]) throws(Errno) {
        let numbers = signals.map(\.rawValue)
        descriptor = Descriptor(owning: try retrying { clinux_signalfd(numbers, Int32(numbers.count)) })
    }

    deinit { watch?.cancel() }

    /// Calls `action` for each signal from now on.
    package func deliver(on loop: EventLoop, _ action: @escaping (Signal) -> Void) throws(Errno) {
        let number = descriptor.raw
        watch = try loop.watch(number, for: .read) { _ in
            while let signal = Signal(rawValue: clinux_signalfd_read(number)) { action(signal) }
        }
    }
}
