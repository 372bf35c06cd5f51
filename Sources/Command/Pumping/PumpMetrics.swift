internal import Linux
internal import Text
internal import Time

/// The counts of a pump, and its file for node_exporter's textfile collector.
struct PumpMetrics {
    let name: String
    var queued = 0
    var known = 0
    var again = 0
    var dead = 0
    var acknowledged = 0
    /// By step: take, submit, ack.
    var failures: [String: Int] = ["take": 0, "submit": 0, "ack": 0]
    var isFull = false
    /// Messages that were taken and are not in the spool yet.
    var unsettled = 0
    /// Receipts that the engine has not taken yet.
    var unacknowledged = 0

    init(name: String) { self.name = name }

    mutating func add(_ outcome: PumpIntake.Outcome) {
        queued += outcome.queued
        known += outcome.known
        again += outcome.again
        dead += outcome.dead
    }

    /// The file's text, in the exposition format.
    func text(at now: Timestamp) -> String {
        // A file's name may hold what ends a label.
        let pump =
            #"pump=""#
            + name.utf8.map { byte in
                byte.isLetterOrDigit || "._@-".utf8.contains(byte) ? String(Unicode.Scalar(byte)) : "_"
            }.joined() + #"""#
        var out = ""
        func family(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: Int)]) {
            out += "# HELP outspool_pump_\(name) \(help)\n# TYPE outspool_pump_\(name) \(kind)\n"
            for (labels, value) in values { out += "outspool_pump_\(name){\(pump)\(labels)} \(value)\n" }
        }
        family(
            "messages_total", "counter", "Messages, by what became of them.",
            [(#",outcome="queued""#, queued), (#",outcome="known""#, known), (#",outcome="dead""#, dead)])
        family(
            "redelivered_total", "counter", "Queued messages that the engine had delivered before, to some node.",
            [("", again)])
        family("acknowledged_total", "counter", "Receipts that the engine has taken.", [("", acknowledged)])
        family(
            "failures_total", "counter", "Steps that failed and are tried again.",
            failures.sorted { $0.key < $1.key }.map { (#",step="\#($0.key)""#, $0.value) })
        family("unsettled_messages", "gauge", "Messages that are not in the spool yet.", [("", unsettled)])
        family("unacknowledged_messages", "gauge", "Receipts that the engine has not yet.", [("", unacknowledged)])
        family("paused", "gauge", "Whether new/ has so many jobs that nothing is taken.", [("", isFull ? 1 : 0)])
        family(
            "last_write_timestamp_seconds", "gauge",
            "When this file was written, in Unix time. An old one is a pump that does not run.",
            [("", Int(now.seconds))])
        return out
    }

    /// Writes `.NAME.new` next to the file, and renames. Never synced: after a power cut the next one comes in 15 s.
    func write(to path: String, at now: Timestamp) throws(Errno) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let draft = ".\(name).new"
        let directory = try Directory(anchorAt: folder)
        // One that a crash left behind is replaced.
        try allowing(.noEntry, directory.unlink(draft))
        let file = try directory.create(draft, mode: 0o644)
        try file.write(all: Array(text(at: now).utf8))
        try directory.replace(draft, into: directory, as: name)
    }
}
