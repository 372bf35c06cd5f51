internal import Glibc
internal import JSON
internal import Linux
internal import Spool

/// The protocol between the two sides of a transfer: lines of JSON, and after the line of a job its bytes.
///
///     there  {"outspool":"transfer","version":1,"spool":IDENTITY}
///     here   {"transfer":NAME}  {"keep":PARCEL} ...  {"begin":true}
///     there  {"ready":true}
///     here   {"job":PARCEL,"state":STATE,"modified":NANOSECONDS,"bytes":N} and N bytes ...  {"settle":true}
///     there  {"arrived":PARCEL} or {"refused":PARCEL,"reason":TEXT} ...  {"settled":true}
///     here   {"forget":PARCEL} ...
///     here   {"withdraw":PARCEL}      there  {"arrived":PARCEL} or {"refused":PARCEL,"reason":TEXT}
///     here   {"end":IS_COMPLETE}      there  {"ended":true}
///
/// `{"error":TEXT}` ends it at any point.
struct TransferWire: ~Copyable {
    private let input: Descriptor
    private let output: Descriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 8)
    private var pending: [UInt8] = []
    /// The part of the buffer that was read and not taken.
    private var (start, end) = (0, 0)

    static let version = 1
    /// The longest line that is taken.
    private static let lineLimit = 64 << 10

    init(input: consuming Descriptor, output: consuming Descriptor) {
        self.input = input
        self.output = output
    }

    deinit { buffer.deallocate() }

    /// Says a line. It is on its way after ``flush()`` only.
    mutating func say(_ members: [(name: String, value: JSON)]) throws(TransferError) {
        pending += JSON.object(JSON.Object(members)).encoded
        pending.append(0x0A)
        if pending.count >= 64 << 10 { try flush() }
    }

    mutating func say(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
        pending += bytes
        if pending.count >= 64 << 10 { try flush() }
    }

    mutating func flush() throws(TransferError) {
        let bytes = pending
        pending = []
        do throws(Errno) { try output.write(all: bytes) } catch {
            // It may have said why before it ended.
            if error == .pipe { while try hear() != nil {} }
            throw .broken("the other side has ended: \(error)")
        }
    }

    /// How long the other side may be silent, in seconds; nil without a limit.
    var patience: Int32?

    private mutating func fill() throws(TransferError) {
        if let patience {
            var events = pollfd(fd: input.raw, events: Int16(POLLIN), revents: 0)
            if poll(&events, 1, patience * 1000) == 0 { throw .broken("no answer in \(patience) seconds") }
        }
        do throws(Errno) { (start, end) = (0, try input.read(into: buffer)) } catch {
            throw .broken("the other side cannot be read: \(error)")
        }
    }

    /// The next line, which waits for it; nil at the end. An error that the other side tells of is thrown.
    mutating func hear() throws(TransferError) -> JSON.Object? {
        try flush()
        var line: [UInt8] = []
        while true {
            if start == end { try fill() }
            if start == end {
                if line.isEmpty { return nil }
                throw .broken("the other side ended in the middle of a line")
            }
            let rest = buffer[start..<end]
            let newline = rest.firstIndex(of: 0x0A)
            line += rest[..<(newline ?? end)]
            start = newline.map { $0 + 1 } ?? end
            if line.count > TransferWire.lineLimit { throw .broken("the other side does not speak of a transfer") }
            if newline != nil { break }
        }
        guard let object = (try? JSON(parsing: line))?.object else {
            throw .broken("the other side does not speak of a transfer")
        }
        if let text = object["error"]?.string { throw .broken(text) }
        return object
    }

    /// The next `count` bytes, a piece at a time.
    mutating func hear(
        bytes count: Int, _ body: (UnsafeRawBufferPointer) throws(TransferError) -> Void
    ) throws(TransferError) {
        var left = count
        while left > 0 {
            if start == end { try fill() }
            if start == end { throw .broken("the other side ended in the middle of a job") }
            let most = min(left, end - start)
            try body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + most]))
            start += most
            left -= most
        }
    }
}

extension JSON.Object {
    /// The parcel that a member names.
    func parcel(_ member: String, in state: State = .new) -> Parcel? {
        self[member]?.string.flatMap { Parcel(name: $0, state: state) }
    }
}
