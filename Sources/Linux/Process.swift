internal import CLinux
internal import Glibc

/// Who this process is, and what the kernel gives it.
package enum Process {
    /// See geteuid(2).
    package static var effectiveUser: UInt32 { geteuid() }
    /// Who started it, whatever rights it has. See getuid(2).
    package static var realUser: UInt32 { getuid() }
    /// See getegid(2).
    package static var effectiveGroup: UInt32 { getegid() }
    /// See getpid(2).
    package static let id: Int32 = getpid()

    /// A variable of the environment. See getenv(3).
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// This very program, whatever has become of its file since it was started. See proc(5).
    package static let ownProgram = "/proc/self/exe"

    /// Gives this process a name for ps(1), of at most 15 bytes. See prctl(2), PR_SET_NAME.
    package static func rename(to name: String) { _ = clinux_set_name(name) }

    /// See gethostname(2).
    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The path from the root; a relative one starts from where this process is. See getcwd(3).
    package static func absolute(_ path: String) -> String {
        guard path.utf8.first != UInt8(ascii: "/"), let place = getcwd(nil, 0) else { return path }
        defer { free(place) }
        return String(cString: place) + "/" + path
    }

    /// Ends the process with `status`; nothing is flushed, since nothing is buffered. See _exit(2).
    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

    /// Corrects the state that the process inherits from its parent; call it first in `main`.
    ///
    /// A launcher that ignores SIGCHLD would take the exit statuses of our programs, SIGXFSZ would kill where a write
    /// can fail with EFBIG, and a blocked signal would never come. A closed standard stream becomes one that fails
    /// with EBADF, so that no file of ours has its number. See sigaction(2), execve(2).
    package static func prepare() { clinux_prepare() }

    /// Raises the soft limit of open descriptors to the hard one. Each ``ChildProcess`` gets the one from before.
    /// Returns how many this process may have. See RLIMIT_NOFILE in setrlimit(2).
    @discardableResult
    package static func raiseDescriptorLimit() -> Int { Int(clinux_raise_descriptors()) }

    /// How many descriptors are open; nil where /proc is not there.
    package static var openDescriptors: Int? {
        do throws(Errno) {
            var stream = try Directory(path: "/proc/self/fd").entries()
            var count = 0
            while try stream.next() != nil { count += 1 }
            // The two that looked.
            return count - 2
        } catch { return nil }
    }

    /// True when fewer than `count` descriptors can be opened now, because the process or the system has no more.
    package static func lacksDescriptors(_ count: Int) -> Bool {
        var opened: [Int32] = []
        defer { for number in opened { close(number) } }
        while opened.count < count {
            let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if number < 0 { return Errno.last == .tooManyOpenFiles || Errno.last == .tooManyOpenFilesInSystem }
            opened.append(number)
        }
        return false
    }

    /// Has a signal ignored. See signal(2).
    package static func ignoreBrokenPipe() { _ = signal(SIGPIPE, SIG_IGN) }
}
