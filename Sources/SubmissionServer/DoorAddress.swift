internal import Glibc
internal import Linux
package import ServerSocket
internal import Text

/// Where a door listens: an address and a port, or a UNIX socket.
package enum DoorAddress: Equatable, Sendable, CustomStringConvertible {
    case network(ListenAddress)
    case unix(String)

    /// Understands `127.0.0.1:25`, `[::1]:25` and `/run/outspool/smtp`; nil for anything else.
    package init?(_ text: String) {
        if text.begins(with: "/") {
            // What sun_path has room for.
            guard text.utf8.count < 108 else { return nil }
            self = .unix(text)
        } else {
            guard let address = try? ListenAddress(text) else { return nil }
            self = .network(address)
        }
    }

    package var description: String {
        switch self {
        case .network(let address): address.description
        case .unix(let path): path
        }
    }

    /// Only this machine can connect.
    package var isLocal: Bool {
        switch self {
        case .network(let address): address.isLoopback
        case .unix: true
        }
    }

    /// Binds and listens.
    func listen() throws(Errno) -> Descriptor {
        switch self {
        case .network(let address): return try Socket.listen(on: address)
        case .unix(let path): return try UnixSocket.listen(path)
        }
    }
}

/// UNIX sockets, non-blocking and close-on-exec. See unix(7).
enum UnixSocket {
    /// Binds and listens; a socket that a dead server left there is replaced. Everybody may connect whom the
    /// directory lets through.
    static func listen(_ path: String) throws(Errno) -> Descriptor {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, flags, 0) })
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let number = socket.raw
        func call(_ body: (UnsafePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafePointer(to: &name) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) } }
        }
        if call({ bind(number, $0, size) }) != 0 {
            let fault = Errno.last
            guard fault == Errno(EADDRINUSE) else { throw fault }
            let probe = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, flags, 0) })
            let answer = call { connect(probe.raw, $0, size) }
            guard answer != 0, Errno.last == Errno(ECONNREFUSED) else { throw fault }
            _ = try retrying { unlink(path) }
            _ = try retrying { call { bind(number, $0, size) } }
        }
        _ = try retrying { chmod(path, 0o666) }
        _ = try retrying { Glibc.listen(number, SOMAXCONN) }
        return socket
    }

    /// Whether the socket is of this family.
    static func isUnix(_ socket: Int32) -> Bool {
        var family = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &family) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        return result == 0 && family.ss_family == sa_family_t(AF_UNIX)
    }

    /// The next connection; nil when none waits. See accept(2).
    static func accept(on listener: Int32) throws(Errno) -> Descriptor? {
        let number: Int32
        do throws(Errno) { number = try retrying { Glibc.accept(listener, nil, nil) } } catch {
            if error == .again || error == Errno(ECONNABORTED) { return nil }
            throw error
        }
        let socket = Descriptor(owning: number)
        _ = try retrying { fcntl(number, F_SETFD, FD_CLOEXEC) }
        try socket.setNonBlocking()
        return socket
    }
}
