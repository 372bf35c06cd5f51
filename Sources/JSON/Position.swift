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
        var locator = Locator(text)
        let offset = locator.find(pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
        let before = text[..<min(offset, text.count)]
        return Position(
            line: before.count { $0 == 0x0A } + 1, column: before.count - (before.lastIndex(of: 0x0A) ?? -1))
    }
}

/// Goes over a text without making values of it.
private struct Locator {
    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    private var current: UInt8? { index < text.count ? text[index] : nil }

    mutating func find(_ steps: some Sequence<Substring>) -> Int {
        skipSpace()
        var found = index
        for step in steps {
            guard let next = enter(step) else { return found }
            found = next
        }
        return found
    }

    /// Goes to the value behind `step`, and says where it or its name begins; nil if there is none.
    private mutating func enter(_ step: Substring) -> Int? {
        switch current {
        case UInt8(ascii: "{"):
            let wanted = unescaped(step)
            while skip(UInt8(ascii: ","), orFirst: UInt8(ascii: "{")) {
                let start = index
                skipString()
                // A name that is none is not the one that is looked for.
                let name = (try? JSON(parsing: Array(text[start..<index])))?.string
                skipSpace()
                guard current == UInt8(ascii: ":") else { return nil }
                index += 1
                skipSpace()
                if name == wanted { return start }
                skipValue()
            }
        case UInt8(ascii: "["):
            guard var left = Int(step), left >= 0 else { return nil }
            while skip(UInt8(ascii: ","), orFirst: UInt8(ascii: "[")) {
                if left == 0 { return index }
                left -= 1
                skipValue()
            }
        default: break
        }
        return nil
    }

    /// Goes past `separator`, or what opens the list, to the next thing in it; false if there is none.
    private mutating func skip(_ separator: UInt8, orFirst opening: UInt8) -> Bool {
        skipSpace()
        guard current == separator || current == opening else { return false }
        index += 1
        skipSpace()
        return current != nil && current != UInt8(ascii: "}") && current != UInt8(ascii: "]")
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func skipString() {
        index += 1
        while let byte = current, byte != UInt8(ascii: "\"") { index += byte == UInt8(ascii: "\\") ? 2 : 1 }
        index = min(index + 1, text.count)
    }

    private mutating func skipValue() {
        var depth = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { return }
            default: break
            }
            index += 1
        }
    }

    /// `~1` is `/`, `~0` is `~`.
    private func unescaped(_ step: Substring) -> String {
        guard step.utf8.contains(UInt8(ascii: "~")) else { return String(step) }
        var bytes: [UInt8] = []
        var rest = step.utf8[...]
        while let byte = rest.popFirst() {
            switch (byte, rest.first) {
            case (UInt8(ascii: "~"), UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
            case (UInt8(ascii: "~"), UInt8(ascii: "0")): bytes.append(byte)
            default:
                bytes.append(byte)
                continue
            }
            rest.removeFirst()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
