package import EventLoop
internal import Glibc
package import Linux

/// The common part of the servers' programs: start, standard output and error, and an exit status of sysexits(3).
package struct ServerProgram {
    private let name: String

    /// - Parameter name: stands before each complaint.
    package init(_ name: String) { self.name = name }

    /// Runs the body; an error is one line on standard error, and its status the result.
    package func run(_ body: () throws(StartError) -> Int32) -> Int32 {
        do throws(StartError) { return try body() } catch {
            complain(error.description)
            return error.status
        }
    }

    /// Runs the body; 64 and one line on standard error for a command line that cannot be understood.
    package func understand(_ body: () throws(UsageError) -> Int32) -> Int32 {
        do throws(UsageError) { return try body() } catch {
            complain(error.description)
            return 64
        }
    }

    /// A loop, and the signals that it will deliver. They are blocked before anything else can start a thread; a peer that
    /// has gone ends no process; and as many descriptors may be open as the system allows.
    package func begin(handling signals: [SignalQueue.Signal]) throws(StartError) -> (EventLoop, Signals) {
        Process.ignoreBrokenPipe()
        Process.raiseDescriptorLimit()
        do throws(Errno) {
            let signals = try Signals(signals)
            return (try EventLoop(), signals)
        } catch { throw .inputOutput("the event loop", error) }
    }

    /// Writes to standard output; the status to end with.
    package func say(_ text: String) -> Int32 {
        do throws(Errno) {
            let output = Descriptor(owning: try retrying { fcntl(1, F_DUPFD_CLOEXEC, 3) })
            try output.write(all: Array(text.utf8))
            return 0
        } catch {
            complain("standard output: \(error)")
            return 74
        }
    }

    /// Writes one line to standard error.
    package func complain(_ text: String) {
        let line = Array("\(name): \(text)\n".utf8)
        // Nowhere is left to report that standard error cannot be written to.
        _ = write(2, line, line.count)
    }
}
