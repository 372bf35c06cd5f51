internal import CLinux
internal import Glibc

/// Signals that are read from a descriptor and not acted on. See signalfd(2).
package struct SignalQueue: ~Copyable {
    /// Readable when a signal has come.
    package let descriptor: Descriptor

    /// A signal that a program of ours answers to.
    package enum Signal: CaseIterable, Sendable {
        case hangUp, interrupt, quit, terminate, user1, windowChange

        var number: Int32 {
            switch self {
            case .hangUp: SIGHUP
            case .interrupt: SIGINT
            case .quit: SIGQUIT
            case .terminate: SIGTERM
            case .user1: SIGUSR1
            case .windowChange: SIGWINCH
            }
        }
    }

    /// Blocks the signals permanently, in this thread and in every thread that it starts later.
    ///
    /// Made before any library starts a thread, which would take the signals.
    package init(_ signals: [Signal]) throws(Errno) {
        let numbers = signals.map(\.number)
        descriptor = Descriptor(owning: try retrying { clinux_signalfd(numbers, Int32(numbers.count)) })
    }

    /// Takes the next signal; nil when none has come.
    package func next() -> Signal? {
        let number = clinux_signalfd_read(descriptor.raw)
        return Signal.allCases.first { $0.number == number }
    }
}
