internal import CLinux
internal import Glibc

/// Signals that are read in place of being acted on. See signalfd(2).
package struct SignalQueue: ~Copyable {
    /// Readable when a signal has come.
    package let descriptor: Descriptor

    /// The signals that a program on a terminal has to do with.
    package enum Kind: CaseIterable, Sendable {
        case hangUp, interrupt, quit, terminate, windowChange

        var number: Int32 {
            switch self {
            case .hangUp: SIGHUP
            case .interrupt: SIGINT
            case .quit: SIGQUIT
            case .terminate: SIGTERM
            case .windowChange: SIGWINCH
            }
        }
    }

    /// Blocks the signals for the whole process, which has one thread yet, until its end.
    package init() throws(Errno) {
        let numbers = Kind.allCases.map(\.number)
        descriptor = Descriptor(owning: try retrying { clinux_signalfd(numbers, Int32(numbers.count)) })
    }

    /// The next signal; nil when none has come.
    package func next() -> Kind? {
        let number = clinux_signalfd_read(descriptor.raw)
        return Kind.allCases.first { $0.number == number }
    }
}
