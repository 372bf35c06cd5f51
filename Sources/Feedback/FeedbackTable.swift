internal import Text

/// How bounces are understood: lines of code, status, class, fate and words, as `bounces.conf` explains them. The first
/// line that fits decides.
package struct FeedbackTable: Sendable {
    /// The class and fate in a line.
    package struct Reading: Equatable, Sendable {
        package var `class`: Report.Class
        /// Whether trying again is of no use; nil where the bounce itself says.
        package var isPermanent: Bool?
        /// The line that decided, such as `bounces.conf:31`.
        package var line: String
    }

    struct Rule: Sendable {
        /// Three digits or `x`.
        let code: [UInt8]
        /// Class, subject, detail; nil for any.
        let status: [Int?]?
        /// Pieces of text that follow each other, in lower case.
        let words: [[UInt8]]
        let reading: Reading
    }

    private var rules: [Rule] = []
    private var automaton = PhraseAutomaton([])
    /// For each phrase, where it is wanted: rules, and which of their pieces it is.
    private var uses: [[(rule: Int, piece: Int)]] = []

    /// As much of a text is searched.
    static let textLimit = 4000

    /// The table that is built in.
    package static let standard: FeedbackTable = {
        do throws(FeedbackTableError) {
            return try FeedbackTable(PackageResources.bounces_conf, name: "built in")
        } catch { preconditionFailure("the built-in table of bounces: \(error)") }
    }()

    /// Parses a file's bytes. `name` is how its lines are named.
    package init(_ bytes: [UInt8], name: String) throws(FeedbackTableError) {
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let text = line.drop(while: \.isBlank)
            guard let first = text.first, first != UInt8(ascii: "#"), first != 0x0D else { continue }
            rules.append(try Rule(text, at: "\(name):\(index + 1)"))
        }
        prepare()
    }

    /// The table with the lines of another behind its own.
    package func followed(by other: FeedbackTable) -> FeedbackTable {
        var table = self
        table.rules += other.rules
        table.prepare()
        return table
    }

    private mutating func prepare() {
        var phrases: [[UInt8]] = []
        var numbers: [[UInt8]: Int] = [:]
        uses = []
        for (rule, content) in rules.enumerated() {
            for (piece, word) in content.words.enumerated() {
                let number = numbers[word] ?? phrases.count
                if number == phrases.count {
                    numbers[word] = number
                    phrases.append(word)
                    uses.append([])
                }
                uses[number].append((rule, piece))
            }
        }
        automaton = PhraseAutomaton(phrases)
    }

    /// The first line that fits; nil where none does.
    ///
    /// - Parameter text: in any case of letters; any white space counts as one space.
    func reading(code: Int?, status: Status?, text: some Sequence<UInt8>) -> Reading? {
        let plain = FeedbackTable.plain(text)
        // How many of its pieces a rule has found, and where the last of them ends.
        var found = [(count: Int, end: Int)](repeating: (0, 0), count: rules.count)
        automaton.find(in: plain) { phrase, range in
            for (rule, piece) in uses[phrase] where found[rule].count == piece && range.lowerBound >= found[rule].end {
                found[rule] = (piece + 1, range.upperBound)
            }
        }
        let digits = code.map { Array(String($0).utf8) }
        for (index, rule) in rules.enumerated() where found[index].count == rule.words.count {
            if rule.fits(digits, status) { return rule.reading }
        }
        return nil
    }

    /// The text in lower case, with one space for each run of white space, to the limit.
    ///
    /// Addresses stand as `@`, and the names of hosts that a server quotes (`host mx.example.jp said`) as a full stop: their
    /// words say nothing.
    private static func plain(_ text: some Sequence<UInt8>) -> [UInt8] {
        var plain: [UInt8] = [0x20]
        var start = 1
        func endWord() {
            let word = plain[start...]
            let isHost = word.contains(UInt8(ascii: ".")) && plain[..<start].suffix(6).elementsEqual(" host ".utf8)
            guard isHost || word.contains(UInt8(ascii: "@")) else { return }
            // `FROM:<…>` keeps what is before the angle.
            let angle = word.firstIndex(of: UInt8(ascii: "<")) ?? start
            plain.removeSubrange((isHost ? start : angle)...)
            plain.append(isHost ? UInt8(ascii: ".") : UInt8(ascii: "@"))
        }
        for byte in text.prefix(textLimit) {
            if !byte.isSpace {
                plain.append(byte.lowercased)
            } else if plain.last != 0x20 {
                endWord()
                plain.append(0x20)
                start = plain.count
            }
        }
        endWord()
        return plain
    }
}

extension FeedbackTable.Rule {
    fileprivate init(_ line: ArraySlice<UInt8>, at place: String) throws(FeedbackTableError) {
        var rest = line
        func word() -> String {
            let word = rest.prefix { !$0.isBlank }
            rest = rest.dropFirst(word.count).drop(while: \.isBlank)
            return String(decoding: word.filter { $0 != 0x0D }, as: UTF8.self)
        }
        code = Array(word().utf8)
        guard code.count == 3, code.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "x") }) else {
            throw FeedbackTableError("\(place): the code is three digits or x, such as 5xx")
        }
        let statusText = word()
        if statusText.isExactly("-") {
            status = nil
        } else {
            let parts = statusText.pieces(at: ".")
            status = parts.map { Int($0) }
            let isWhole = zip(parts, status ?? []).allSatisfy { $1 != nil || $0.isExactly("x") }
            guard parts.count == 3, isWhole else {
                throw FeedbackTableError("\(place): the status is like 5.1.1, 5.7.x or -")
            }
        }
        let classText = word()
        guard let meaning = Report.Class(rawValue: classText) else {
            throw FeedbackTableError("\(place): '\(printableLine(classText.utf8, limit: 40))' is not a class")
        }
        let fates: [(String, Bool?)] = [("permanent", true), ("temporary", false), ("-", nil)]
        let fateText = word()
        guard let fate = fates.first(where: { $0.0.isExactly(fateText) }) else {
            throw FeedbackTableError("\(place): the fate is permanent, temporary or -")
        }
        let text = rest.filter { $0 != 0x0D }.map(\.lowercased)
        words = text.split(separator: UInt8(ascii: "*")).map { Array($0.trimmed(\.isBlank)) }.filter { !$0.isEmpty }
        reading = FeedbackTable.Reading(class: meaning, isPermanent: fate.1, line: place)
    }

    fileprivate func fits(_ digits: [UInt8]?, _ status: Status?) -> Bool {
        let isAny = code.allSatisfy { $0 == UInt8(ascii: "x") }
        guard isAny || digits.map({ zip(code, $0).allSatisfy { $0 == UInt8(ascii: "x") || $0 == $1 } }) == true else {
            return false
        }
        guard let wanted = self.status else { return true }
        guard let status else { return false }
        return zip(wanted, status.numbers).allSatisfy { $0 == nil || $0 == $1 }
    }
}

/// Why a table of bounces cannot be read.
package struct FeedbackTableError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
