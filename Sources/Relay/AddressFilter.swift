internal import CCurl
internal import Glibc
internal import Text

/// Which addresses of a name libcurl may connect to, and to which it did.
///
/// libcurl looks the name up and asks for a socket for each address that it wants to try; the answer may be none. So it
/// keeps its own way through the addresses. See CURLOPT_OPENSOCKETFUNCTION(3).
final class AddressFilter {
    /// Addresses to avoid.
    private let avoided: [String]
    /// The addresses that a socket was made for, in that order, with the time.
    private(set) var opened: [(address: String, at: Int64)] = []
    /// Those that were avoided.
    private(set) var refused: [String] = []
    private let clock: () -> Int64

    init(avoiding avoided: [String], clock: @escaping () -> Int64) {
        self.avoided = avoided
        self.clock = clock
    }

    /// A socket for `address`; CURL_SOCKET_BAD has libcurl try the next one.
    func socket(for address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let text = Self.text(address)
        if let text, avoided.holds(exactly: text) {
            refused.append(text)
            return CURL_SOCKET_BAD
        }
        if let text { opened.append((text, clock())) }
        return Glibc.socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }

    /// The address as digits, nil for a UNIX socket. See getnameinfo(3).
    private static func text(_ address: UnsafeMutablePointer<curl_sockaddr>) -> String? {
        if address.pointee.family == AF_UNIX { return nil }
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length = address.pointee.addrlen
        let result = withUnsafePointer(to: &address.pointee.addr) {
            getnameinfo($0, length, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        }
        guard result == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
