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

    /// Has a signal ignored. See signal(2).
    package static func ignoreBrokenPipe() { _ = signal(SIGPIPE, SIG_IGN) }
}
