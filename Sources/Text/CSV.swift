/// Reads comma-separated values (RFC 4180) from chunks of bytes, in bounded memory and linear time.
///
/// More is taken than the RFC allows: a mark of byte order, line feeds without a carriage return, quotation marks within a
/// field that does not begin with one, and `;` or a tab between fields where the first record has no comma. Empty lines are
/// no records.
package struct CSVReader: ~Copyable {
    /// Why the text cannot be read on.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        /// The number of the line, from 1.
        package let line: Int
        package let reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    /// A record with the number of its first line.
    package struct Record: Equatable, Sendable {
        package let line: Int
        package let fields: [String]
    }

    private enum State { case start, plain, quoted, closed }

    /// Bytes of a record at most.
    package static let recordLimit = 64 << 10

    private var state = State.start
    private var fields: [[UInt8]] = []
    private var field: [UInt8] = []
    private var size = 0
    private var line = 1
    private var firstLine = 1
    private var separator: UInt8?
    /// Bytes that may still be the first record's, as long as the separator is not known; and where its line began.
    private var head: [UInt8] = []

    package init() {}

    /// Reads on, and calls `body` with each record that is complete.
    package mutating func read<Failure: Error>(
        _ chunk: ArraySlice<UInt8>, failing: (Fault) -> Failure, _ body: (Record) throws(Failure) -> Void
    ) throws(Failure) {
        guard separator == nil else { return try take(chunk, failing: failing, body) }
        // The first line shows what stands between fields.
        head += chunk
        guard head.contains(0x0A) || head.count > Self.recordLimit else { return }
        try begin(failing: failing, body)
    }

    /// The text has ended.
    package mutating func end<Failure: Error>(
        failing: (Fault) -> Failure, _ body: (Record) throws(Failure) -> Void
    ) throws(Failure) {
        if separator == nil { try begin(failing: failing, body) }
        if state == .quoted { throw failing(Fault(line: firstLine, reason: "a quotation mark that is not closed")) }
        if !fields.isEmpty || !field.isEmpty || state != .start { try endRecord(body) }
    }

    private mutating func begin<Failure: Error>(
        failing: (Fault) -> Failure, _ body: (Record) throws(Failure) -> Void
    ) throws(Failure) {
        var bytes = head[...]
        head = []
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let first = bytes.prefix { $0 != 0x0A }
        separator = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09].first { first.contains($0) } ?? UInt8(ascii: ",")
        try take(bytes, failing: failing, body)
    }

    private mutating func take<Failure: Error>(
        _ chunk: ArraySlice<UInt8>, failing: (Fault) -> Failure, _ body: (Record) throws(Failure) -> Void
    ) throws(Failure) {
        let separator = separator ?? UInt8(ascii: ",")
        for byte in chunk {
            size += 1
            if size > Self.recordLimit {
                throw failing(Fault(line: firstLine, reason: "a record over \(Self.recordLimit) bytes"))
            }
            if byte == 0x0A { line += 1 }
            switch (state, byte) {
            case (.quoted, UInt8(ascii: "\"")): state = .closed
            case (.quoted, _): field.append(byte)
            case (.start, UInt8(ascii: "\"")): state = .quoted
            case (.closed, UInt8(ascii: "\"")):
                // Two of them within a field are one.
                field.append(byte)
                state = .quoted
            case (_, 0x0A):
                if state != .closed, field.last == 0x0D { field.removeLast() }
                if fields.isEmpty, field.isEmpty, state != .closed { restart() } else { try endRecord(body) }
            case (_, separator):
                fields.append(field)
                field = []
                state = .start
            case (.closed, 0x0D): break
            default:
                field.append(byte)
                if state == .start { state = .plain }
            }
        }
    }

    private mutating func endRecord<Failure: Error>(_ body: (Record) throws(Failure) -> Void) throws(Failure) {
        let all = (fields + [field]).map { String(decoding: $0, as: UTF8.self) }
        let record = Record(line: firstLine, fields: all)
        restart()
        try body(record)
    }

    private mutating func restart() {
        (fields, field, state, size, firstLine) = ([], [], .start, 0, line)
    }
}

/// The fields as one record of RFC 4180, with its end.
package func csvRecord(_ fields: [String]) -> String {
    fields.map { field in
        let needsQuotes = field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x3B || $0 < 0x20 }
        return needsQuotes ? "\"" + field.pieces(at: "\"").joined(separator: "\"\"") + "\"" : field
    }.joined(separator: ",") + "\r\n"
}
