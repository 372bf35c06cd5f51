internal import Text

/// Reads the syntax of ECMA-262, section 22.2.1, with the `u` flag: what is not an escape, a
/// quantifier or a group there is a fault, not a literal.
struct PatternReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    /// A reader that recurses must bound what a pattern can ask of its stack.
    private static let depthLimit = 50
    private static let lengthLimit = 10_000

    init(_ source: String) { scalars = Array(source.unicodeScalars.prefix(Self.lengthLimit + 1)) }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func fault(_ reason: String) -> PatternFault {
        PatternFault(reason: "\(reason) at character \(position + 1)")
    }

    private mutating func skip(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    /// The whole pattern.
    mutating func expression() throws(PatternFault) -> Expression {
        if scalars.count > Self.lengthLimit {
            throw PatternFault(reason: "the pattern is longer than \(Self.lengthLimit) characters")
        }
        let result = try alternatives()
        if current != nil { throw fault("')' without '('") }
        return result
    }

    private mutating func alternatives() throws(PatternFault) -> Expression {
        var result = [try sequence()]
        while skip("|") { result.append(try sequence()) }
        return result.count == 1 ? result[0] : .alternatives(result)
    }

    private mutating func sequence() throws(PatternFault) -> Expression {
        var result: [Expression] = []
        while let scalar = current, scalar != "|", scalar != ")" { result.append(try term()) }
        return result.isEmpty ? .empty : .sequence(result)
    }

    private mutating func term() throws(PatternFault) -> Expression {
        let atom = try atom()
        guard let (least, most) = try quantifier() else { return atom }
        if case .assert = atom { throw fault("a repeated assertion") }
        // Which of several matches is found first does not matter.
        _ = skip("?")
        return .repeated(atom, least: least, most: most)
    }

    private mutating func quantifier() throws(PatternFault) -> (least: Int, most: Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        guard skip("{") else { return nil }
        guard let least = try number() else { throw fault("a number should be") }
        var most: Int? = least
        if skip(",") { most = try number() }
        guard skip("}") else { throw fault("'}' should be") }
        if let most, most < least { throw fault("a repetition whose greatest count is below its least") }
        return (least, most)
    }

    private mutating func number() throws(PatternFault) -> Int? {
        var value: Int?
        while let scalar = current, let digit = scalar.digit(radix: 10) {
            value = (value ?? 0) * 10 + Int(digit)
            if value ?? 0 > Pattern.instructionLimit { throw fault("a repetition above \(Pattern.instructionLimit)") }
            position += 1
        }
        return value
    }

    private mutating func atom() throws(PatternFault) -> Expression {
        guard let scalar = current else { throw fault("the pattern ends too early") }
        switch scalar {
        case "(": return try group()
        case "[": return .accept(try characterClass())
        case "\\": return try escape()
        case "*", "+", "?": throw fault("nothing to repeat")
        case "{", "}", "]": throw fault("'\(scalar)' must be written '\\\(scalar)'")
        default: position += 1
        }
        switch scalar {
        case "^": return .assert(.start)
        case "$": return .assert(.end)
        case ".": return .accept(.notLineEnd)
        default: return .accept(ScalarSet(scalar))
        }
    }

    private mutating func group() throws(PatternFault) -> Expression {
        for lookaround in ["(?=", "(?!", "(?<=", "(?<!"] where skip(lookaround) {
            throw fault("lookaround is not supported")
        }
        if skip("(?<") {
            guard let end = scalars[position...].firstIndex(of: ">"), end > position else {
                throw fault("a name without '>'")
            }
            position = end + 1
        } else if !skip("(?:") {
            position += 1
            if current == "?" { throw fault("a kind of group that is not supported") }
        }
        depth += 1
        if depth > Self.depthLimit { throw fault("groups nested deeper than \(Self.depthLimit)") }
        let result = try alternatives()
        depth -= 1
        guard skip(")") else { throw fault("'(' without ')'") }
        return result
    }

    private mutating func escape() throws(PatternFault) -> Expression {
        if skip("\\b") { return .assert(.wordBoundary) }
        if skip("\\B") { return .assert(.notWordBoundary) }
        return .accept(try escapedSet().set)
    }

    /// A class of characters, or the one that an escape stands for.
    private mutating func escapedSet() throws(PatternFault) -> (set: ScalarSet, single: Unicode.Scalar?) {
        position += 1
        guard let scalar = current else { throw fault("the pattern ends too early") }
        position += 1
        switch scalar {
        case "d": return (.digits, nil)
        case "D": return (.digits.negated, nil)
        case "w": return (.word, nil)
        case "W": return (.word.negated, nil)
        case "s": return (.space, nil)
        case "S": return (.space.negated, nil)
        case "p": return (try category(), nil)
        case "P": return (try category().negated, nil)
        default:
            let single = try escapedScalar(scalar)
            return (ScalarSet(single), single)
        }
    }

    private mutating func escapedScalar(_ letter: Unicode.Scalar) throws(PatternFault) -> Unicode.Scalar {
        switch letter {
        case "t": return "\t"
        case "n": return "\n"
        case "v": return "\u{B}"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "0":
            if current?.digit(radix: 10) != nil { throw fault("an octal escape") }
            return "\0"
        case "c":
            guard let control = current, control.isASCII, control.properties.isAlphabetic else {
                throw fault("a letter should be")
            }
            position += 1
            return Unicode.Scalar(UInt8(control.value & 0x1F))
        case "x": return try scalar(try hexadecimal(2))
        case "u": return try unicodeEscape()
        case "1"..."9", "k": throw fault("a backreference is not supported")
        case "!"..."/", ":"..."@", "["..."^", "`", "{"..."~": return letter
        default: throw fault("an escape that ECMA-262 does not have")
        }
    }

    private mutating func unicodeEscape() throws(PatternFault) -> Unicode.Scalar {
        if skip("{") {
            var value: UInt32 = 0
            var isEmpty = true
            while let digit = current?.digit(radix: 16) {
                value = value << 4 | UInt32(digit)
                if value > 0x10FFFF { throw fault("beyond the last character of Unicode") }
                isEmpty = false
                position += 1
            }
            guard skip("}"), !isEmpty else { throw fault("'}' should be") }
            return try scalar(value)
        }
        let first = try hexadecimal(4)
        guard first & 0xFC00 == 0xD800, skip("\\u") else { return try scalar(first) }
        let second = try hexadecimal(4)
        guard second & 0xFC00 == 0xDC00 else { throw fault("half of a surrogate pair") }
        return try scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    }

    private func scalar(_ value: UInt32) throws(PatternFault) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else { throw fault("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal(_ count: Int) throws(PatternFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = current?.digit(radix: 16) else { throw fault("a hexadecimal digit should be") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// The text after `\p`: a general category, by its name alone or after `gc=`.
    private mutating func category() throws(PatternFault) -> ScalarSet {
        guard skip("{"), let end = scalars[position...].firstIndex(of: "}") else { throw fault("'{' should be") }
        for key in ["General_Category=", "gc="] where skip(key) { break }
        guard position <= end else { throw fault("a name should be") }
        let name = String(String.UnicodeScalarView(scalars[position..<end]))
        guard let categories = Categories(named: name) else {
            throw fault("only general categories of Unicode are supported, such as \\p{L},")
        }
        position = end + 1
        return ScalarSet([], categories: categories)
    }

    private mutating func characterClass() throws(PatternFault) -> ScalarSet {
        position += 1
        let isNegated = skip("^")
        var sets: [ScalarSet] = []
        while !skip("]") {
            let low = try classAtom()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                sets.append(low.set)
                continue
            }
            position += 1
            let high = try classAtom()
            guard let first = low.single, let last = high.single else { throw fault("a range without an end") }
            guard first <= last else { throw fault("a range whose end is before its beginning") }
            sets.append(ScalarSet([first.value...last.value]))
        }
        let set = ScalarSet.joined(sets)
        return isNegated ? set.negated : set
    }

    private mutating func classAtom() throws(PatternFault) -> (set: ScalarSet, single: Unicode.Scalar?) {
        guard let scalar = current else { throw fault("'[' without ']'") }
        if scalar == "\\" {
            if skip("\\b") { return (ScalarSet("\u{8}"), "\u{8}") }
            return try escapedSet()
        }
        position += 1
        return (ScalarSet(scalar), scalar)
    }
}

extension Unicode.Scalar {
    /// The value of an ASCII digit.
    fileprivate func digit(radix: Int) -> UInt8? {
        guard isASCII, let digit = UInt8(value).hexValue, digit < radix else { return nil }
        return digit
    }
}
