internal import Glibc
package import Linux

/// TCP sockets, non-blocking and close-on-exec.
package enum Socket {
    /// Binds and listens. See listen(2).
    package static func listen(on address: ListenAddress) throws(Errno) -> Descriptor {
        let family = address.isV6 ? AF_INET6 : AF_INET
        let socket = Descriptor(owning: try retrying { Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0) })
        try prepare(socket)
        try set(socket, SOL_SOCKET, SO_REUSEADDR)
        if address.isV6 { try set(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        let octets = address.octets ?? []
        var result: Int32
        if address.isV6 {
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = address.port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: octets) }
            result = withSockaddr(&name) { bind(socket.raw, $0, $1) }
        } else {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = address.port.bigEndian
            withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: octets) }
            result = withSockaddr(&name) { bind(socket.raw, $0, $1) }
        }
        if result == 0 { result = Glibc.listen(socket.raw, SOMAXCONN) }
        if result != 0 { throw Errno.last }
        return socket
    }

    /// The next connection; nil when none waits. See accept(2).
    package static func accept(on listener: Int32) throws(Errno) -> Descriptor? {
        let number: Int32
        do throws(Errno) {
            number = try retrying { Glibc.accept(listener, nil, nil) }
        } catch {
            // The peer may have gone between its arrival and this call.
            if error == .again || error == Errno(ECONNABORTED) { return nil }
            throw error
        }
        let socket = Descriptor(owning: number)
        try prepare(socket)
        try set(socket, Int32(IPPROTO_TCP), TCP_NODELAY)
        return socket
    }

    /// The peer went away before it was served, which is not a fault.
    package static func isGone(_ error: Errno) -> Bool {
        [ENOTCONN, EINVAL, ECONNRESET, EPIPE].contains(error.rawValue)
    }

    /// Where the socket is bound. See getsockname(2).
    package static func localAddress(of socket: borrowing Descriptor) throws(Errno) -> ListenAddress {
        try address(socket.raw, getsockname)
    }

    /// Who is at the other end. See getpeername(2).
    package static func peerAddress(of socket: borrowing Descriptor) throws(Errno) -> ListenAddress {
        try address(socket.raw, getpeername)
    }

    /// Has close(2) send RST instead of FIN.
    package static func resetOnClose(_ socket: borrowing Descriptor) {
        var value = linger(l_onoff: 1, l_linger: 0)
        // A socket that is gone already is as good as reset.
        _ = setsockopt(socket.raw, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    private static func prepare(_ socket: borrowing Descriptor) throws(Errno) {
        let number = socket.raw
        _ = try retrying { fcntl(number, F_SETFD, FD_CLOEXEC) }
        try socket.setNonBlocking()
    }

    private static func set(_ socket: borrowing Descriptor, _ level: Int32, _ option: Int32) throws(Errno) {
        var on: Int32 = 1
        let number = socket.raw
        _ = try retrying { setsockopt(number, level, option, &on, socklen_t(MemoryLayout<Int32>.size)) }
    }

    private static func withSockaddr<Name>(
        _ name: inout Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Name>.size)) }
        }
    }

    private static func address(
        _ number: Int32,
        _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(Errno) -> ListenAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(number, $0, &length) }
        }
        if result == -1 { throw Errno.last }
        let isV6 = storage.ss_family == sa_family_t(AF_INET6)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let capacity = socklen_t(text.count)
        let port = withUnsafeMutablePointer(to: &storage) { pointer in
            if isV6 {
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    _ = inet_ntop(AF_INET6, &$0.pointee.sin6_addr, &text, capacity)
                    return UInt16(bigEndian: $0.pointee.sin6_port)
                }
            }
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                _ = inet_ntop(AF_INET, &$0.pointee.sin_addr, &text, capacity)
                return UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ListenAddress(host: host, isV6: isV6, port: port)
    }
}
