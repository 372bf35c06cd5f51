internal import Text

/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Both from 1; the column counts bytes.
    package let line: Int
    package let column: Int
    package let reason: String

    package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSON {
    /// How deep arrays and objects may be nested. A reader that recurses must bound
    /// what a hostile producer can ask of its stack.
    package static let depthLimit = 100

    /// How many values a text may have. Each takes some fifty bytes and as many nanoseconds, however short it is
    /// written: a text of 32 MiB could hold up the daemon for seconds.
    package static let valueLimit = 1_000_000

    /// Reads a text that is one value and nothing else but white space.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        let (value, end) = try JSON.prefix(of: bytes)
        let rest = bytes[end...]
        if let extra = rest.firstIndex(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) {
            throw JSONError(at: extra, of: bytes, "unexpected text after the value")
        }
        self = value
    }

    /// Reads a text that is one value and nothing else but white space.
    package init(parsing text: some StringProtocol) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }

    /// Reads the value that `bytes` begin with, white space before it skipped.
    ///
    /// Strict RFC 8259: valid UTF-8, no lone surrogates, no duplicate member names, numbers
    /// kept as written, nesting up to ``depthLimit``, at most ``valueLimit`` values.
    /// - Returns: the value, and the offset of the first byte after it.
    package static func prefix(of bytes: [UInt8]) throws(JSONError) -> (value: JSON, end: Int) {
        // Rethrown by hand: a closure does not carry a typed error through this call.
        let result: Result<(JSON, Int), Reader.Failure> = bytes.withUnsafeBufferPointer { buffer in
            var reader = Reader(buffer)
            do throws(Reader.Failure) {
                reader.skipSpace()
                let value = try reader.value(depth: 0)
                return .success((value, reader.position))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let (value, end)): return (value, end)
        case .failure(let failure): throw JSONError(at: failure.offset, of: bytes, failure.reason)
        }
    }
}

extension JSON.Object {
    /// Reads the object that `bytes` begin with, which may be cut off: its members up to the first broken one, and
    /// `limit` at most.
    package init(beginningOf bytes: [UInt8], limit: Int) {
        self = bytes.withUnsafeBufferPointer { buffer in
            var reader = Reader(buffer)
            return reader.members(limit: limit)
        }
    }
}

extension JSONError {
    init(at offset: Int, of bytes: [UInt8], _ reason: String) {
        let position = JSON.Position(of: offset, in: bytes)
        (line, column) = (position.line, position.column)
        self.reason = reason
    }
}

/// A recursive-descent reader over bytes that stay where they are meanwhile.
struct Reader {
    struct Failure: Error {
        let offset: Int
        let reason: String
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    /// The offset of the byte that comes next.
    private(set) var position = 0
    private var count = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fail(_ reason: String, at offset: Int? = nil) -> Failure {
        Failure(offset: offset ?? position, reason: reason)
    }

    private func unexpected(_ wanted: String) -> Failure {
        guard let current else { return fail("the text ends where \(wanted) should be") }
        let shown =
            current >= 0x21 && current < 0x7F
            ? "'\(Character(Unicode.Scalar(current)))'" : "byte 0x" + String(current, radix: 16, uppercase: true)
        return fail("\(shown) where \(wanted) should be")
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(Failure) -> JSON {
        count += 1
        if count > JSON.valueLimit { throw fail("more than \(JSON.valueLimit) values") }
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        case .some(let byte) where byte == UInt8(ascii: "-") || byte.isDigit:
            return .number(try number())
        default: throw unexpected("a value")
        }
    }

    private mutating func literal(_ word: StaticString) throws(Failure) {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { throw unexpected("a value") }
        for index in 0..<length where bytes[position + index] != word.utf8Start[index] { throw unexpected("a value") }
        position += length
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON.Object {
        if depth > JSON.depthLimit { throw fail("nested deeper than \(JSON.depthLimit)") }
        var members: [(name: String, value: JSON)] = []
        var seen: Set<ExactText> = []
        guard enterList(endedBy: UInt8(ascii: "}")) else { return JSON.Object() }
        repeat {
            let start = position
            let name = try memberName()
            // A few names are compared; many are looked up, or a large object would cost its square.
            let duplicate: Bool
            if members.count < 16 {
                duplicate = members.contains { $0.name.isExactly(name) }
            } else {
                if seen.isEmpty { seen = Set(members.map { ExactText($0.name) }) }
                duplicate = !seen.insert(ExactText(name)).inserted
            }
            if duplicate { throw fail("duplicate member \"\(name)\"", at: start) }
            try skipColon()
            members.append((name, try value(depth: depth)))
        } while try skipComma(orEnd: UInt8(ascii: "}"))
        return JSON.Object(members)
    }

    fileprivate mutating func members(limit: Int) -> JSON.Object {
        var members = JSON.Object()
        skipSpace()
        guard current == UInt8(ascii: "{"), enterList(endedBy: UInt8(ascii: "}")) else { return members }
        do throws(Failure) {
            var goesOn = true
            while goesOn, members.count < limit {
                let name = try memberName()
                try skipColon()
                let value = try value(depth: 1)
                // A number is whole only where something follows it.
                goesOn = try skipComma(orEnd: UInt8(ascii: "}"))
                members[name] = value
            }
        } catch {
            // The caller asked for what is there.
        }
        return members
    }

    private mutating func array(depth: Int) throws(Failure) -> [JSON] {
        if depth > JSON.depthLimit { throw fail("nested deeper than \(JSON.depthLimit)") }
        var elements: [JSON] = []
        guard enterList(endedBy: UInt8(ascii: "]")) else { return elements }
        repeat { elements.append(try value(depth: depth)) } while try skipComma(orEnd: UInt8(ascii: "]"))
        return elements
    }

    // These are inlined always: as calls they cost a large job 3 % of its reading.

    /// Goes past the bracket that opens a list. False, and past its end, if it is empty.
    @inline(__always)
    mutating func enterList(endedBy end: UInt8) -> Bool {
        position += 1
        skipSpace()
        guard current == end else { return true }
        position += 1
        return false
    }

    /// Goes past the comma to what comes next in a list. False, and past its end, if nothing does.
    @inline(__always)
    mutating func skipComma(orEnd end: UInt8) throws(Failure) -> Bool {
        skipSpace()
        let byte = current
        guard byte == UInt8(ascii: ",") || byte == end else {
            throw unexpected("',' or '\(Character(Unicode.Scalar(end)))'")
        }
        position += 1
        if byte == end { return false }
        skipSpace()
        return true
    }

    /// Reads the string that names a member.
    @inline(__always)
    mutating func memberName() throws(Failure) -> String {
        guard current == UInt8(ascii: "\"") else { throw unexpected("a member name") }
        return try string()
    }

    /// Goes from a member's name to its value.
    @inline(__always)
    mutating func skipColon() throws(Failure) {
        skipSpace()
        guard current == UInt8(ascii: ":") else { throw unexpected("':'") }
        position += 1
        skipSpace()
    }

    private mutating func digits() throws(Failure) {
        guard let first = current, first.isDigit else { throw unexpected("a digit") }
        while current?.isDigit == true { position += 1 }
    }

    private mutating func number() throws(Failure) -> JSON.Number {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if current?.isDigit == true { throw fail("a number with a leading zero") }
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return JSON.Number(text: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws(Failure) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try utf8(start..<position)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            if byte < 0x20 { throw fail("a control character in a string; write it as \\u") }
            position += 1
        }
        throw fail("a string without an end", at: start - 1)
    }

    private func utf8(_ range: Range<Int>) throws(Failure) -> String {
        guard let text = String(utf8: bytes.span.extracting(range)) else {
            throw fail("a string that is not valid UTF-8", at: range.lowerBound)
        }
        return text
    }

    /// The string from `start`, whose first escape is at the current position.
    private mutating func escapedString(from start: Int) throws(Failure) -> String {
        var text = try utf8(start..<position)
        var plain = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                text += try utf8(plain..<position)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") {
                text += try utf8(plain..<position)
                position += 1
                text.unicodeScalars.append(try escape())
                plain = position
                continue
            }
            if byte < 0x20 { throw fail("a control character in a string; write it as \\u") }
            position += 1
        }
        throw fail("a string without an end", at: start - 1)
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        guard let byte = current else { throw unexpected("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let start = position - 2
            let first = try hexadecimal()
            if first & 0xFC00 == 0xD800 {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw fail("half of a surrogate pair", at: start) }
                position += 2
                let second = try hexadecimal()
                guard second & 0xFC00 == 0xDC00 else { throw fail("half of a surrogate pair", at: start) }
                return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)!
            }
            guard let scalar = Unicode.Scalar(first) else { throw fail("half of a surrogate pair", at: start) }
            return scalar
        default:
            throw fail("an escape that JSON does not have", at: position - 2)
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current?.hexValue else { throw unexpected("four hexadecimal digits") }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }
}
