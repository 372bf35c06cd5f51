package import JSON
internal import Text

/// A JSON Schema (draft 2020-12, the part that the parameters of a mail need), compiled once and
/// held against many values.
///
/// It does no I/O. Neither a document nor a value, as the reader of JSON lets them in, can make it
/// run or recurse without bound, or trap. What it does not know it refuses: no keyword is ignored.
package struct Schema: Sendable {
    let nodes: [Node]
    /// For each node, whether it or one that it leads to is `writeOnly`.
    let leadsToSecret: [Bool]

    /// How many violations are reported of one value.
    package static let violationLimit = 10

    /// The steps of a few nanoseconds that one value may cost: some tenths of a second.
    static let workLimit = 20_000_000

    /// Compiles a document, or throws the first place where it is not a schema that can be used.
    package init(parsing document: JSON) throws(SchemaFault) {
        let compiler = try Compiler(document)
        nodes = compiler.nodes
        leadsToSecret = Self.leadingToSecret(compiler.nodes)
    }

    /// Where `value` does not fit, at most ``violationLimit`` places; empty if it fits.
    ///
    /// The same value always gets the same answer. A value that costs too much to judge, or
    /// leads the schema's recursion too deep, gets a violation that says so.
    package func validate(_ value: JSON) -> [Violation] { validate(value, work: Self.workLimit) }

    func validate(_ value: JSON, work: Int) -> [Violation] {
        var validator = Validator(nodes: nodes, limit: Self.violationLimit, work: work)
        validator.check(value, against: 0)
        if let surrender = validator.surrender {
            return [worded(.init(steps: [], value: value, expected: surrender))]
        }
        return validator.findings.map(worded)
    }

    /// The contents of a secret are not told, nor the names on the way.
    private func worded(_ finding: Validator.Finding) -> Violation {
        let secret = secretDepth(finding.steps)
        return Violation(
            pointer: pointer(finding.steps.prefix(secret ?? .max)), expected: finding.expected,
            found: secret == nil ? finding.found ?? finding.value.brief : "a secret")
    }
}

/// Why a document is not a schema that can be used, and where.
package struct SchemaFault: Error, Equatable, CustomStringConvertible {
    /// RFC 6901: the place in the schema, the wrong keyword's name included; empty for the whole.
    package let pointer: String
    package let reason: String

    package init(pointer: String, reason: String) {
        self.pointer = pointer
        self.reason = reason
    }

    /// `#/properties/name/minLenght: unknown keyword; did you mean 'minLength'?`, on one line.
    package var description: String { "#\(printable(pointer, limit: 200)): \(reason)" }
}

/// How much may still be done for one value, in steps of a few nanoseconds.
///
/// A schema that branches and refers to itself, or a pattern of thousands of states over a long
/// text, could keep the daemon's one thread busy for hours; when the steps are used up the
/// value is refused instead.
struct StepBudget {
    private(set) var left: Int

    var isExhausted: Bool { left <= 0 }

    mutating func spend(_ steps: Int) { left -= min(steps, left) }
}
