internal import CLinux
internal import Glibc

/// A program that this process started: the leader of a process group of its own, with no signal blocked or ignored,
/// and no descriptor but the standard three. See posix_spawn(3).
///
/// It ends with ``reap()``, after which its number may be another's. A value that is dropped before leaves the program
/// running, and its end a zombie until this process ends.
package struct ChildProcess: ~Copyable {
    package let id: Int32
    /// Readable when the program has ended. See pidfd_open(2).
    package let descriptor: Descriptor

    /// How a program ended.
    package enum End: Equatable, Sendable, CustomStringConvertible {
        /// By itself, with that exit status.
        case exit(Int32)
        case signal(Int32)

        package var description: String {
            switch self {
            case .exit(let status): "exit status \(status)"
            case .signal(let number): "ended by signal \(number)"
            }
        }
    }

    /// Starts the program at the path `words[0]`; no shell and no PATH is asked.
    ///
    /// On return the program runs. On error, such as ENOENT or EACCES of the file, nothing does.
    package init(
        _ words: [String], environment: [String], input: borrowing Descriptor, output: borrowing Descriptor
    ) throws(Errno) {
        var pid: pid_t = 0
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for word in arguments + variables { free(word) } }
        _ = try retrying { clinux_spawn(words.first ?? "", arguments, variables, input.raw, output.raw, &pid) }
        let number: Int32
        do throws(Errno) { number = try retrying { clinux_pidfd_open(pid) } } catch {
            // Nobody would hear of its end.
            kill(-pid, SIGKILL)
            var (code, signal): (Int32, Int32) = (0, 0)
            _ = clinux_reap(pid, 1, &code, &signal)
            throw error
        }
        id = pid
        descriptor = Descriptor(owning: number)
    }

    /// Sends a signal to the program and to all that it started in its group. See kill(2).
    package func signalGroup(_ signal: Int32) {
        // ESRCH: none is left. The number cannot be another's group before the leader is reaped.
        _ = kill(-id, signal)
    }

    /// Ends what is left of the group and takes the program's end; nil while it runs. See waitpid(2).
    ///
    /// Only an end that ``descriptor`` has told of comes without its group being killed before.
    package mutating func reap() -> End? {
        var (code, signal): (Int32, Int32) = (0, 0)
        signalGroup(SIGKILL)
        guard clinux_reap(id, 0, &code, &signal) == 1 else { return nil }
        return signal == 0 ? .exit(code) : .signal(signal)
    }
}

extension Descriptor {
    /// A file in memory with these bytes, to be read from its beginning. See memfd_create(2).
    package init(holding bytes: [UInt8]) throws(Errno) {
        let file = Descriptor(owning: try retrying { clinux_memfd("input") })
        try file.write(all: bytes)
        _ = try retrying { lseek(file.raw, 0, SEEK_SET) }
        self = file
    }

    /// The numbers of a pipe's two ends, which are the caller's to own; reading does not wait. See pipe2(2).
    package static func pipe() throws(Errno) -> (output: Int32, input: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { clinux_pipe(&ends) }
        let flags = fcntl(ends[0], F_GETFL)
        _ = fcntl(ends[0], F_SETFL, flags | O_NONBLOCK)
        return (ends[0], ends[1])
    }
}
