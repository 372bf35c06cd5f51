internal import CCurl
internal import Glibc
internal import Linux
internal import Text
internal import Time

/// One easy handle of libcurl: a connection through TCP and a proxy, or TLS on one that stands; then bytes in and out.
///
/// The owner removes it from the loop before letting go of it. The URL is of http or https for the work of libcurl up
/// to the first byte, and no byte of HTTP is sent. See CURLOPT_CONNECT_ONLY(3).
final class Easy {
    let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// The connected socket for TLS; libcurl's once it has asked for it.
    private var socketForTLS: Int32 = -1
    private var filter: AddressFilter?

    init() throws(CurlError) {
        guard let handle = curl_easy_init() else { throw CurlError(CURLE_OUT_OF_MEMORY) }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        if socketForTLS >= 0 { close(socketForTLS) }
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    private func configure(_ url: String, _ settings: RelaySettings) throws(CurlError) {
        try set(CURLOPT_ERRORBUFFER, errorText)
        try set(CURLOPT_URL, url)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_CONNECT_ONLY, 1)
        try set(CURLOPT_NOSIGNAL, 1)
        let milliseconds = Int32(clamping: settings.connectTimeout.nanoseconds / 1_000_000)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(milliseconds), 1))
        // A connection in our hands must not be pruned when another one connects.
        try set(CURLOPT_MAXAGE_CONN, 86400)
    }

    /// Has it connect to the relay, or to the proxy and through that, by the addresses that `filter` lets pass.
    func connect(_ settings: RelaySettings, through filter: AddressFilter) throws(CurlError) {
        try configure("http://\(settings.host):\(settings.port)/", settings)
        // An empty string, other than NULL, keeps the environment's proxy out.
        try set(CURLOPT_PROXY, settings.proxy ?? "")
        if let socket = settings.socket { try set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        try set(CURLOPT_HTTPPROXYTUNNEL, 1)
        // What a proxy answers to CONNECT is not the relay's.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let source = settings.sourceAddress { try set(CURLOPT_INTERFACE, source) }
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        switch settings.family {
        case .any: break
        case .ipv4: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V4))
        case .ipv6: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V6))
        }
        self.filter = filter
        try CurlError.check(
            ccurl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(filter).toOpaque()))
        try CurlError.check(
            ccurl_set_open_function(handle) { filter, _, address in
                guard let filter, let address else { return CURL_SOCKET_BAD }
                return Unmanaged<AddressFilter>.fromOpaque(filter).takeUnretainedValue().socket(for: address)
            })
    }

    /// Has it negotiate TLS on `socket`, which it closes with the connection. `isVerified` is false where any
    /// certificate will do.
    ///
    /// libcurl is told that the socket which it asks for is connected: CURL_SOCKOPT_ALREADY_CONNECTED.
    func secure(_ socket: consuming Descriptor, _ settings: RelaySettings, isVerified: Bool) throws(CurlError) {
        socketForTLS = socket.release()
        try configure("https://\(settings.tlsName ?? settings.host):\(settings.port)/", settings)
        try set(CURLOPT_PROXY, "")
        // No name is looked up: the address is of no meaning.
        guard let list = curl_slist_append(nil, "::127.0.0.1:") else { throw CurlError(CURLE_OUT_OF_MEMORY) }
        lists.append(list)
        try CurlError.check(ccurl_set_list(handle, CURLOPT_CONNECT_TO, list))
        try CurlError.check(
            ccurl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque()))
        try CurlError.check(
            ccurl_set_open_function(handle) { easy, _, _ in
                guard let easy else { return CURL_SOCKET_BAD }
                let this = Unmanaged<Easy>.fromOpaque(easy).takeUnretainedValue()
                defer { this.socketForTLS = -1 }
                return this.socketForTLS
            })
        try CurlError.check(ccurl_set_option_function(handle) { _, _, _ in CURL_SOCKOPT_ALREADY_CONNECTED })
        try setTLS(settings, isVerified: isVerified)
    }

    private func setTLS(_ settings: RelaySettings, isVerified: Bool) throws(CurlError) {
        // A fingerprint replaces the chain.
        let hasChain = isVerified && settings.fingerprint == nil
        try set(CURLOPT_SSL_VERIFYPEER, hasChain ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, hasChain ? 2 : 0)
        if isVerified, case .publicKey(let pin) = settings.fingerprint { try set(CURLOPT_PINNEDPUBLICKEY, pin) }
        let version = settings.tlsMinimum == .tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2
        try set(CURLOPT_SSLVERSION, version)
        if hasChain { try set(CURLOPT_CAINFO, settings.caFile) }
        // With the distribution's directory, OpenSSL reads 140 certificates at each connection: 22 ms instead of 1.
        try CurlError.check(ccurl_set_string(handle, CURLOPT_CAPATH, nil))
        if let certificate = settings.certificate {
            try set(CURLOPT_SSLCERT, certificate.file)
            try set(CURLOPT_SSLKEY, certificate.key)
        }
        // HTTP is not what is spoken.
        try set(CURLOPT_SSL_ENABLE_ALPN, 0)
        try set(CURLOPT_CERTINFO, 1)
    }

    /// The reason of libcurl's failure, in one line, or nil.
    var reason: String? {
        errorText.pointee == 0 ? nil : printableLine(String(cString: errorText).utf8, limit: 300)
    }

    /// When the server's own certificate ends; nil when it showed none.
    var certificateEnd: Timestamp? {
        ccurl_certificate_field(handle, "Expire date:").flatMap { Timestamp(certificate: String(cString: $0)) }
    }

    /// The server's own certificate in PEM; nil when it showed none.
    var certificate: String? { ccurl_certificate_field(handle, "Cert:").map { String(cString: $0) } }

    /// The address that it is connected to: the relay's, or the proxy's. See CURLINFO_PRIMARY_IP(3).
    var address: String? { ccurl_primary_address(handle).map { String(cString: $0) } }

    /// Why connect(2) failed; nil where it did not. See CURLINFO_OS_ERRNO(3).
    var connectError: Errno? {
        let number = ccurl_os_errno(handle)
        return number == 0 ? nil : Errno(number)
    }

    var socket: Int32 { ccurl_active_socket(handle) }
    var hasLookedUp: Bool { ccurl_time(handle, CURLINFO_NAMELOOKUP_TIME_T) > 0 }

    /// The result of a send or a receive.
    enum Transfer {
        case bytes(Int)
        case again
        case closed(String)
    }

    /// After ``Transfer/again`` the next call must bring the same address and at least as many bytes.
    /// See curl_easy_send(3).
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        var count = 0
        switch curl_easy_send(handle, bytes.baseAddress, bytes.count, &count) {
        case CURLE_OK: return .bytes(count)
        case CURLE_AGAIN: return .again
        default: return .closed("connection lost")
        }
    }

    /// See curl_easy_recv(3).
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        var count = 0
        switch curl_easy_recv(handle, buffer.baseAddress, buffer.count, &count) {
        case CURLE_OK: return count > 0 ? .bytes(count) : .closed("connection closed by the relay")
        case CURLE_AGAIN: return .again
        default: return .closed("connection lost")
        }
    }

    /// Acknowledges now what has come, where the kernel would wait 40 ms for something to send with it: a relay whose
    /// next answer is small does not send it before, by Nagle's algorithm. See TCP_QUICKACK in tcp(7).
    func acknowledge() {
        var now: Int32 = 1
        // Where it fails, the kernel does it a little later.
        _ = setsockopt(socket, Int32(IPPROTO_TCP), TCP_QUICKACK, &now, socklen_t(MemoryLayout<Int32>.size))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(CurlError) {
        try CurlError.check(ccurl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(CurlError) {
        try CurlError.check(ccurl_set_string(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutablePointer<CChar>) throws(CurlError) {
        try CurlError.check(ccurl_set_pointer(handle, option, value))
    }
}
