internal import Glibc

/// A message as it travels after DATA, made piece by piece: every line ends with CRLF, a dot at the start of
/// a line is doubled, and a line with a single dot ends it. RFC 5321 section 4.5.2.
///
/// A bare CR or LF becomes CRLF: what one server takes for a line's end and another does not is how
/// mail is smuggled. One pass, no allocation.
package struct DotStuffing {
    private let message: [UInt8]
    private var offset = 0
    private var isAtLineStart = true
    /// The first CR and LF at or after the offset; the message's length without any.
    private var nextCR = -1
    private var nextLF = -1
    /// The message is out, and so is its end.
    package private(set) var isFinished = false

    package init(_ message: [UInt8]) { self.message = message }

    /// The least buffer that ``read(into:)`` can work with.
    package static let minimumBuffer = 16

    /// Fills the start of `buffer`; how much of it. With ``minimumBuffer`` bytes it makes progress until it
    /// ``isFinished``.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let start = buffer.baseAddress, !isFinished else { return 0 }
        var out = Output(next: start, end: start + buffer.count)
        message.withUnsafeBytes { copy($0, to: &out) }
        // What is left to write is CRLF, dot, CRLF at most.
        if offset == message.count, out.room >= 5 {
            if !isAtLineStart { out.putLineEnd() }
            out.put(0x2E)
            out.putLineEnd()
            isFinished = true
        }
        return out.next - start
    }

    private mutating func copy(_ bytes: UnsafeRawBufferPointer, to out: inout Output) {
        guard let base = bytes.baseAddress else { return }
        while offset < bytes.count {
            // Room for the stuffed dot, one byte and the line's end.
            if out.room < 4 { return }
            if isAtLineStart, bytes[offset] == 0x2E { out.put(0x2E) }
            if nextLF < offset { nextLF = Self.find(0x0A, in: bytes, from: offset) }
            if nextCR < offset { nextCR = Self.find(0x0D, in: bytes, from: offset) }
            let end = min(nextLF, nextCR)
            let count = min(end - offset, out.room - 2)
            out.put(base + offset, count)
            offset += count
            isAtLineStart = count == 0 && isAtLineStart
            guard offset == end, end < bytes.count else { continue }
            out.putLineEnd()
            offset += nextCR + 1 == nextLF && nextLF < bytes.count ? 2 : 1
            isAtLineStart = true
        }
    }

    private static func find(_ byte: Int32, in bytes: UnsafeRawBufferPointer, from offset: Int) -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + offset, byte, bytes.count - offset) else {
            return bytes.count
        }
        return UnsafeRawPointer(found) - base
    }

    /// All of it at once.
    package static func wire(_ message: [UInt8]) -> [UInt8] {
        var stuffing = DotStuffing(message)
        var wire: [UInt8] = []
        wire.reserveCapacity(message.count + message.count / 32 + minimumBuffer)
        while !stuffing.isFinished {
            let chunk = min(message.count + message.count / 32 + minimumBuffer, 1 << 20)
            wire += [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                count = stuffing.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        return wire
    }
}

/// Where the next byte goes, and where the room ends.
private struct Output {
    var next: UnsafeMutableRawPointer
    let end: UnsafeMutableRawPointer

    var room: Int { end - next }

    mutating func put(_ byte: UInt8) {
        next.storeBytes(of: byte, as: UInt8.self)
        next += 1
    }

    mutating func put(_ bytes: UnsafeRawPointer, _ count: Int) {
        next.copyMemory(from: bytes, byteCount: count)
        next += count
    }

    mutating func putLineEnd() {
        put(0x0D)
        put(0x0A)
    }
}
