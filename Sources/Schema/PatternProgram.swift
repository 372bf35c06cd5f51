/// A regular expression as a tree.
indirect enum Expression {
    case empty
    case accept(ScalarSet)
    case assert(Assertion)
    case sequence([Expression])
    case alternatives([Expression])
    /// From `least` to `most` times; without end if nil.
    case repeated(Expression, least: Int, most: Int?)
}

/// Turns an expression into instructions, bounded in number.
struct ProgramWriter {
    private var program: [Instruction] = []
    /// The parts written, those without instructions included: `(){9999}` nested does not get around the limit.
    private var parts = 0

    mutating func finished() -> [Instruction] {
        program.append(.match)
        return program
    }

    mutating func write(_ expression: Expression) throws(PatternFault) {
        parts += 1
        if parts > Pattern.instructionLimit || program.count > Pattern.instructionLimit {
            throw PatternFault(reason: "the pattern grows too large; count less, or use minLength and maxLength")
        }
        switch expression {
        case .empty: break
        case .accept(let set): program.append(.accept(set))
        case .assert(let assertion): program.append(.assert(assertion))
        case .sequence(let expressions): for expression in expressions { try write(expression) }
        case .alternatives(let expressions): try write(alternatives: expressions[...])
        case .repeated(let body, let least, let most): try write(body, least: least, most: most)
        }
    }

    private mutating func write(alternatives: ArraySlice<Expression>) throws(PatternFault) {
        var ends: [Int] = []
        for (index, alternative) in alternatives.enumerated() {
            guard index < alternatives.count - 1 else {
                try write(alternative)
                break
            }
            let split = reserve()
            try write(alternative)
            ends.append(reserve())
            program[split] = .split(split + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func write(_ body: Expression, least: Int, most: Int?) throws(PatternFault) {
        for _ in 0..<least { try write(body) }
        guard let most else {
            let split = reserve()
            try write(body)
            program.append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(reserve())
            try write(body)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }

    /// A place for an instruction that needs to know what comes after.
    private mutating func reserve() -> Int {
        program.append(.match)
        return program.count - 1
    }
}
