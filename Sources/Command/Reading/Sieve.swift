internal import Linux
internal import Text

/// Passes over files that a filter cannot mean, by their bytes: to look for a text costs a tenth of reading the job.
struct Sieve {
    /// For each condition the texts of which one has to be in the file, in lower case.
    private let conditions: [[[UInt8]]]
    private static let limit = 64 << 10

    init(_ filter: JobFilter) {
        let conditions = [filter.to.map { [$0] } ?? [], filter.events, filter.tags, filter.templates]
        self.conditions = conditions.filter { texts in !texts.isEmpty && texts.allSatisfy(Sieve.isPlain) }.map {
            texts in
            texts.map { Array($0.lowercasedASCII.utf8) }
        }
    }

    /// Of ASCII, and nothing that JSON may write in two ways but as `\u` and four digits.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { 0x20..<0x7F ~= $0 && !"\"\\/".utf8.contains($0) }
    }

    /// Whether a file may be of a job that the filter means. What cannot be told, may.
    func mayPass(_ name: DirectoryName, at directory: borrowing Directory) -> Bool {
        guard !conditions.isEmpty, name.isRegular == true, let text = name.text else { return true }
        // What is wrong with a file is said by who reads it.
        guard let file = try? directory.open(text), let bytes = try? file.readAll(limit: Sieve.limit),
            bytes.count < Sieve.limit
        else { return true }
        return bytes.withUnsafeBufferPointer { buffer in
            conditions.allSatisfy { texts in texts.contains { Sieve.holds(buffer, $0) } } || Sieve.isHidden(buffer)
        }
    }

    /// Whether a text may be there in other bytes: behind `\u`, or as one of the two letters beyond ASCII that have one
    /// of ASCII as their lower case (U+212A, U+0130).
    private static func isHidden(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var last: UInt8 = 0
        for byte in bytes {
            if last == UInt8(ascii: "\\"), byte == UInt8(ascii: "u") { return true }
            if last == 0x84, byte == 0xAA { return true }
            if last == 0xC4, byte == 0xB0 { return true }
            last = byte
        }
        return false
    }

    /// Whether the bytes hold a text, in whatever case of ASCII.
    private static func holds(_ bytes: UnsafeBufferPointer<UInt8>, _ text: [UInt8]) -> Bool {
        guard bytes.count >= text.count else { return false }
        return text.withUnsafeBufferPointer { text in
            let first = text[0]
            for start in 0...(bytes.count - text.count) where bytes[start].lowercased == first {
                var length = 1
                while length < text.count, bytes[start + length].lowercased == text[length] { length += 1 }
                if length == text.count { return true }
            }
            return false
        }
    }
}
