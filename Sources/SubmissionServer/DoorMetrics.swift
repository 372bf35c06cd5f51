internal import Linux
internal import SMTPServer
internal import Submission

/// Counters for Prometheus' textfile collector, written every 15 s and at the end.
struct DoorMetrics {
    private let path: String?
    var connections = 0
    private(set) var queued = 0
    private(set) var refused = 0
    private(set) var deferred = 0

    init(path: String?) { self.path = path }

    mutating func count(_ result: Result<String, PostingRefusal>) {
        switch result {
        case .success: queued += 1
        case .failure(let refusal):
            if refusal.reply.code >= 500 { refused += 1 } else { deferred += 1 }
        }
    }

    /// The text of the file.
    func text(sessions: Int) -> String {
        """
        # HELP outspool_smtpd_connections_total Connections that were accepted.
        # TYPE outspool_smtpd_connections_total counter
        outspool_smtpd_connections_total \(connections)
        # HELP outspool_smtpd_messages_total Messages by what they were answered.
        # TYPE outspool_smtpd_messages_total counter
        outspool_smtpd_messages_total{reply="250"} \(queued)
        outspool_smtpd_messages_total{reply="4yz"} \(deferred)
        outspool_smtpd_messages_total{reply="5yz"} \(refused)
        # HELP outspool_smtpd_sessions Sessions that are open.
        # TYPE outspool_smtpd_sessions gauge
        outspool_smtpd_sessions \(sessions)

        """
    }

    /// Replaces the file as a whole. A failure to write metrics does not stop mail.
    func write(sessions: Int) {
        guard let path else { return }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        do throws(Errno) {
            let directory = try Directory(anchorAt: folder)
            try allowing(.noEntry, directory.unlink(".\(name).new"))
            let file = try directory.create(".\(name).new", mode: 0o644)
            try file.write(all: Array(text(sessions: sessions).utf8))
            try directory.replace(".\(name).new", into: directory, as: name)
        } catch { return }
    }
}
