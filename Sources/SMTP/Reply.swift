internal import Text

/// A server's reply to one command: a code and one or more lines of text. RFC 5321 section 4.2.
///
/// The text is untrusted. ``text`` and ``description`` are safe to log; ``lines`` is as received.
package struct Reply: Equatable, Sendable, CustomStringConvertible {
    package let code: Int
    /// The text of all lines, code and separator removed, joined by line feeds; at most ``ReplyParser/byteLimit``.
    private let content: [UInt8]

    package init(code: Int, content: [UInt8]) {
        self.code = code
        self.content = content
    }

    package init(code: Int, _ text: String) { self.init(code: code, content: Array(text.utf8)) }

    /// The meaning of the first digit of the code. RFC 5321 section 4.2.1.
    package enum Kind { case positive, intermediate, transient, permanent, invalid }

    package var kind: Kind {
        switch code {
        case 200..<300: .positive
        case 300..<400: .intermediate
        case 400..<500: .transient
        case 500..<600: .permanent
        default: .invalid
        }
    }

    /// The server is about to close the connection. RFC 5321 section 3.8.
    package var isClosing: Bool { code == 421 }

    /// The text of each line, as received; bytes that are not UTF-8 are replaced.
    package var lines: [String] { rawLines.map { String(decoding: $0, as: UTF8.self) } }

    /// The enhanced status code at the start of the first line; nil where its class is not
    /// that of the code. RFC 2034 section 4.
    package var enhanced: EnhancedStatus? { rawLines.first.flatMap { status(at: $0)?.status } }

    /// All text in one line for the history and the log, without code and enhanced code.
    ///
    /// Whatever could move a cursor or forge a line is `?`; at most ``textLimit`` characters.
    package var text: String {
        let parts = rawLines.map { line in status(at: line).map { line[$0.end...] } ?? line }
        return printableLine(Array(parts.filter { !$0.isEmpty }.joined(separator: [0x20])), limit: Self.textLimit)
    }

    package static let textLimit = 1000

    /// Whether it tells of nothing but a limit on recipients. RFC 3463 section 3.6 (X.5.3), RFC 5321 section 4.5.3.1.10
    /// (452, and 552 of before).
    package var isTooManyRecipients: Bool {
        guard kind == .transient || kind == .permanent else { return false }
        if let enhanced, (enhanced.subject, enhanced.detail) == (5, 3) { return true }
        let text = text.lowercasedASCII
        if Self.recipientLimitWords.contains(where: { text.holds($0) }) { return true }
        return enhanced == nil && (code == 452 || code == 552) && !text.holds("storage") && !text.holds("quota")
            && !text.holds("size") && !text.holds("mailbox") && !text.holds("full")
    }

    private static let recipientLimitWords = [
        "too many recipients", "too many rcpt", "recipient count", "recipient limit", "recipients limit",
        "number of recipients", "maximum recipients", "max recipients", "recipients exceed", "rcpt limit",
        "too much recipients", "many recipients",
    ]

    /// `250 2.0.0 Ok: queued as 4F1C2`.
    package var description: String {
        let parts = [String(code), enhanced?.description ?? "", text]
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    private var rawLines: [ArraySlice<UInt8>] {
        content.split(separator: 0x0A, omittingEmptySubsequences: false)
    }

    private func status(at line: ArraySlice<UInt8>) -> (status: EnhancedStatus, end: Int)? {
        guard let (status, end) = EnhancedStatus.prefix(of: line), status.class == code / 100 else { return nil }
        return (status, end)
    }
}
