internal import Glibc
internal import JSON
package import Linux
internal import Text
package import Time

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

    /// The programs of Postfix whose words each line is in: `master` tells of the daemon itself, `error` of what
    /// failed without a relay, and `task`, which Postfix has not, of programs.
    package enum Source: String {
        case master = "outspool/master"
        case pickup = "outspool/pickup"
        case cleanup = "outspool/cleanup"
        case qmgr = "outspool/qmgr"
        case smtp = "outspool/smtp"
        case task = "outspool/task"
        case error = "outspool/error"
    }

    package enum Level: Int { case error = 3, warning = 4, info = 6 }

    private let destination: Destination
    private let format: Format
    private var file: Descriptor?
    /// The descriptor's number; standard error's until there is another.
    private var number: Int32 = 2
    /// Has a call made at the end of the round; without it each line is written at once.
    var later: ((@escaping () -> Void) -> Void)?
    private var pending: [UInt8] = []
    /// The last write ended within a line: the next one begins with a newline.
    private var isTorn = false
    /// How many lines could not be written.
    package private(set) var dropped = 0
    /// The last second that was written out, and its text.
    private var stamp: (second: Int64, text: String) = (.min, "")
    /// How the lines of that second begin.
    private var beginnings: [Source: String] = [:]
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
    package func write(_ text: String, _ level: Level = .info, _ source: Source = .master) {
        write(source, level, job: nil, members: [], text: text)
    }

    /// A line about a job: `members` are the pairs of the text line, in its order, and of the JSON object; `note`
    /// stands behind them in parentheses, `text` without.
    package func write(
        _ source: Source, job: String, _ members: [(String, LogValue)], note: String? = nil, text: String? = nil
    ) {
        write(source, .info, job: job, members: members, text: text, note: note)
    }

    /// A reply has up to 64 KiB. The line has its beginning, the job's history all of it.
    private static let textLimit = 1000

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit, text.unicodeScalars.count > textLimit else { return text }
        return String(text.unicodeScalars.prefix(textLimit)) + "..."
    }

    private func write(
        _ source: Source, _ level: Level, job: String?, members: [(String, LogValue)], text: String?,
        note: String? = nil
    ) {
        let now = Timestamp.now
        let said = (text ?? note).map { Log.cut($0) }
        let body =
            format == .json
            ? Log.object(source, level, job: job, members, said, at: now)
            : Log.line(source, level, job: job, members, said, isNote: text == nil)
        var line: String
        switch destination {
        case .stderr, .file:
            line = format == .json ? "" : beginning(of: source, at: now)
            line += body
            line += "\n"
        case .syslog:
            // Facility mail. See syslog(3), RFC 3164.
            line = "<\(2 << 3 | level.rawValue)>\(moment(now)) \(source.rawValue)[\(Process.id)]: \(body)"
        case .journal:
            line =
                "PRIORITY=\(level.rawValue)\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=\(source.rawValue)\nMESSAGE=\(body)\n"
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
            do throws(Errno) { try reopen() } catch { return dropped += 1 }
            if send(Array(line.utf8)) { return }
        }
        dropped += 1
    }

    /// `ID: key=value, key=value (note)`; of `pickup` without commas, as Postfix has it.
    package static func line(
        _ source: Source, _ level: Level, job: String?, _ members: [(String, LogValue)], _ text: String?, isNote: Bool
    ) -> String {
        var line = ""
        line.reserveCapacity(192)
        if let job {
            line += job
            line += ": "
        } else if level != .info {
            line += level == .error ? "fatal: " : "warning: "
        }
        let separator = source == .pickup ? " " : ", "
        for (index, member) in members.enumerated() {
            if index > 0 { line += separator }
            line += member.0
            line += "="
            member.1.write(to: &line)
        }
        guard let text else { return line }
        if !members.isEmpty { line += isNote ? " " : ", " }
        if isNote { line += "(" }
        line += printable(text)
        if isNote { line += ")" }
        return line
    }

    /// The same as one JSON object.
    package static func object(
        _ source: Source, _ level: Level, job: String?, _ members: [(String, LogValue)], _ text: String?,
        at now: Timestamp
    ) -> String {
        var object: [(name: String, value: JSON)] = [
            ("at", .string(now.rfc3339)), ("source", .string(source.rawValue)),
            ("pid", .number(.init(Int(Process.id)))), ("level", .string("\(level)")),
        ]
        if let job { object.append(("id", .string(job))) }
        for (name, value) in members { object.append((name, value.json)) }
        if let text { object.append(("text", .string(text))) }
        return printableJSON(JSON.object(JSON.Object(object)).text)
    }

    /// Writes what waits for the end of the round.
    package func flush() {
        guard !pending.isEmpty else { return }
        if !send(pending) { dropped += pending.count { $0 == 0x0A } }
        pending.removeAll(keepingCapacity: true)
    }

    /// False when not all of it could be written.
    private func send(_ bytes: [UInt8]) -> Bool {
        let bytes = isTorn ? [0x0A] + bytes : bytes
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count <= 0 {
                // A full disk takes half a line.
                if destination.isStream, start > 0 { isTorn = bytes[start - 1] != 0x0A }
                return false
            }
            start += count
        }
        isTorn = false
        return true
    }

    /// `Nov 23 17:44:42`, in local time as syslog has it.
    private func moment(_ time: Timestamp) -> String {
        if time.seconds != stamp.second {
            stamp = (time.seconds, Log.stamp(time))
            beginnings = [:]
        }
        return stamp.text
    }

    /// `Nov 23 17:44:42 web1 outspool/smtp[412]: `, put together once a second.
    private func beginning(of source: Source, at time: Timestamp) -> String {
        let moment = moment(time)
        if let known = beginnings[source] { return known }
        let beginning = "\(moment) \(host) \(source.rawValue)[\(Process.id)]: "
        beginnings[source] = beginning
        return beginning
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
            owning: try retrying { Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }
        )
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
