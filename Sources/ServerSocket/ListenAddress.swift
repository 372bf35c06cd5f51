internal import Glibc
internal import Text

/// A numeric address and a port: `127.0.0.1:2525`, `[::1]:0`.
package struct ListenAddress: Equatable, Sendable, CustomStringConvertible {
    /// As inet_pton(3) reads it.
    package let host: String
    package let isV6: Bool
    /// 0 lets the kernel choose.
    package let port: UInt16

    package init(host: String, isV6: Bool, port: UInt16) {
        self.host = host
        self.isV6 = isV6
        self.port = port
    }

    /// Understands `HOST:PORT`; `localhost` is 127.0.0.1. Names are not resolved.
    package init(_ text: String) throws(UsageError) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(text[text.utf8.index(after: colon)...])
        else {
            throw UsageError("--listen \(text): HOST:PORT is needed")
        }
        var host = text[..<colon]
        let isV6 = host.begins(with: "[") && host.ends(with: "]")
        if isV6 { host = Substring(host.utf8.dropFirst().dropLast()) }
        self.init(host: host.isExactly("localhost") ? "127.0.0.1" : String(host), isV6: isV6, port: port)
        if octets == nil {
            throw UsageError("--listen \(text): not a numeric address (write an IPv6 address in brackets)")
        }
    }

    package var description: String { isV6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        guard let octets else { return false }
        return isV6 ? octets == [UInt8](repeating: 0, count: 15) + [1] : octets.first == 127
    }

    /// In network order; nil when the host is not an address. See inet_pton(3).
    package var octets: [UInt8]? {
        var octets = [UInt8](repeating: 0, count: isV6 ? 16 : 4)
        return inet_pton(isV6 ? AF_INET6 : AF_INET, host, &octets) == 1 ? octets : nil
    }
}
