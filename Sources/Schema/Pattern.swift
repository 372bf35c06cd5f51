/// A regular expression of ECMA-262 (with its `u` flag), as JSON Schema wants it: it matches
/// anywhere in a text unless it is anchored.
///
/// All alternatives are followed at once, one character after the other (Thompson's simulation of
/// a nondeterministic automaton), so that time is bounded by states times characters whatever
/// the pattern. That leaves out what needs to go back: lookaround and backreferences.
package struct Pattern: Sendable {
    package let source: String
    private let program: [Instruction]

    /// How many instructions a pattern may have; a counted repetition costs its body each time.
    static let instructionLimit = 10_000

    /// Compiles `source`, or throws why it is not an expression that can be used.
    package init(_ source: String) throws(PatternFault) {
        self.source = source
        var reader = PatternReader(source)
        var writer = ProgramWriter()
        try writer.write(try reader.expression())
        program = writer.finished()
    }

    var instructionCount: Int { program.count }

    /// Whether the pattern occurs in `text`.
    package func matches(_ text: String) -> Bool {
        var unbounded = StepBudget(left: .max)
        return matches(text, work: &unbounded)
    }

    /// Whether the pattern occurs in `text`; without meaning once `work` is exhausted.
    func matches(_ text: String, work: inout StepBudget) -> Bool {
        var scan = Scan(program: program)
        work.spend(program.count / 8 + 1)
        var characters = text.unicodeScalars.makeIterator()
        var previous: Unicode.Scalar?
        while !work.isExhausted {
            let next = characters.next()
            if scan.stand(between: previous, and: next) { return true }
            work.spend(scan.cost)
            guard let next, scan.consume(next) || !isAnchored else { return false }
            previous = next
        }
        return false
    }

    /// Whether the pattern can only match at the beginning of a text.
    private var isAnchored: Bool { program.first.map { if case .assert(.start) = $0 { true } else { false } } ?? false }
}

/// Why a text is not a regular expression that can be used.
package struct PatternFault: Error, Equatable {
    package let reason: String
}

/// One step of a compiled pattern; numbers are places in the program.
enum Instruction: Sendable {
    case accept(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case assert(Assertion)
    case match
}

enum Assertion: Sendable {
    case start, end, wordBoundary, notWordBoundary

    func holds(between previous: Unicode.Scalar?, and next: Unicode.Scalar?) -> Bool {
        switch self {
        case .start: previous == nil
        case .end: next == nil
        case .wordBoundary: isWord(previous) != isWord(next)
        case .notWordBoundary: isWord(previous) == isWord(next)
        }
    }

    private func isWord(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(ScalarSet.word.contains) ?? false }
}

/// The states that a pattern is in, all at once, while it passes over a text.
private struct Scan {
    private let program: [Instruction]
    /// Entered by the last character, what follows from them not yet drawn.
    private var entered: [Int] = []
    /// The accepting instructions that wait for the next character.
    private var waiting: [Int] = []
    /// For each instruction the last position at which it was reached.
    private var reached: [Int]
    private var position = 0
    private var pending: [Int] = []
    /// The instructions visited at this position.
    private(set) var cost = 0

    init(program: [Instruction]) {
        self.program = program
        reached = Array(repeating: -1, count: program.count)
    }

    /// Follows everything that needs no character; true if that ends the pattern.
    mutating func stand(between previous: Unicode.Scalar?, and next: Unicode.Scalar?) -> Bool {
        cost = 1
        waiting.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
        pending += entered
        pending.append(0)
        while let place = pending.popLast() {
            if reached[place] == position { continue }
            reached[place] = position
            cost += 1
            switch program[place] {
            case .accept: waiting.append(place)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .jump(let target): pending.append(target)
            case .assert(let assertion):
                if assertion.holds(between: previous, and: next) { pending.append(place + 1) }
            case .match: return true
            }
        }
        position += 1
        return false
    }

    /// Takes one character; false if no state accepts it.
    mutating func consume(_ scalar: Unicode.Scalar) -> Bool {
        entered.removeAll(keepingCapacity: true)
        for place in waiting {
            if case .accept(let set) = program[place], set.contains(scalar) { entered.append(place + 1) }
        }
        return !entered.isEmpty
    }
}
