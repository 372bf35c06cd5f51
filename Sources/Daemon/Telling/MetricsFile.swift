internal import Linux

/// The metrics file, replaced as a whole: a reader sees one moment or the one before.
final class MetricsFile {
    private let log: Log
    /// The last trouble; the same is logged once.
    private var complaint: Errno?

    init(_ log: Log) { self.log = log }

    /// Writes `.NAME.new` next to it, and renames. Never synced: after a power cut the next one comes in 15 s.
    func write(_ text: String, to path: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let draft = ".\(name).new"
        do throws(Errno) {
            let directory = try Directory(anchorAt: folder)
            // One that a crash left behind is replaced.
            try allowing(.noEntry, directory.unlink(draft))
            let file = try directory.create(draft, mode: 0o644)
            do throws(Errno) {
                try file.write(all: Array(text.utf8))
                try directory.replace(draft, into: directory, as: name)
            } catch {
                // That error is the one to report.
                try? directory.unlink(draft)
                throw error
            }
            if complaint != nil { log.write("metrics_file: \(path) is written again") }
            complaint = nil
        } catch {
            if error != complaint { log.write("metrics_file: \(path): \(error)", .warning) }
            complaint = error
        }
    }
}
