internal import Text

/// A list that is open, and the number of its next item: HTML, section 4.4.5.
struct HTMLList {
    /// Tells whether it has numbers.
    let isOrdered: Bool
    private var number: Int
    private let step: Int
    private let kind: UInt8?

    /// - Parameter count: of its items, asked for where it counts down from that.
    init(_ tag: HTMLScanner.Tag, count: () -> Int) {
        isOrdered = tag.element == .ol
        let isReversed = isOrdered && tag[.reversed] != nil
        step = isReversed ? -1 : 1
        number = tag[.start].flatMap(HTMLList.integer) ?? (isReversed ? count() : 1)
        kind = HTMLList.kind(tag)
    }

    /// How far its items are indented.
    var indentation: Int { isOrdered ? 3 : 2 }

    /// The beginning of the item's line.
    mutating func bullet(of item: HTMLScanner.Tag) -> String {
        guard isOrdered else { return "- " }
        if let value = item[.value].flatMap(HTMLList.integer) { number = value }
        defer { number += step }
        return HTMLList.text(of: number, kind: HTMLList.kind(item) ?? kind) + ". "
    }

    /// The integer at the beginning of an attribute's value, between a thousand million and its negative.
    static func integer(_ value: ArraySlice<UInt8>) -> Int? {
        var rest = value.drop(while: \.isSpace)
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let digits = rest.prefix(while: \.isDigit)
        if digits.isEmpty { return nil }
        let number = digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1_000_000_000) }
        return isNegative ? -number : number
    }

    private static func kind(_ tag: HTMLScanner.Tag) -> UInt8? {
        guard let value = tag[.type], value.count == 1, "1aAiI".utf8.contains(value[value.startIndex]) else {
            return nil
        }
        return value.first
    }

    private static func text(of number: Int, kind: UInt8?) -> String {
        var text = ""
        switch kind {
        case UInt8(ascii: "a"), UInt8(ascii: "A"):
            // The numbering has no zero: after z comes aa.
            var rest = number
            while rest > 0 {
                text = String(Unicode.Scalar(UInt8(ascii: "a") + UInt8((rest - 1) % 26))) + text
                rest = (rest - 1) / 26
            }
        case UInt8(ascii: "i"), UInt8(ascii: "I"):
            guard number < 4_000 else { break }
            var rest = number
            for (value, numeral) in roman {
                while rest >= value {
                    text += numeral
                    rest -= value
                }
            }
        default: break
        }
        if text.isEmpty { return String(number) }
        return kind.map { $0 < 0x60 } == true ? String(decoding: text.utf8.map(\.uppercased), as: UTF8.self) : text
    }

    private static let roman = [
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]

    /// How many items each `ol` has that is shown, in the order of their beginnings.
    static func counts(in html: [UInt8]) -> [Int] {
        var counts: [Int] = []
        /// The lists that are open, by their place in `counts` if they have numbers.
        var lists: [Int?] = []
        var elements = HTMLElements()
        var scanner = HTMLScanner(html)
        while let token = scanner.next() {
            guard case .tag(let tag) = token else { continue }
            let depth = elements.depth(keptBy: tag)
            while elements.open.count > depth {
                let ended = elements.removeLast()
                if ended.element.isList, !ended.isHidden { lists.removeLast() }
            }
            if tag.isEnd {
                elements.end(tag)
            } else if elements.begin(tag), !elements.isHidden {
                if tag.element.isList {
                    lists.append(tag.element == .ol ? counts.count : nil)
                    if tag.element == .ol { counts.append(0) }
                } else if tag.element == .li, let list = lists.last, let list {
                    counts[list] += 1
                }
            }
        }
        return counts
    }
}
