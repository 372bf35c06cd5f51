package import EventLoop
internal import Glibc
internal import JSON
package import Linux
internal import Text
package import Time

/// The log, in Postfix's words: one line an event.
///
/// Lines for a file wait for the end of the loop's round and are written together; a warning takes them along
/// at once. A line that cannot be written is lost, and counted: the history in the job's file is the record, and
/// neither a full disk nor a reader that stalls may stop the mail. See `LogOutput.swift`.
package final class Log {
    package enum Destination: Equatable, Sendable, CustomStringConvertible {
        case stderr, syslog, journal
        case file(String)

        /// The path of the file or socket, for an error.
        package var description: String {
            switch self {
            case .stderr: "stderr"
            case .syslog: "/dev/log"
            case .journal: "/run/systemd/journal/socket"
            case .file(let path): path
            }
        }

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
    private let output: LogOutput
    private var willFlush = false
    /// Has lines of one round written together, and a stalled reader waited for; without it each line is written at
    /// once.
    package var loop: EventLoop? {
        get { output.loop }
        set { output.loop = newValue }
    }
    /// How many lines could not be written.
    package var dropped: Int { output.lost }
    /// The last second that was written out, and its text.
    private var stamp: (second: Int64, text: String) = (.min, "")
    /// How the lines of that second begin.
    private var beginnings: [Source: String] = [:]
    private let host = String(Process.hostName.prefix { $0 != "." })

    /// Opens the destination. A FIFO needs no reader. `isShared` says that other processes write lines there, too;
    /// `socket` stands in for that of syslog or the journal.
    package init(
        _ destination: Destination, format: Format, isShared: Bool = false, socket: String? = nil
    ) throws(Errno) {
        self.destination = destination
        self.format = format
        output = try LogOutput(destination, isShared: isShared, socket: socket)
        output.mention = { [unowned self] count in
            let text = count == 1 ? "1 line of the log was lost" : "\(count) lines of the log were lost"
            return line(.master, .warning, job: nil, members: [], text: text, note: nil)
        }
    }

    deinit {
        // It asks a log that is there.
        output.mention = nil
        output.finish()
    }

    /// Opens the file or socket anew, as logrotate(8) asks for with SIGHUP. On error the old one stays.
    package func reopen() throws(Errno) { try output.reopen() }

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
        output.add(line(source, level, job: job, members: members, text: text, note: note))
        guard let loop, level == .info, destination.isStream, !output.isFull else { return output.flush() }
        if willFlush { return }
        willFlush = true
        loop.later { [weak self] in self?.flush() }
    }

    private func line(
        _ source: Source, _ level: Level, job: String?, members: [(String, LogValue)], text: String?, note: String?
    ) -> [UInt8] {
        let now = Timestamp.now
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch destination {
        case .stderr, .file: if format == .text { line.write(beginning(of: source, at: now)) }
        case .syslog:
            // Facility mail. See syslog(3), RFC 3164.
            line.write("<\(2 << 3 | level.rawValue)>\(moment(now)) \(source.rawValue)[\(Process.id)]: ")
        case .journal:
            line.write(
                "PRIORITY=\(level.rawValue)\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=\(source.rawValue)\nMESSAGE=")
        }
        let said = (text ?? note).map { Log.cut($0) }
        if format == .json {
            line.write(Log.object(source, level, job: job, members, said, at: now))
        } else {
            Log.write(source, level, job: job, members, said, isNote: text == nil, to: &line)
        }
        if destination == .journal { line.append(0x0A) }
        line.append(output.lineEnd)
        return line
    }

    /// `ID: key=value, key=value (note)`; of `pickup` without commas, as Postfix has it.
    package static func line(
        _ source: Source, _ level: Level, job: String?, _ members: [(String, LogValue)], _ text: String?, isNote: Bool
    ) -> String {
        var line: [UInt8] = []
        write(source, level, job: job, members, text, isNote: isNote, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    private static func write(
        _ source: Source, _ level: Level, job: String?, _ members: [(String, LogValue)], _ text: String?, isNote: Bool,
        to line: inout [UInt8]
    ) {
        if let job {
            line.write(job)
            line.write(": ")
        } else if level != .info {
            line.write(level == .error ? "fatal: " : "warning: ")
        }
        for (index, member) in members.enumerated() {
            if index > 0 { line.write(source == .pickup ? " " : ", ") }
            line.write(member.0)
            line.append(UInt8(ascii: "="))
            member.1.write(to: &line)
        }
        guard let text else { return }
        if !members.isEmpty { line.write(isNote ? " " : ", ") }
        if isNote { line.append(UInt8(ascii: "(")) }
        line.writePrintable(text)
        if isNote { line.append(UInt8(ascii: ")")) }
    }

    /// The line as one JSON object.
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
        willFlush = false
        output.flush()
    }

    /// Writes what waits, and gives a slow reader a moment for it; from then on each line is written at once.
    package func finish() {
        output.finish()
        loop = nil
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
}
