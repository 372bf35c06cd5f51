internal import Glibc
internal import Linux
internal import ServerSocket

/// A socket that pages are served on.
struct WebSocket: ~Copyable {
    let socket: Descriptor
    /// Where it is bound.
    let address: WebAddress

    /// Binds and listens.
    init(_ address: WebAddress) throws(StartError) {
        do throws(Errno) {
            switch address {
            case .network(let given):
                let socket = try Socket.listen(on: given)
                self.address = .network(try Socket.localAddress(of: socket))
                self.socket = socket
            case .unix(let path):
                socket = try WebSocket.listen(unix: path)
                self.address = address
            }
        } catch { throw .unavailable("cannot listen on \(address): \(error)") }
    }

    /// The socket, which is the caller's from now on.
    consuming func release() -> Descriptor { socket }

    /// A socket of systemd's; nil where there is none. See sd_listen_fds(3).
    static func inherited() throws(StartError) -> Descriptor? {
        guard Process.environment("LISTEN_PID").flatMap({ Int32($0) }) == Process.id,
            Process.environment("LISTEN_FDS") == "1"
        else { return nil }
        _ = fcntl(3, F_SETFD, FD_CLOEXEC)
        let socket = Descriptor(owning: 3)
        do throws(Errno) { try socket.setNonBlocking() } catch { throw .inputOutput("the socket of systemd", error) }
        return socket
    }

    /// A socket that a dead server left there is replaced. Its user and group may connect.
    private static func listen(unix path: String) throws(Errno) -> Descriptor {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, flags, 0) })
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let number = socket.raw
        func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        let mask = umask(0o117)
        defer { umask(mask) }
        if call({ bind(number, $0, $1) }) != 0 {
            let fault = Errno.last
            guard fault == Errno(EADDRINUSE) else { throw fault }
            let probe = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, flags, 0) })
            guard call({ connect(probe.raw, $0, $1) }) != 0, Errno.last == Errno(ECONNREFUSED) else { throw fault }
            _ = try retrying { unlink(path) }
            _ = try retrying { call { bind(number, $0, $1) } }
        }
        _ = try retrying { Glibc.listen(number, SOMAXCONN) }
        return socket
    }
}
