package import Linux
internal import Text
package import Time

/// A job's name, which is its file's name in every state.
///
/// `[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}`: no id is hidden, is a path, or needs quoting.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// The most bytes an id has.
    package static let maximumLength = 200

    /// Nil unless `text` is an id.
    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    /// Nil unless `text` is an id. Not generic: a million names are judged when a large directory is read.
    package init?(_ text: String) {
        var text = text
        guard text.withUTF8(JobID.isValid) else { return nil }
        self.text = text
    }

    /// A new id: the second in UTC and 50 random bits, 27 characters that sort by time.
    package static func make(at now: Timestamp) -> JobID {
        // One piece of memory: a submission needs few.
        var text = ""
        text.reserveCapacity(27)
        text += now.compact
        text += "-"
        text += random(characters: 10)
        return JobID(unchecked: text)
    }

    /// The id of the dead letter for a file. For the same file, unchanged, it is the same, so that a crash between the
    /// letter and the removal of the file leaves one letter.
    package static func letter(of file: FileStatus) -> JobID {
        var bits = UInt64(bitPattern: file.changed) ^ (file.inode &* 0x9E37_79B9_7F4A_7C15)
        // The finalizer of SplitMix64: neighbours in time and number do not look alike.
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        let digits = (0..<10).map { base32(UInt8(truncatingIfNeeded: bits >> ($0 * 5)) & 31) }
        let stem = Timestamp(nanoseconds: file.changed).compact
        return JobID(unchecked: stem + "-" + String(decoding: digits, as: UTF8.self))
    }

    /// The drop box that a job of this id came from, if any: what stands behind the last `@`.
    package var box: String? {
        // Asked thrice a mail, and most have none.
        guard text.utf8.contains(UInt8(ascii: "@")), let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else {
            return nil
        }
        let name = String(text[text.utf8.index(after: at)...])
        return Creation.isDropBoxName(name) ? name : nil
    }

    /// The user who submitted the job, where it came from a drop box of all users: the digits between the last `+` and
    /// the last `@`. In other boxes they are the producer's, and mean nothing.
    package var submitter: UInt32? {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")),
            let plus = text.utf8[..<at].lastIndex(of: UInt8(ascii: "+"))
        else { return nil }
        let digits = text.utf8[text.utf8.index(after: plus)..<at]
        return digits.allSatisfy(\.isDigit) ? UInt32(String(decoding: digits, as: UTF8.self)) : nil
    }

    /// The id with the mark of another's drop box, so that a job which is given another id still tells where it
    /// came from. Only for generated ids, which have room for it.
    package func marked(like other: JobID) -> JobID {
        other.box.flatMap { from(dropBox: $0, user: other.submitter) } ?? self
    }

    /// The id under which a drop box's job enters the spool: `ID@APP`, and `ID+USER@local` from a box of all users,
    /// each of whom has ids of his own; nil if that is too long.
    package func from(dropBox: String, user: UInt32? = nil) -> JobID? {
        JobID(user.map { "\(text)+\($0)@\(dropBox)" } ?? "\(text)@\(dropBox)")
    }

    /// Random base-32 characters, `0`-`9` and `a`-`v`.
    package static func random(characters count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        var bits = generator.next()
        var left = 64
        return String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count {
                if left < 5 {
                    bits = generator.next()
                    left = 64
                }
                buffer[index] = base32(UInt8(bits & 31))
                bits >>= 5
                left -= 5
            }
            return count
        }
    }

    /// `0`-`9` and `a`-`v`.
    private static func base32(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x61 + digit - 10 }

    package var description: String { text }

    private init(unchecked text: String) { self.text = text }

    private static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, first.isLetterOrDigit, bytes.count <= maximumLength else { return false }
        return bytes.allSatisfy { byte in
            byte.isLetterOrDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: "-")
        }
    }
}
