internal import Glibc
package import Linux
internal import Time

/// The log in Postfix's words, one line an event: `outspool/smtpd[PID]: connect from …`.
///
/// A line that is not taken at once waits in memory, up to ``limit`` bytes; what is beyond is lost, and a line says how
/// much. Neither a full disk nor a reader that stalls stops the mail.
package final class DoorLog {
    package enum Destination: Equatable, Sendable {
        case stderr, syslog
        case file(String)

        /// `stderr`, `syslog`, or a path.
        package init(_ text: String, path: String) {
            switch text {
            case "stderr": self = .stderr
            case "syslog": self = .syslog
            default: self = .file(path)
            }
        }
    }

    /// How many bytes wait at most.
    static let limit = 256 << 10

    private let destination: Destination
    private var descriptor: Descriptor?
    private var pending: [UInt8] = []
    private var lost = 0
    private let host = String(Process.hostName.prefix { $0 != "." })
    /// Standard error is journald's: it has time and name of its own.
    private let isJournal: Bool
    private var stamp: (second: Int64, text: String) = (.min, "")

    package init(_ destination: Destination) throws(Errno) {
        self.destination = destination
        isJournal = destination == .stderr && Process.environment("JOURNAL_STREAM") != nil
        try open()
    }

    deinit { flush() }

    /// Opens a file anew, as logrotate(8) asks for with SIGHUP.
    package func reopen() throws(Errno) {
        flush()
        try open()
    }

    /// Takes one line, which ``flush()`` writes.
    package func write(_ text: String) {
        if lost > 0, pending.count < DoorLog.limit / 2 {
            let count = lost
            lost = 0
            add("warning: \(count) lines of the log were lost")
        }
        add(text)
    }

    private func add(_ text: String) {
        let now = Timestamp.now
        let line: String
        if isJournal {
            line = "<\(text.utf8.starts(with: "warning: ".utf8) ? 4 : 6)>\(text)\n"
        } else {
            line = "\(moment(now)) \(host) outspool/smtpd[\(Process.id)]: \(text)\n"
        }
        if pending.count + line.utf8.count > DoorLog.limit { return lost += 1 }
        if destination == .syslog { pending += "<22>".utf8 }
        pending += line.utf8
        if destination == .syslog { flush() }
    }

    /// Writes what waits, as far as it is taken now.
    package func flush() {
        var start = 0
        while start < pending.count {
            let end = destination == .syslog ? (pending[start...].firstIndex(of: 0x0A) ?? pending.count) : pending.count
            let count = put(pending[start..<end])
            guard count > 0 else { break }
            start += destination == .syslog ? end - start + 1 : count
        }
        pending.removeFirst(min(start, pending.count))
    }

    /// How many bytes were taken; 0: none now.
    private func put(_ bytes: ArraySlice<UInt8>) -> Int {
        let number = descriptor?.raw ?? 2
        let isSocket = destination == .syslog
        // A reader that has gone takes nothing more: what it would have got is lost.
        return max(
            bytes.withUnsafeBytes { buffer in
                isSocket
                    ? send(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
                    : hasRoom(number) ? Glibc.write(number, buffer.baseAddress, min(buffer.count, 4096)) : 0
            }, 0)
    }

    /// Whether a pipe takes PIPE_BUF bytes without waiting. See poll(2).
    private func hasRoom(_ number: Int32) -> Bool {
        var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    private func open() throws(Errno) {
        switch destination {
        case .stderr: return
        case .file(let path):
            let flags = O_APPEND | O_CREAT | O_WRONLY | O_CLOEXEC | O_NOCTTY
            descriptor = Descriptor(owning: try retrying { Glibc.open(path, flags, 0o640) })
        case .syslog:
            let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let socket = Descriptor(owning: try retrying { Glibc.socket(AF_UNIX, kind, 0) })
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: "/dev/log".utf8) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let number = socket.raw
            _ = try retrying {
                withUnsafePointer(to: &name) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) }
                }
            }
            descriptor = consume socket
        }
    }

    /// `Nov 23 17:44:42`, in local time as syslog has it.
    private func moment(_ time: Timestamp) -> String {
        if time.seconds == stamp.second { return stamp.text }
        var seconds = time_t(time.seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%b %e %H:%M:%S", &parts)
        stamp = (time.seconds, String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        return stamp.text
    }
}
