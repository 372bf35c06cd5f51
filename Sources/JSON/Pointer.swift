internal import Text

/// A name as a JSON pointer holds it: `~` is `~0`, `/` is `~1`. RFC 6901.
package func pointerToken(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
    var bytes: [UInt8] = []
    for byte in name.utf8 {
        switch byte {
        case UInt8(ascii: "~"): bytes += "~0".utf8
        case UInt8(ascii: "/"): bytes += "~1".utf8
        default: bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

extension JSON {
    /// Where something stands in a text: both from 1; the column counts bytes.
    package struct Position: Equatable, Sendable {
        package let line: Int
        package let column: Int
    }

    /// Where what `pointer` (RFC 6901) names begins in `text`: a member at its name, everything else at the value.
    ///
    /// As far as the pointer leads: if it leads nowhere, the last thing on its way that is there. The text is
    /// expected to be JSON; of any other the position is one within it.
    package static func position(of pointer: String, in text: [UInt8]) -> Position {
        let offset = text.withUnsafeBufferPointer { buffer in
            var reader = Reader(buffer)
            return reader.offset(of: pointer.pieces(at: "/").dropFirst())
        }
        return Position(of: offset, in: text)
    }
}

extension JSON.Position {
    init(of offset: Int, in text: [UInt8]) {
        let before = text[..<min(offset, text.count)]
        self.init(
            line: before.count { $0 == 0x0A } + 1, column: before.count - (before.lastIndex(of: 0x0A) ?? -1))
    }
}

extension Reader {
    fileprivate mutating func offset(of steps: some Sequence<Substring>) -> Int {
        skipSpace()
        var found = position
        for step in steps {
            // Where the text is not JSON, the way ends.
            guard let next = try? enter(step) else { return found }
            found = next
        }
        return found
    }

    /// Goes to the value behind `step`, and returns where it or its name begins, or nil.
    private mutating func enter(_ step: Substring) throws(Failure) -> Int? {
        switch current {
        case UInt8(ascii: "{"):
            guard enterList(endedBy: UInt8(ascii: "}")) else { return nil }
            repeat {
                let start = position
                let name = try memberName()
                try skipColon()
                if pointerToken(name).isExactly(step) { return start }
                _ = try value(depth: 0)
            } while try skipComma(orEnd: UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            guard var left = Int(step), left >= 0, enterList(endedBy: UInt8(ascii: "]")) else { return nil }
            repeat {
                if left == 0 { return position }
                left -= 1
                _ = try value(depth: 0)
            } while try skipComma(orEnd: UInt8(ascii: "]"))
        default: break
        }
        return nil
    }
}
