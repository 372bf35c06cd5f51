internal import JSON
internal import Text
package import Time

/// The contents of a file below `suppressed/`.
package struct SuppressionRecord: Equatable, Sendable {
    /// In the order of the file.
    package private(set) var entries: [SuppressionEntry]
    /// The file is there and no line of it can be read: its name is what counts.
    package let isBare: Bool

    /// No file is read further than this.
    package static let sizeLimit = 64 << 10

    package init(_ entries: [SuppressionEntry] = []) {
        self.entries = entries
        isBare = false
    }

    /// Reads a file's bytes. Lines that are no objects, such as one torn by a power cut, tell nothing.
    /// - Parameter modified: the file's mtime.
    package init(reading bytes: [UInt8], of address: String, modified: Timestamp) {
        var entries: [SuppressionEntry] = []
        for line in bytes.prefix(SuppressionRecord.sizeLimit).split(separator: 0x0A) {
            guard let object = (try? JSON(parsing: Array(line)))?.object else { continue }
            entries.append(SuppressionEntry(object, of: address, modified: modified))
        }
        isBare = entries.isEmpty
        // The operator made the file by hand.
        self.entries = isBare ? [SuppressionEntry(address, at: modified, why: .manual)] : entries
    }

    /// Who asks whether an address gets a mail.
    package struct Mail: Equatable, Sendable {
        /// See ``SuppressionEntry/stream``.
        package var stream: String
        /// Whether complaints, and bounces that may pass, do not hold: the template says `suppression = ignore`.
        package var ignoresComplaints: Bool
        /// The job, where the operator had it tried again after an address of it was refused: what it taught itself does
        /// not hold against it.
        package var retried: String?

        package init(stream: String, ignoresComplaints: Bool = false, retried: String? = nil) {
            self.stream = stream
            self.ignoresComplaints = ignoresComplaints
            self.retried = retried
        }

        /// The stream of a job: its first tag, else its template.
        package static func stream(tags: [String], template: String?) -> String { tags.first ?? template ?? "" }
    }

    /// The entry because of which the mail is not sent; nil where it may be.
    package func objection(to mail: Mail, now: Timestamp) -> SuppressionEntry? {
        entries.first { entry in
            guard entry.holds(at: now) else { return false }
            if let stream = entry.stream, !stream.isExactly(mail.stream) { return false }
            if mail.ignoresComplaints, entry.why == .complaint || entry.why == .bounces { return false }
            if let job = entry.job, let retried = mail.retried, job.isExactly(retried) { return false }
            return true
        }
    }

    /// Whether an entry would add nothing to it.
    package func covers(_ entry: SuppressionEntry) -> Bool {
        entries.contains { other in
            guard other.why == entry.why else { return false }
            if let stream = other.stream, entry.stream.map({ $0.isExactly(stream) }) != true { return false }
            guard let end = other.until else { return true }
            return entry.until.map { $0 <= end } ?? false
        }
    }

    /// The bytes of the file.
    package var bytes: [UInt8] { entries.flatMap(\.line) }
}
