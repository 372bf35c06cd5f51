internal import CLinux
internal import Glibc

/// A program that this process started: the leader of a session and process group of its own, with no signal blocked
/// or ignored, and no descriptor but those it was given. See vfork(2), execve(2).
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
        /// Its status was taken by another part of this process.
        case unknown

        package var description: String {
            switch self {
            case .exit(let status): "exit status \(status)"
            case .signal(let number): "ended by signal \(number)"
            case .unknown: "ended, and its exit status is not known"
            }
        }
    }

    /// The limits of a program; each of its processes has the whole of them. nil is the limit of this process.
    package struct Limits: Equatable, Sendable {
        /// Bytes of memory that it writes to; what is only reserved does not count. See setrlimit(2), RLIMIT_DATA.
        package var memory: Int?
        /// Whole seconds of CPU time: SIGXCPU then, and SIGKILL five seconds later.
        package var cpu: Int?
        /// From 0 to 19, see nice(2).
        package var niceness = 0
        /// Whether it is killed when this process dies.
        package var diesWithParent = false

        package init() {}
    }

    /// The numbers of open descriptors that become the program's first ones; they stay the caller's.
    package struct Files {
        package var input: Int32
        package var output: Int32
        package var error: Int32
        /// Its descriptor 3.
        package var progress: Int32?

        package init(input: Int32, output: Int32, error: Int32, progress: Int32? = nil) {
            self.input = input
            self.output = output
            self.error = error
            self.progress = progress
        }
    }

    /// Starts the program at the path `words[0]`, or at `path` where that is given; no shell and no PATH is asked. A
    /// relative path is one of `directory`.
    ///
    /// On return the program runs. On error, such as ENOENT or EACCES of the file, nothing does. This process waits
    /// until the file is loaded.
    package init(
        _ words: [String], at path: String? = nil, environment: [String], directory: String? = nil, files: Files,
        limits: Limits = Limits()
    ) throws(Errno) {
        var pid: pid_t = 0
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        let place = directory.map { strdup($0) } ?? nil
        let file = path.map { strdup($0) } ?? nil
        defer { for word in arguments + variables + [place, file] { free(word) } }
        let result = arguments.withUnsafeBufferPointer { arguments in
            variables.withUnsafeBufferPointer { variables in
                var program = clinux_program(
                    path: file ?? arguments[0], arguments: arguments.baseAddress, environment: variables.baseAddress,
                    directory: place, input: files.input, output: files.output, error: files.error,
                    progress: files.progress ?? -1, memory: Int64(limits.memory ?? 0), cpu: Int64(limits.cpu ?? 0),
                    niceness: Int32(limits.niceness), is_bound: limits.diesWithParent ? 1 : 0)
                return clinux_spawn(&program, &pid)
            }
        }
        if result != 0 { throw Errno.last }
        let number: Int32
        do throws(Errno) { number = try retrying { clinux_pidfd_open(pid) } } catch {
            // Its end would go unnoticed.
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
        switch clinux_reap(id, 0, &code, &signal) {
        case 0: return nil
        case 1: return signal == 0 ? .exit(code) : .signal(signal)
        // ECHILD: it is not our child any more, and its status is lost.
        default: return .unknown
        }
    }
}

extension Descriptor {
    /// A file in memory with these bytes, to be read from its beginning. See memfd_create(2).
    package init(inMemory bytes: [UInt8]) throws(Errno) {
        let file = Descriptor(owning: try retrying { clinux_memfd("input") })
        try file.write(all: bytes)
        _ = try retrying { lseek(file.raw, 0, SEEK_SET) }
        self = file
    }

    /// The device that takes everything and keeps nothing. See null(4).
    package static func null() throws(Errno) -> Descriptor {
        Descriptor(owning: try retrying { open("/dev/null", O_WRONLY | O_CLOEXEC) })
    }

    /// The numbers of a pipe's two ends, which are the caller's to own; reading does not wait. See pipe2(2).
    package static func pipe() throws(Errno) -> (output: Int32, input: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { clinux_pipe(&ends) }
        let flags = fcntl(ends[0], F_GETFL)
        _ = fcntl(ends[0], F_SETFL, flags | O_NONBLOCK)
        return (ends[0], ends[1])
    }

    /// A pipe of which both ends block: reading for bytes, writing for room. See pipe2(2).
    package static func waitingPipe() throws(Errno) -> (output: Int32, input: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { clinux_pipe(&ends) }
        return (ends[0], ends[1])
    }
}

extension Descriptor {
    /// A pipe into a program: `output` is the end that the program reads, and `input` the end that this process writes,
    /// which does not wait. The numbers are the caller's to own. See pipe2(2).
    package static func pipeToProgram() throws(Errno) -> (output: Int32, input: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = try retrying { clinux_pipe(&ends) }
        let flags = fcntl(ends[1], F_GETFL)
        _ = fcntl(ends[1], F_SETFL, flags | O_NONBLOCK)
        return (ends[0], ends[1])
    }

    /// Writes as much of `bytes` as goes at once and returns how many that were; 0 where writing would wait. See
    /// write(2).
    package func write(some bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        do throws(Errno) {
            return try retrying { bytes.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) } }
        } catch {
            if error == .again { return 0 }
            throw error
        }
    }
}
