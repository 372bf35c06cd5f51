internal import CCurl
internal import Glibc
internal import Linux
internal import SMTP
internal import Text
internal import Time

/// One easy handle of libcurl: one SMTP connection, from the lookup of the name to AUTH, and then bytes in and out.
///
/// Whoever added it to the loop removes it before letting go of it. See CURLOPT_CONNECT_ONLY(3).
final class Easy {
    let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    init() throws(CurlError) {
        guard let handle = curl_easy_init() else { throw CurlError(CURLE_OUT_OF_MEMORY) }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        errorText.deallocate()
    }

    /// Sets everything but the reader of replies.
    func configure(_ settings: RelaySettings, _ credentials: Credentials?) throws(CurlError) {
        try set(CURLOPT_ERRORBUFFER, errorText)
        try set(CURLOPT_URL, Self.url(settings))
        try set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try set(CURLOPT_CONNECT_ONLY, 1)
        try set(CURLOPT_NOSIGNAL, 1)
        // An empty string, other than NULL, keeps the environment's proxy out.
        try set(CURLOPT_PROXY, settings.proxy ?? "")
        if let source = settings.sourceAddress { try set(CURLOPT_INTERFACE, source) }
        let milliseconds = Int32(clamping: settings.connectTimeout.nanoseconds / 1_000_000)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(milliseconds), 1))
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // A connection in our hands must not be pruned when another one connects.
        try set(CURLOPT_MAXAGE_CONN, 86400)
        try setTLS(settings, hasLogin: credentials != nil)
        if let credentials { try setLogin(credentials, settings.mechanism) }
    }

    private func setTLS(_ settings: RelaySettings, hasLogin: Bool) throws(CurlError) {
        let isVerified = settings.isImplicitTLS || settings.tls == .require
        switch settings.tls {
        case .require: try set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        // Whoever hides the offer of STARTTLS would have the password in clear.
        case .opportunistic:
            try set(CURLOPT_USE_SSL, Int((hasLogin ? CURLUSESSL_ALL : CURLUSESSL_TRY).rawValue))
        case .none: try set(CURLOPT_USE_SSL, Int(CURLUSESSL_NONE.rawValue))
        }
        try set(CURLOPT_SSL_VERIFYPEER, isVerified ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, isVerified ? 2 : 0)
        let version = settings.tlsMinimum == .tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2
        try set(CURLOPT_SSLVERSION, version)
        try set(CURLOPT_CAINFO, settings.caFile)
        // With the distribution's directory, OpenSSL reads 140 certificates at each connection: 22 ms instead of 1.
        try CurlError.check(ccurl_set_string(handle, CURLOPT_CAPATH, nil))
    }

    private func setLogin(_ credentials: Credentials, _ mechanism: RelaySettings.Mechanism) throws(CurlError) {
        try set(CURLOPT_USERNAME, credentials.user)
        try set(CURLOPT_SASL_IR, 1)
        var secret = credentials.secret.map { CChar(bitPattern: $0) } + [0]
        let option = credentials.isToken ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD
        try CurlError.check(ccurl_set_string(handle, option, secret))
        for index in secret.indices { secret[index] = 0 }
        switch mechanism {
        case .auto: if credentials.isToken { try set(CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2") }
        case .plain: try set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN")
        case .login: try set(CURLOPT_LOGIN_OPTIONS, "AUTH=LOGIN")
        case .xoauth2: try set(CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2")
        }
    }

    /// The path is the name in EHLO. What is no name or address there is percent-encoded, and libcurl
    /// refuses a control character.
    private static func url(_ settings: RelaySettings) -> String {
        var helo: [UInt8] = []
        for byte in (settings.helo ?? Process.hostName).utf8 {
            if byte.isLetterOrDigit || "-._".utf8.contains(byte) {
                helo.append(byte)
            } else {
                helo += [UInt8(ascii: "%"), .hexDigit(byte >> 4), .hexDigit(byte)]
            }
        }
        let scheme = settings.isImplicitTLS ? "smtps" : "smtp"
        return "\(scheme)://\(settings.host):\(settings.port)/\(String(decoding: helo, as: UTF8.self))"
    }

    /// Has every line that the server sends before the hand-over appended to `transcript`, which must outlive
    /// the handle. What it cannot understand ends the connecting.
    func record(into transcript: Transcript) throws(CurlError) {
        try CurlError.check(
            ccurl_set_pointer(handle, CURLOPT_HEADERDATA, Unmanaged.passUnretained(transcript).toOpaque()))
        try CurlError.check(
            ccurl_set_header_function(handle) { bytes, size, count, transcript in
                guard let bytes, let transcript else { return 0 }
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                // Another count than was given makes libcurl give up: else it would read a reply that never ends to
                // the connect timeout, and hold up the loop with it.
                return Unmanaged<Transcript>.fromOpaque(transcript).takeUnretainedValue().append(line) ? line.count : -1
            })
    }

    /// What libcurl says of its failure, in one line.
    func reason(_ code: CURLcode) -> String {
        let text = errorText.pointee == 0 ? CurlError(code).description : String(cString: errorText)
        return printableLine(text.utf8, limit: 300)
    }

    /// Has the server's certificates kept for ``certificateEnd``. See CURLOPT_CERTINFO(3).
    func keepCertificates() throws(CurlError) { try set(CURLOPT_CERTINFO, 1) }

    /// When the server's own certificate ends; nil when it showed none, or it was not kept.
    var certificateEnd: Timestamp? {
        ccurl_certificate_field(handle, "Expire date:").flatMap { Timestamp(certificate: String(cString: $0)) }
    }

    /// Why it could not connect.
    func failure(_ code: CURLcode, _ transcript: Transcript, _ settings: RelaySettings) -> ConnectionFailure {
        ConnectionFailure(code, reason(code), transcript, settings, hasConnected: hasConnected)
    }

    var socket: Int32 { ccurl_active_socket(handle) }
    var hasLookedUp: Bool { ccurl_time(handle, CURLINFO_NAMELOOKUP_TIME_T) > 0 }
    var hasConnected: Bool { ccurl_time(handle, CURLINFO_CONNECT_TIME_T) > 0 }

    /// What a send or a receive came to.
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

extension Timestamp {
    /// Reads a certificate's date as OpenSSL prints it: `Nov  4 17:44:11 2026 GMT`. See ASN1_TIME_print(3).
    package init?(certificate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")  // exact: from OpenSSL
        guard words.count == 5, words[4] == "GMT", let month = months.firstIndex(of: String(words[0])) else {
            return nil
        }
        func two(_ text: some StringProtocol) -> String { text.utf8.count < 2 ? "0\(text)" : String(text) }
        self.init(rfc3339: "\(words[3])-\(two(String(month + 1)))-\(two(words[1]))T\(words[2])Z")
    }
}
