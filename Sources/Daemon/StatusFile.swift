internal import JSON
internal import Linux
internal import Spool
internal import Time

/// `status.json`: what the daemon knows of itself, replaced as a whole and never synced. It is for
/// people and monitoring; nothing reads it back.
struct StatusFile {
    let spool: SpoolTree
    let started: Timestamp

    /// Writes the file anew. It fails silently: a full disk is told of where it matters.
    func write(_ members: [(String, JSON)], now: Timestamp) {
        var object = JSON.Object([
            ("at", .string(now.rfc3339)), ("pid", .number(.init(Int(Process.id)))),
            ("instance", .string(spool.instance)), ("started", .string(started.rfc3339)),
        ])
        for (name, value) in members { object[name] = value }
        do throws(Errno) {
            let name = ".status.\(spool.instance)"
            // One that a crash left behind is replaced.
            do throws(Errno) { try spool.tmp.unlink(name) } catch { if error != .noEntry { throw error } }
            let file = try spool.tmp.create(name, mode: 0o644)
            try file.write(all: JSON.object(object).encoded + [0x0A])
            try spool.tmp.replace(name, into: spool.root, as: "status.json")
        } catch {}
    }
}
