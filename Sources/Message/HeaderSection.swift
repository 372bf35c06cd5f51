internal import Text

/// Where the fields of a message are: RFC 5322, section 2.2.
struct HeaderSection {
    struct Field {
        /// As it is written.
        let name: String
        /// All its lines with their ends.
        let range: Range<Int>
        /// Behind the colon.
        let valueStart: Int

        func isNamed(_ lowercase: String) -> Bool { name.utf8.isSame(asLowercase: lowercase) }
    }

    private(set) var fields: [Field] = []
    /// Behind the empty line.
    private(set) var bodyStart = 0

    /// Whether the text begins with the line that mailbox files have before a message, and not with the obsolete
    /// `From :` of a field. RFC 5322, section 4.5.
    static func isMailboxLine(_ text: ArraySlice<UInt8>) -> Bool {
        text.starts(with: "From ".utf8)
            && text.dropFirst(5).first { $0 != 0x20 && $0 != 0x09 } != UInt8(ascii: ":")
    }

    /// Finds the fields of a message with CRLF line ends.
    /// - Parameter isLenient: the header ends before a line that is not a field, as if the empty line were there; a
    ///   name that no line has room for makes no field.
    init(of bytes: [UInt8], isLenient: Bool = false) throws(WholeMessageError) {
        var start = 0
        var line = 1
        if HeaderSection.isMailboxLine(bytes[(bytes.first == UInt8(ascii: ">") ? 1 : 0)...]) {
            start = HeaderSection.lineEnd(in: bytes, from: 0)
            line += 1
        }
        bodyStart = start
        while start < bytes.count {
            if bytes[start] == 0x0D {
                // A CR at the very end has no LF.
                bodyStart = min(start + 2, bytes.count)
                return
            }
            guard let colon = HeaderSection.colon(in: bytes, from: start),
                !isLenient || colon - start < Wire.lineLimit / 2
            else {
                if fields.isEmpty || isLenient { return }
                throw .notAField(line: line)
            }
            let nameEnd = bytes[start..<colon].lastIndex { !$0.isBlank } ?? colon
            var end = start
            repeat {
                end = HeaderSection.lineEnd(in: bytes, from: end)
                line += 1
            } while end < bytes.count && bytes[end].isBlank
            fields.append(
                Field(
                    name: String(decoding: bytes[start...nameEnd], as: UTF8.self), range: start..<end,
                    valueStart: colon + 1))
            start = end
            bodyStart = end
        }
    }

    func has(_ lowercase: String) -> Bool { fields.contains { $0.isNamed(lowercase) } }

    /// The value unfolded, without the white space around it.
    func value(_ field: Field, in bytes: [UInt8]) -> ArraySlice<UInt8> {
        let raw = bytes[field.valueStart..<field.range.upperBound]
        // Every CR is the first half of a line end.
        let unfolded = raw.filter { $0 != 0x0D && $0 != 0x0A }
        guard let first = unfolded.firstIndex(where: { !$0.isBlank }),
            let last = unfolded.lastIndex(where: { !$0.isBlank })
        else { return [] }
        return unfolded[first...last]
    }

    private static func lineEnd(in bytes: [UInt8], from start: Int) -> Int {
        guard let end = bytes[start...].firstIndex(of: 0x0A) else { return bytes.count }
        return end + 1
    }

    /// The colon behind a field's name, which obsolete syntax allows blanks behind (section 4.5).
    private static func colon(in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index].isFieldName { index += 1 }
        if index == start { return nil }
        while index < bytes.count, bytes[index].isBlank { index += 1 }
        return index < bytes.count && bytes[index] == UInt8(ascii: ":") ? index : nil
    }
}

extension RandomAccessCollection<UInt8> {
    func hasSuffix(_ bytes: [UInt8]) -> Bool { suffix(bytes.count).elementsEqual(bytes) }
}
