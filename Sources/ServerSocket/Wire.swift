internal import Glibc
package import Linux

/// One connection's bytes, plain or through TLS; the socket is closed with the last reference.
package final class Wire {
    private let socket: Descriptor
    private var tls: TLSSession?

    /// The result of a call.
    package enum Outcome {
        case moved(Int)
        case wait
        /// TLS must write before it can read: repeat when the socket takes bytes.
        case waitToWrite
        /// By the peer or by an error; nothing more comes.
        case ended
    }

    package init(_ socket: consuming Descriptor) { self.socket = socket }

    package var descriptor: Int32 { socket.raw }

    /// Everything from now on goes through TLS; nil when memory is short.
    package func startTLS(_ context: TLSContext) -> TLSSession? {
        tls = TLSSession(context, socket: socket.raw)
        return tls
    }

    /// TLS holds bytes that epoll does not know of.
    package var hasPending: Bool { tls?.hasPending ?? false }

    /// Bytes or the end are there to be read from the socket.
    package var hasInput: Bool {
        var byte: UInt8 = 0
        return recv(socket.raw, &byte, 1, Int32(MSG_PEEK)) >= 0 || Errno.last != .again
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        if let tls { return outcome(tls.read(into: buffer)) }
        do throws(Errno) {
            let count = try socket.read(into: buffer)
            return count == 0 ? .ended : .moved(count)
        } catch {
            return error == .again ? .wait : .ended
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        if let tls { return outcome(tls.write(bytes)) }
        do throws(Errno) {
            let number = socket.raw
            return .moved(try retrying { send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) })
        } catch {
            return error == .again ? .wait : .ended
        }
    }

    /// Nothing more is sent; the peer reads the end. See shutdown(2).
    package func finish() {
        tls?.shutdown()
        // Fails for a peer that has gone, which is then served.
        _ = shutdown(socket.raw, Int32(SHUT_WR))
    }

    /// The close that follows is a reset.
    package func resetOnClose() { Socket.resetOnClose(socket) }

    private func outcome(_ outcome: TLSSession.Outcome) -> Outcome {
        switch outcome {
        case .done(let count): .moved(count)
        case .waitToRead: .wait
        case .waitToWrite: .waitToWrite
        case .ended, .failed: .ended
        }
    }
}
