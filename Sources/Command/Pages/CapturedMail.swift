internal import Linux
internal import Message
internal import Spool
internal import Text
internal import Time

/// Captured mail: the Maildir that outspool-sink writes, as lists and pages show it.
///
/// The fields that a list shows are read once and remembered, of at most ``limit`` mails.
final class CapturedMail {
    /// A mail in a list.
    struct Entry {
        /// The file's name: the id.
        let name: String
        let from: String
        let to: String
        /// The envelope's recipients: those of `Bcc`, too.
        let recipients: [String]
        let subject: String
        let at: Timestamp
        let size: Int
        /// The job that it was made of, as its `Message-ID` says.
        let job: JobID?

        /// Whether a text occurs in what a list shows, in whatever case.
        func holds(_ text: String) -> Bool {
            ([from, to, subject] + recipients).contains { $0.hasText(text) }
        }
    }

    /// A mail that was read.
    struct Mail {
        let entry: Entry
        let bytes: [UInt8]
        let message: ReadMessage
    }

    /// The newest of so many mails are listed.
    static let limit = 10_000
    /// A larger mail is not shown.
    static let sizeLimit = 32 << 20
    private static let headLimit = 32 << 10

    let path: String
    private var known: [String: Entry] = [:]

    init(path: String) { self.path = path }

    /// The mails, the newest first.
    func entries() throws(Failure) -> [Entry] {
        var names: [String] = []
        var entries: [Entry] = []
        do throws(Errno) {
            let directory = try Directory(path: "\(path)/new")
            var stream = try directory.entries()
            while let name = try stream.next() { if let text = name.text, !name.isHidden { names.append(text) } }
            let newest = names.sorted { CapturedMail.rank($0) > CapturedMail.rank($1) }.prefix(CapturedMail.limit)
            for name in newest {
                if let entry = known[name] {
                    entries.append(entry)
                } else if let entry = CapturedMail.read(name, in: directory) {
                    entries.append(entry)
                }
            }
        } catch {
            if error == .noEntry { return [] }
            throw Failure("\(path)/new", error)
        }
        known = Dictionary(entries.map { ($0.name, $0) }) { $1 }
        return entries
    }

    /// The mail of that name.
    func mail(_ name: String) throws(Failure) -> Mail {
        let entry: Entry
        let status: FileStatus
        var bytes: [UInt8] = []
        do throws(Errno) {
            let directory = try Directory(path: "\(path)/new")
            guard let found = known[name] ?? CapturedMail.read(name, in: directory) else { throw .noEntry }
            entry = found
            let file = try directory.open(name)
            status = try file.status()
            if status.isRegular, status.size <= CapturedMail.sizeLimit {
                bytes = try file.readAll(limit: CapturedMail.sizeLimit, sizeHint: status.size)
            }
        } catch {
            if error == .noEntry { throw Failure(.noInput, "no mail \(printable(cut(name, to: 60))) was captured") }
            throw Failure("\(path)/new/\(name)", error)
        }
        guard status.isRegular, status.size <= CapturedMail.sizeLimit else {
            throw Failure(.data, "\(printable(name)): \(size(status.size)) are too many for a page")
        }
        return Mail(entry: entry, bytes: bytes, message: ReadMessage(bytes))
    }

    /// Removes one mail, or all; how many that were.
    func delete(_ name: String?) throws(Failure) -> Int {
        var count = 0
        do throws(Errno) {
            let directory = try Directory(path: "\(path)/new")
            if let name {
                guard try directory.status(name).isRegular else { return 0 }
                try directory.unlink(name)
                return 1
            }
            var names: [String] = []
            var stream = try directory.entries()
            while let entry = try stream.next() { if let name = entry.text { names.append(name) } }
            for name in names {
                _ = try allowing(.noEntry, directory.unlink(name))
                count += 1
            }
            return count
        } catch {
            if error == .noEntry { return count }
            throw Failure("\(path)/new", error)
        }
    }

    /// In the order of their arrival: the second, and the number behind the sink's process.
    private static func rank(_ name: String) -> (Int, Int, String) {
        let words = name.pieces(at: ".", most: 2)
        let number =
            words.count > 1
            ? words[1].pieces(at: "_", most: 1).last.flatMap { Int($0.pieces(at: ".", most: 1)[0]) } : nil
        return (words.first.flatMap { Int($0) } ?? 0, number ?? 0, name)
    }

    private static func read(_ name: String, in directory: borrowing Directory) -> Entry? {
        // One that has just been deleted, or cannot be read, is not listed.
        guard let file = try? directory.open(name), let status = try? file.status(), status.isRegular,
            let head = try? file.readAll(limit: headLimit, sizeHint: min(status.size, headLimit))
        else { return nil }
        let message = ReadMessage(head)
        let recipients = message.fields.filter { $0.name.lowercasedASCII.isExactly("x-original-to") }.map(\.value)
        return Entry(
            name: name, from: message.value(of: "From") ?? "", to: message.value(of: "To") ?? "",
            recipients: recipients, subject: message.value(of: "Subject") ?? "",
            at: Timestamp(nanoseconds: status.modified), size: status.size,
            job: message.value(of: "Message-ID").flatMap(job))
    }

    /// The id of a job whose message has that `Message-ID`: what is before the `@`, where nothing is encoded.
    private static func job(_ messageID: String) -> JobID? {
        let inner = messageID.utf8.drop { $0 == UInt8(ascii: "<") }
        guard let at = inner.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        var id: [UInt8] = []
        var rest = inner[..<at][...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                id.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            id.append(high << 4 | low)
        }
        return JobID(String(decoding: id, as: UTF8.self))
    }
}

extension String {
    /// Whether the text occurs here, in whatever case.
    func hasText(_ text: String) -> Bool { lowercased().holds(text.lowercased()) }  // exact: in any case
}
