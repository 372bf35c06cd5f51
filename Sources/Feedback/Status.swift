internal import Text

/// An enhanced status code (RFC 3463) as reports write it: `5.1.1`.
struct Status: Equatable, CustomStringConvertible {
    /// Class, subject, detail.
    let numbers: [Int]

    var description: String { numbers.map { String($0) }.joined(separator: ".") }
    /// Whether it says only that something failed: `5.0.0`.
    var isVague: Bool { numbers[1] == 0 && numbers[2] == 0 }

    init(_ class: Int, _ subject: Int, _ detail: Int) { numbers = [`class`, subject, detail] }

    /// How much it says: nothing, its subject, or all.
    private var weight: Int { isVague ? 0 : numbers[2] == 0 ? 1 : 2 }

    /// The first status in the text, of those that say most.
    static func first(in text: ArraySlice<UInt8>) -> Status? {
        var best: Status?
        var index = text.startIndex
        while index < text.endIndex {
            guard let (status, end) = Status.read(text, at: index) else {
                index += 1
                continue
            }
            if best == nil || status.weight > best?.weight ?? 0 { best = status }
            if status.weight == 2 { return status }
            index = end
        }
        return best
    }

    private static func read(_ text: ArraySlice<UInt8>, at start: Int) -> (Status, end: Int)? {
        let classes = [UInt8(ascii: "2"), UInt8(ascii: "4"), UInt8(ascii: "5")]
        guard classes.contains(text[start]) else { return nil }
        // Neither an address of the network nor a version.
        if start > text.startIndex {
            let before = text[start - 1]
            if before.isLetterOrDigit || ".-_/@".utf8.contains(before) && before != UInt8(ascii: "-") { return nil }
            let isNumber = before == UInt8(ascii: "-") && start > text.startIndex + 1 && text[start - 2].isLetter
            if isNumber { return nil }
        }
        var index = start + 1
        func number() -> Int? {
            guard index < text.endIndex, text[index] == UInt8(ascii: ".") else { return nil }
            index += 1
            let digits = text[index...].prefix(4).prefix(while: \.isDigit)
            guard 1...3 ~= digits.count else { return nil }
            index += digits.count
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let subject = number(), let detail = number(), subject <= 20 else { return nil }
        if index < text.endIndex {
            let next = text[index]
            if next.isLetterOrDigit { return nil }
            // `5.1.1.` at a sentence's end, but not `5.1.1.7`.
            if next == UInt8(ascii: "."), index + 1 < text.endIndex, text[index + 1].isDigit { return nil }
        }
        return (Status(Int(text[start] - 0x30), subject, detail), index)
    }
}

/// A reply code (RFC 5321, section 4.2) in a text, and where it is.
func firstReplyCode(in text: ArraySlice<UInt8>) -> (code: Int, at: Int)? {
    var index = text.startIndex
    while index + 3 <= text.endIndex {
        let word = text[index..<(index + 3)]
        let isFree =
            index == text.startIndex
            || !(text[index - 1].isLetterOrDigit || ".-_/@[=,".utf8.contains(text[index - 1]))
        if isFree, word.allSatisfy(\.isDigit), (0x34...0x35).contains(word[index]),
            (0x30...0x37).contains(word[index + 1])
        {
            let next = index + 3 < text.endIndex ? text[index + 3] : 0x20
            if next.isSpace || "-:;,)#".utf8.contains(next) || next == UInt8(ascii: "\"") {
                return (word.reduce(0) { $0 * 10 + Int($1 - 0x30) }, index)
            }
        }
        index += 1
    }
    return nil
}
