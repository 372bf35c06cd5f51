internal import Glibc
internal import Linux
internal import Spool
internal import Text

/// How the command ends. See sysexits(3).
enum ExitStatus: Int32 {
    case success = 0
    /// The states of monitoring plugins: warning and critical.
    case warning = 1
    case critical = 2
    /// The command line is wrong.
    case usage = 64
    /// The job is.
    case data = 65
    /// An input file is not there, or no job has the id.
    case noInput = 66
    /// The spool does not exist.
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    /// Try again: the disk is full.
    case temporary = 75
    case noPermission = 77
    case configuration = 78
}

/// Why the command ends early: one line for standard error, and a status.
struct Failure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    static func usage(_ message: String) -> Failure { Failure(.usage, message) }

    init(_ error: SpoolError) {
        let status: ExitStatus =
            switch (error.step, error.errno) {
            case (.settle, _), (_, .inputOutput): .inputOutput
            case (_, .accessDenied), (_, .notPermitted): .noPermission
            case (.open, _) where !error.isTemporary: .unavailable
            case (.create, _) where !error.isTemporary: .cannotCreate
            default: error.isTemporary ? .temporary : .inputOutput
            }
        self.init(status, "\(error)")
    }

    /// A failed call on a file that the command line named.
    init(_ path: String, _ errno: Errno) {
        let status: ExitStatus =
            switch errno {
            case .noEntry, .notDirectory, .isDirectory: .noInput
            case .accessDenied, .notPermitted: .noPermission
            default: .inputOutput
            }
        self.init(status, "\(printable(path)): \(errno)")
    }
}

/// Runs what may fail with the spool's error and rethrows it as the command's.
func spoolStep<Result: ~Copyable>(_ body: @autoclosure () throws(SpoolError) -> Result) throws(Failure) -> Result {
    do throws(SpoolError) { return try body() } catch { throw Failure(error) }
}

/// One line on standard error, in one write(2), with the name that the program was called by.
func complain(_ message: String, as name: String = "outspool") {
    let line = Array("\(name): \(message)\n".utf8)
    // There is nowhere left to report that this failed.
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
