internal import Glibc

/// Bytes from a client that the session has not used yet.
package struct Inbox {
    private var bytes: [UInt8] = []
    private var head = 0
    /// No LF is before this place.
    private var searched = 0
    /// A line that was too long is thrown away up to its end.
    private var isSkipping = false

    package init() {}

    /// Reading stops when so much is waiting, in octets.
    package static let limit = 64 << 10

    package enum Line {
        /// Without its CRLF. Valid until bytes are added.
        case line(ArraySlice<UInt8>)
        case tooLong
        /// It ended with an LF alone.
        case bareNewline
        /// More must come first.
        case incomplete
    }

    package var isEmpty: Bool { head == bytes.count }
    package var hasRoom: Bool { bytes.count - head < Self.limit }

    package mutating func append(_ more: UnsafeRawBufferPointer) {
        if head == bytes.count {
            removeAll()
        } else if head > bytes.count / 2 {
            bytes.removeFirst(head)
            searched -= head
            head = 0
        }
        bytes.append(contentsOf: more)
    }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        head = 0
        searched = 0
    }

    /// Takes the next line.
    package mutating func takeLine() -> Line {
        let start = max(head, searched)
        let found = bytes.withUnsafeBytes { buffer -> Int? in
            guard start < buffer.count, let base = buffer.baseAddress,
                let place = memchr(base + start, 0x0A, buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(place) - base
        }
        guard let end = found else {
            if isSkipping || bytes.count - head >= Command.authLineLimit {
                isSkipping = true
                removeAll()
            }
            searched = bytes.count
            return .incomplete
        }
        let line = bytes[head..<end]
        head = end + 1
        searched = head
        if isSkipping {
            isSkipping = false
            return .tooLong
        }
        return line.last == 0x0D ? .line(line.dropLast()) : .bareNewline
    }

    /// Lets `body` use what is waiting; it returns how many octets it took.
    package mutating func take(_ body: (UnsafeRawBufferPointer) -> Int) {
        head += bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[head...])) }
    }
}
