internal import Text

/// Tells whether the fault of a relay is news, or the one that was told before.
///
/// Reasons of the system have what is different each time, such as how many milliseconds it took: every probe of one
/// fault would be news.
package enum FaultNews {
    /// True when two reasons tell of one fault: their words are the same but for lengths of time and numbers of errors.
    package static func isSame(_ reason: String, _ other: String) -> Bool {
        words(of: reason).elementsEqual(words(of: other)) { $0.isExactly($1) }
    }

    private static func words(of reason: String) -> [Substring] {
        var words: [Substring] = []
        for word in reason.pieces(at: " ") where !word.isEmpty {
            let bare = word.utf8.filter {
                $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ":")
            }
            let units = ["ms", "milliseconds", "s", "seconds"]
            let isUnit = units.contains { bare.elementsEqual($0.utf8) }
            // "57 ms", and "errno 104".
            if isUnit, words.last.map(isNumber) == true { words.removeLast() }
            if isNumber(word), let before = words.last, before.utf8.elementsEqual("errno".utf8) { continue }
            if isUnit || isGlued(word, to: units) { continue }
            words.append(word)
        }
        return words
    }

    private static func isNumber(_ word: Substring) -> Bool {
        word.utf8.contains(where: \.isDigit) && word.utf8.allSatisfy { $0.isDigit || ".,;:()".utf8.contains($0) }
    }

    /// True for a number with its unit, "57ms".
    private static func isGlued(_ word: Substring, to units: [String]) -> Bool {
        let digits = word.utf8.prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
        guard digits.contains(where: \.isDigit) else { return false }
        let rest = word.utf8.dropFirst(digits.count).prefix { $0.isLetterOrDigit }
        return units.contains { rest.elementsEqual($0.utf8) }
    }
}
