internal import Glibc

/// One end of a pair of sockets that keeps messages apart and in order, and tells when the other end has gone. See
/// socketpair(2), SOCK_SEQPACKET.
package struct PacketSocket: ~Copyable {
    package let descriptor: Descriptor

    package init(owning number: Int32) { descriptor = Descriptor(owning: number) }

    /// The numbers of both ends, which are the caller's to own.
    package static func pair() throws(Errno) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        _ = try retrying { socketpair(AF_UNIX, kind, 0, &ends) }
        return (ends[0], ends[1])
    }

    /// Sends one message; EAGAIN when the socket has no room, EPIPE or ECONNRESET when the reader has gone.
    package func send(_ bytes: [UInt8]) throws(Errno) {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        _ = try retrying { bytes.withUnsafeBytes { Glibc.send(descriptor.raw, $0.baseAddress, $0.count, flags) } }
    }

    /// The next message, of at most `limit` bytes; EAGAIN while none is there, and empty when the other end has gone.
    package func receive(limit: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            do throws(Errno) {
                count = try retrying { recv(descriptor.raw, buffer.baseAddress, limit, Int32(MSG_DONTWAIT)) }
            } catch { failure = error }
        }
        if let failure {
            // What it had not read is lost with it.
            if failure == .connectionReset { return [] }
            throw failure
        }
        return bytes
    }

    /// Waits until there is a message or, of `forRoom`, room for one; false after that time. See poll(2).
    package func wait(forRoom: Bool, milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor.raw, events: Int16(forRoom ? POLLOUT : POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) > 0
    }
}
