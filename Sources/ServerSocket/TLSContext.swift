internal import COpenSSL

/// The server's side of TLS: a certificate, a key, TLS 1.2 and later. See SSL_CTX_new(3).
package final class TLSContext {
    fileprivate let raw: OpaquePointer

    /// Reads a chain and a key in PEM and holds them together.
    package init(certificateFile: String, keyFile: String) throws(StartError) {
        guard let raw = SSL_CTX_new(TLS_server_method()) else {
            throw .unavailable("TLS: \(Self.reason)")
        }
        self.raw = raw
        guard copenssl_require_tls12(raw) == 1 else { throw .unavailable("TLS: \(Self.reason)") }
        copenssl_set_nonblocking_modes(raw)
        SSL_CTX_set_options(raw, copenssl_options())
        guard SSL_CTX_use_certificate_chain_file(raw, certificateFile) == 1 else {
            throw .noInput("certificate \(certificateFile): \(Self.reason)")
        }
        guard SSL_CTX_use_PrivateKey_file(raw, keyFile, SSL_FILETYPE_PEM) == 1 else {
            throw .noInput("key \(keyFile): \(Self.reason)")
        }
        guard SSL_CTX_check_private_key(raw) == 1 else {
            throw .noInput("key \(keyFile) does not belong to certificate \(certificateFile)")
        }
    }

    deinit { SSL_CTX_free(raw) }

    /// The error of this thread's last failed call; the queue of errors is emptied.
    fileprivate static var reason: String {
        let text = String(cString: copenssl_reason())
        ERR_clear_error()
        return text
    }
}

/// TLS over one connected non-blocking socket. See SSL_new(3).
package final class TLSSession {
    private let raw: OpaquePointer

    /// The result of a call. After a waiting one, call again when the socket is ready.
    package enum Outcome {
        case done(Int)
        case waitToRead
        case waitToWrite
        case ended
        case failed(String)
    }

    /// The socket stays the caller's, and outlives the session.
    init?(_ context: TLSContext, socket: Int32) {
        guard let raw = SSL_new(context.raw) else { return nil }
        self.raw = raw
        guard SSL_set_fd(raw, socket) == 1 else { return nil }
        SSL_set_accept_state(raw)
    }

    deinit { SSL_free(raw) }

    /// Takes the handshake as far as it goes. See SSL_do_handshake(3).
    package func handshake() -> Outcome { outcome { SSL_do_handshake(raw) } }

    /// See SSL_read(3).
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        outcome { SSL_read(raw, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    /// See SSL_write(3).
    package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        outcome { SSL_write(raw, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// Bytes were taken from the socket that have not been read yet. See SSL_has_pending(3).
    package var hasPending: Bool { SSL_has_pending(raw) == 1 }

    /// `TLSv1.3`
    package var version: String { String(cString: SSL_get_version(raw)) }

    /// Tells the peer that nothing more comes; its answer is not waited for. See SSL_shutdown(3).
    package func shutdown() {
        // A peer that has gone already needs no notice.
        _ = outcome { SSL_shutdown(raw) }
    }

    private func outcome(_ call: () -> Int32) -> Outcome {
        ERR_clear_error()
        let result = call()
        if result > 0 { return .done(Int(result)) }
        switch SSL_get_error(raw, result) {
        case SSL_ERROR_WANT_READ: return .waitToRead
        case SSL_ERROR_WANT_WRITE: return .waitToWrite
        case SSL_ERROR_ZERO_RETURN, SSL_ERROR_SYSCALL: return .ended
        default: return .failed(TLSContext.reason)
        }
    }
}
