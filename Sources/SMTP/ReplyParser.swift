internal import Glibc
internal import Text

/// Bytes in, replies out, in the order in which they came.
///
/// Lines may end with a bare LF. All that a server can make it hold is bounded.
package struct ReplyParser {
    /// The longest line, its end included. RFC 5321 section 4.5.3.1.5 asks for 512.
    package static let lineLimit = 4096
    package static let linesPerReply = 200
    /// The text of one reply.
    package static let byteLimit = 65536

    private var buffer: [UInt8] = []
    private var start = 0
    /// Where the search for the line's end goes on.
    private var searched = 0
    private var content: [UInt8] = []
    private var lines = 0

    package init() {}

    /// Some bytes have come that are not a whole reply yet.
    package var isWithinReply: Bool { start < buffer.count || lines > 0 }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
            searched = 0
        }
        buffer.append(contentsOf: bytes)
    }

    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// The next whole reply; nil when more bytes are needed. After an error the stream cannot be understood any more.
    package mutating func next() throws(ReplyError) -> Reply? {
        while let line = try nextLine() {
            let (code, isLast) = try head(of: line)
            lines += 1
            if lines > 1 { content.append(0x0A) }
            content += buffer[line].dropFirst(4)
            if lines > Self.linesPerReply { throw .tooManyLines }
            if content.count > Self.byteLimit { throw .replyTooLong }
            guard isLast else { continue }
            // Where the lines of one reply disagree, the last one decides, as in Postfix.
            let reply = Reply(code: code, content: content)
            content = []
            lines = 0
            return reply
        }
        return nil
    }

    /// The bounds of the next line, its end left out.
    private mutating func nextLine() throws(ReplyError) -> Range<Int>? {
        let end = buffer.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, searched < bytes.count,
                let found = memchr(base + searched, 0x0A, bytes.count - searched)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
        guard let end else {
            if buffer.count - start >= Self.lineLimit { throw .lineTooLong }
            searched = buffer.count
            if start > Self.lineLimit { compact() }
            return nil
        }
        let first = start
        if end - first >= Self.lineLimit { throw .lineTooLong }
        start = end + 1
        searched = start
        return first..<(end > first && buffer[end - 1] == 0x0D ? end - 1 : end)
    }

    private mutating func compact() {
        buffer.removeFirst(start)
        searched -= start
        start = 0
    }

    private func head(of line: Range<Int>) throws(ReplyError) -> (code: Int, isLast: Bool) {
        let bytes = buffer[line]
        guard bytes.count >= 3, bytes.prefix(3).allSatisfy(\.isDigit) else {
            throw .notAReply(printableLine(bytes, limit: 80))
        }
        let code = bytes.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        switch bytes.dropFirst(3).first {
        case nil, 0x20: return (code, true)
        case 0x2D: return (code, false)
        default: throw .notAReply(printableLine(bytes, limit: 80))
        }
    }
}

/// Why a server's bytes cannot be understood.
package enum ReplyError: Error, Equatable, CustomStringConvertible {
    /// A line that does not begin with three digits and a space or a hyphen; the line, made printable.
    case notAReply(String)
    case lineTooLong
    case tooManyLines
    case replyTooLong

    package var description: String {
        switch self {
        case .notAReply(let line): "not an SMTP reply: \(line)"
        case .lineTooLong: "a reply line of more than \(ReplyParser.lineLimit) bytes"
        case .tooManyLines: "a reply of more than \(ReplyParser.linesPerReply) lines"
        case .replyTooLong: "a reply of more than \(ReplyParser.byteLimit) bytes"
        }
    }
}
