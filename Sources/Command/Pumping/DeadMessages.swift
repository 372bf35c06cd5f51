internal import JSON
internal import Linux
internal import Text
internal import Time

/// The file of messages that are not jobs: one JSON object per line.
///
/// It is opened for each batch that has any, so that it may be moved away at any time.
struct DeadMessages {
    let path: String

    /// One message, and why it will never be a job.
    struct Letter {
        let line: [UInt8]
        let id: String?
        let receipt: String?
        let reason: String
    }

    /// Appends the letters. On return they are on disk and outlive a power cut; on error none is in the file, as
    /// far as the disk obeys.
    func append(_ letters: [Letter], at now: Timestamp) throws(Errno) {
        var bytes: [UInt8] = []
        for letter in letters {
            var object = JSON.Object([("time", .string(now.rfc3339)), ("reason", .string(letter.reason))])
            object["id"] = letter.id.map { .string($0) }
            object["receipt"] = letter.receipt.map { .string($0) }
            object["message"] = .string(String(decoding: letter.line, as: UTF8.self))
            bytes += JSON.object(object).encoded
            bytes.append(0x0A)
        }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let directory = try Directory(anchorAt: folder)
        let file: Descriptor
        if let found = try allowing(.noEntry, directory.open(name, .append)) {
            file = found
        } else {
            file = try directory.create(name, mode: 0o600)
        }
        let end = try file.status().size
        do throws(Errno) {
            try file.write(all: bytes)
            try file.sync()
        } catch {
            // Half a line would spoil the next one. That error is the one to report.
            try? file.truncate(to: end)
            throw error
        }
        if directory.isReadable { try directory.sync() }
    }
}
