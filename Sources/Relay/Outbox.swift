internal import SMTP

/// The bytes still to be sent, in order: commands, and at most one body at a time.
///
/// The bytes to be sent next lie in a buffer of its own that never moves, because TLS wants to see
/// the same address again after it could not write. Bodies are dot-stuffed into it as the socket drains it.
final class Outbox {
    private static let capacity = 65536
    /// One TLS record. RFC 8446 section 5.1.
    private static let record = 16384

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    private var start = 0
    private var end = 0
    private var sources: [Source] = []
    /// How much was staged and sent since the beginning.
    private var staged = 0
    private(set) var sent = 0
    /// Where the final dot of the body under way ends, once that is staged.
    private var dotEnd: Int?
    /// The size of the chunk that could not be sent.
    private var refused: Int?

    private enum Source {
        case commands(ArraySlice<UInt8>)
        case body(DotStuffing)
    }

    deinit { buffer.deallocate() }

    var isEmpty: Bool { start == end && sources.isEmpty }

    func append(_ commands: [UInt8]) { sources.append(.commands(commands[...])) }
    func append(body: [UInt8]) { sources.append(.body(DotStuffing(body))) }

    /// The bytes to send now, or nil.
    ///
    /// With TLS it is one record, which counts as sent or not sent as a whole: a relay can read no part of it. What
    /// follows a final dot goes with it, so that the relay finds the next commands when it has taken the mail, and
    /// answers all in one go; of two small answers the second would wait for our acknowledgement of the first.
    func chunk(isEncrypted: Bool) -> UnsafeRawBufferPointer? {
        if start == end { stage() }
        guard start < end else { return nil }
        var count = end - start
        if let refused {
            count = refused
        } else if isEncrypted {
            count = min(count, Self.record)
        }
        return UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
    }

    /// The chunk could not be sent: the next one is the same.
    func keep(_ chunk: UnsafeRawBufferPointer) { refused = chunk.count }

    /// The first `count` bytes of the chunk were sent. True when the last byte of a final dot was among them.
    func consume(_ count: Int) -> Bool {
        refused = nil
        start += count
        sent += count
        guard let dotEnd, sent >= dotEnd else { return false }
        self.dotEnd = nil
        return true
    }

    /// Refills the empty buffer.
    private func stage() {
        start = 0
        end = 0
        var done = 0
        while done < sources.count, buffer.count - end >= DotStuffing.minimumBuffer {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
            if stage(&sources[done], into: room) { done += 1 }
        }
        sources.removeFirst(done)
    }

    /// Whether the source is used up.
    private func stage(_ source: inout Source, into room: UnsafeMutableRawBufferPointer) -> Bool {
        switch source {
        case .commands(let bytes):
            let piece = bytes.prefix(room.count)
            room.copyBytes(from: piece)
            advance(piece.count)
            source = .commands(bytes.dropFirst(piece.count))
            return piece.count == bytes.count
        case .body(var stuffing):
            // One owner at a time: no copy of the message.
            source = .commands([])
            advance(stuffing.read(into: room))
            source = .body(stuffing)
            if stuffing.isFinished { dotEnd = staged }
            return stuffing.isFinished
        }
    }

    private func advance(_ count: Int) {
        end += count
        staged += count
    }
}
