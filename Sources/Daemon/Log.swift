internal import Glibc
package import JSON
package import Linux
internal import Text
internal import Time

/// The log, in Postfix's words: one line an event.
///
/// Lines for a file wait for the end of the loop's round and are written together; a warning takes them along
/// at once. A line that cannot be written is dropped: the history in the job's file is the record, and a
/// full disk must not stop the mail.
package final class Log {
    package enum Destination: Equatable, Sendable {
        case stderr, syslog, journal
        case file(String)

        /// Whether lines follow each other there; a socket takes them one by one.
        var isStream: Bool {
            switch self {
            case .stderr, .file: true
            case .syslog, .journal: false
            }
        }
    }

    package enum Format: String, CaseIterable, Sendable { case text, json }

    /// The programs of Postfix whose words each line is in.
    package enum Source: String { case daemon = "outspool", pickup = "outspool/pickup", qmgr = "outspool/qmgr", smtp = "outspool/smtp" }

    package enum Level: Int { case error = 3, warning = 4, info = 6 }

    private let destination: Destination
    private let format: Format
    private var file: Descriptor?
    /// The descriptor's number; standard error's until there is another.
    private var number: Int32 = 2
    /// Has a call made at the end of the round; without it each line is written at once.
    var later: ((@escaping () -> Void) -> Void)?
    private var pending: [UInt8] = []
    /// The last second that was written out, and its text.
    private var stamp: (second: Int64, text: String) = (.min, "")
    private let host = String(Process.hostName.prefix { $0 != "." })

    deinit { flush() }

    package init(_ destination: Destination, format: Format) throws(Errno) {
        self.destination = destination
        self.format = format
        try reopen()
    }

    /// Opens the file or socket anew, as logrotate(8) asks for with SIGHUP.
    package func reopen() throws(Errno) {
        flush()
        let opened: Descriptor
        switch destination {
        case .stderr: return
        case .file(let path): opened = try Log.openFile(path)
        case .syslog: opened = try Log.connect("/dev/log")
        case .journal: opened = try Log.connect("/run/systemd/journal/socket")
        }
        number = opened.raw
        file = consume opened
    }

    /// A line without a job: what the daemon does, or what is wrong with its surroundings.
    package func write(_ text: String, _ level: Level = .info, _ source: Source = .daemon) {
        write(source, level, job: nil, text: text, members: [])
    }

    /// A line about a job: `members` are the pairs of the text line, in its order, and of the JSON object.
    package func write(_ source: Source, job: String?, _ members: [(String, JSON)], _ note: String? = nil) {
        write(source, .info, job: job, text: note, members: members)
    }

    private func write(_ source: Source, _ level: Level, job: String?, text: String?, members: [(String, JSON)]) {
        let now = Timestamp.now
        let word = level == .error ? "fatal: " : level == .warning ? "warning: " : ""
        var body: String
        if format == .json {
            var object: [(name: String, value: JSON)] = [("at", .string(now.rfc3339)), ("source", .string(source.rawValue))]
            if level != .info { object.append(("level", .string(level == .error ? "error" : "warning"))) }
            if let job { object.append(("id", .string(job))) }
            for (name, value) in members { object.append((name, value)) }
            if let text { object.append(("text", .string(text))) }
            body = printableJSON(JSON.object(JSON.Object(object)).text)
        } else {
            body = job.map { "\($0): " } ?? word
            body += members.map { "\($0)=\(Log.plain($1))" }.joined(separator: ", ")
            if let text { body += (members.isEmpty ? "" : " ") + printable(text) }
        }
        let line: String
        switch destination {
        case .stderr, .file:
            line = format == .json ? body + "\n" : "\(moment(now)) \(host) \(source.rawValue)[\(Process.id)]: \(body)\n"
        case .syslog:
            // Facility mail. See syslog(3), RFC 3164.
            line = "<\(2 << 3 | level.rawValue)>\(moment(now)) \(source.rawValue)[\(Process.id)]: \(body)"
        case .journal:
            line = "PRIORITY=\(level.rawValue)\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=\(source.rawValue)\nMESSAGE=\(body)\n"
        }
        if let later, level == .info, destination.isStream {
            if pending.isEmpty { later { [weak self] in self?.flush() } }
            pending += line.utf8
            if pending.count > 65536 { flush() }
            return
        }
        flush()
        if send(Array(line.utf8)) { return }
        // A syslogd or journald that was started anew has another socket of that name.
        if !destination.isStream {
            do throws(Errno) { try reopen() } catch { return }
            _ = send(Array(line.utf8))
        }
    }

    /// Writes what waits for the end of the round.
    package func flush() {
        guard !pending.isEmpty else { return }
        _ = send(pending)
        pending.removeAll(keepingCapacity: true)
    }

    /// False when not all of it could be written.
    private func send(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count <= 0 { return false }
            start += count
        }
        return true
    }

    /// `Nov 23 17:44:42`, in local time as syslog has it.
    private func moment(_ time: Timestamp) -> String {
        if time.seconds != stamp.second { stamp = (time.seconds, Log.stamp(time)) }
        return stamp.text
    }

    /// A value without quotation marks, on one line.
    private static func plain(_ value: JSON) -> String {
        if case .string(let text) = value { return printable(text) }
        return value.text
    }

    private static func stamp(_ time: Timestamp) -> String {
        var seconds = time_t(time.seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = parts.tm_mday < 10 ? " \(parts.tm_mday)" : "\(parts.tm_mday)"
        return "\(months[Int(parts.tm_mon)]) \(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    private static func openFile(_ path: String) throws(Errno) -> Descriptor {
        Descriptor(owning: try retrying { open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o640) })
    }

    private static func connect(_ path: String) throws(Errno) -> Descriptor {
        let socket = Descriptor(
            owning: try retrying { Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        _ = try retrying {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket.raw, $0, size) }
            }
        }
        return socket
    }
}
