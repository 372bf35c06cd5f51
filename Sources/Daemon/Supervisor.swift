internal import Glibc
internal import Linux
internal import Text
internal import Time

/// The messages for systemd, or any other supervisor that sets NOTIFY_SOCKET. See sd_notify(3).
struct Supervisor {
    private let address: String?
    /// How often the watchdog wants a sign of life, half of its limit; nil without one.
    let watchdogInterval: Span?

    init() {
        address = Process.environment("NOTIFY_SOCKET")
        let isForUs = Process.environment("WATCHDOG_PID").map { $0 == String(Process.id) } ?? true
        watchdogInterval =
            isForUs
            ? Process.environment("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap {
                $0 > 0 && $0 < Int64.max / 500 ? Span(nanoseconds: $0 * 500) : nil
            }
            : nil
    }

    /// Sends assignments such as `READY=1`. Nothing is reported: a supervisor that does not listen
    /// must not stop the mail, and is waited for no longer than a moment.
    func tell(_ message: String) {
        guard let address, address.utf8.count < 108 else { return }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var patience = timeval(tv_sec: 0, tv_usec: 200_000)
        _ = setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let length = address.utf8.count
        withUnsafeMutableBytes(of: &name.sun_path) { path in
            path.copyBytes(from: address.utf8)
            // A leading @ stands for the NUL of an abstract address.
            if address.begins(with: "@") { path[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + length + (address.begins(with: "@") ? 0 : 1))
        var text = message
        text.withUTF8 { bytes in
            withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), $0, size)
                }
            }
        }
    }
}
