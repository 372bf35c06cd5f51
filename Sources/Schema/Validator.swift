internal import JSON
internal import Text

/// Holds one value against the nodes of a schema and collects where it does not fit.
struct Validator {
    /// A violation before it is worded: it may concern a secret.
    struct Finding {
        let steps: [Step]
        let value: JSON
        let expected: String
        /// Words about the value, if not the value itself.
        var found: String?
    }

    private let nodes: [Node]
    private(set) var findings: [Finding] = []
    private var limit: Int
    private var work: StepBudget
    private var steps: [Step] = []
    private var depth = 0
    private var isTooDeep = false

    /// A mail's parameters nest at most a hundred deep; what recurses more is the schema's doing.
    static let depthLimit = 600

    init(nodes: [Node], limit: Int, work: Int) {
        self.nodes = nodes
        self.limit = limit
        self.work = StepBudget(left: work)
    }

    /// Why the value could not be judged to the end; then what was found so far does not tell.
    var surrender: String? {
        if isTooDeep { return "a value that nests less deeply" }
        return work.isExhausted ? "a value that can be checked with less work" : nil
    }

    private var isDone: Bool { findings.count >= limit || isTooDeep || work.isExhausted }

    private mutating func report(_ value: JSON, _ expected: String, found: String? = nil) {
        if isDone { return }
        work.spend(steps.count)
        findings.append(Finding(steps: steps, value: value, expected: expected, found: found))
    }

    mutating func check(_ value: JSON, against node: Int) {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit { isTooDeep = true }
        work.spend(4)
        for check in nodes[node].checks {
            if isDone { return }
            switch check {
            case .type(let kinds):
                // What the other keywords say is about values of that type.
                if !kinds.admits(value) { return report(value, kinds.wanted) }
            case .never: report(value, "nothing")
            case .values(let values): self.check(value, among: values)
            case .reference(let target): self.check(value, against: target)
            case .all(let all): for node in all { self.check(value, against: node) }
            case .any(let some): self.check(value, againstAny: some)
            case .one(let some): self.check(value, againstOne: some)
            default:
                switch value {
                case .number(let number): self.check(number, check)
                case .string(let text): self.check(text, check)
                case .array(let elements): self.check(elements, check)
                case .object(let object): self.check(object, check)
                case .null, .bool: break
                }
            }
        }
    }

    private mutating func check(_ value: JSON, among values: Values) {
        // A large value need not be copied to see that it is not one of a few words.
        if !values.kinds.isDisjoint(with: ValueKinds(of: value)) {
            let key = value.exactKey
            work.spend(key.count)
            if values.keys.contains(key) { return }
        }
        report(value, values.wanted)
    }

    private mutating func check(_ number: JSON.Number, _ check: Check) {
        switch check {
        case .bound, .multiple: break
        default: return
        }
        work.spend(number.text.utf8.count)
        guard let decimal = Decimal(number) else {
            return report(.number(number), "a number with an exponent within ±\(Decimal.exponentLimit)")
        }
        switch check {
        case .bound(let bound): if !bound.admits(decimal) { report(.number(number), bound.wanted) }
        case .multiple(let divisor, let written):
            if !divisor.divides(decimal) { report(.number(number), "a multiple of \(written)") }
        default: break
        }
    }

    private mutating func check(_ text: String, _ check: Check) {
        switch check {
        case .length(let limits):
            work.spend(text.utf8.count / 8)
            let count = text.unicodeScalars.count
            if let wanted = limits.wanted(insteadOf: count, "character") {
                report(.string(text), wanted, found: "\(JSON.string(text).brief) of \(counted(count, "character"))")
            }
        case .pattern(let pattern):
            if !pattern.matches(text, work: &work) {
                report(.string(text), "a string that matches \(printable(pattern.source, limit: 100))")
            }
        case .format(let format):
            work.spend(text.utf8.count)
            if !format.fits(text) { report(.string(text), format.wanted) }
        default: break
        }
    }

    private mutating func check(_ elements: [JSON], _ check: Check) {
        switch check {
        case .elementCount(let limits):
            if let wanted = limits.wanted(insteadOf: elements.count, "element") { report(.array(elements), wanted) }
        case .unique:
            var first: [[UInt8]: Int] = [:]
            for (index, element) in elements.enumerated() {
                let key = element.exactKey
                work.spend(key.count)
                if let twin = first.updateValue(index, forKey: key) {
                    return report(
                        .array(elements), "elements that all differ", found: "elements \(twin) and \(index) equal")
                }
                if isDone { return }
            }
        case .items(let node):
            for (index, element) in elements.enumerated() where !isDone {
                enter(.index(index), element, node)
            }
        default: break
        }
    }

    private mutating func check(_ object: JSON.Object, _ check: Check) {
        switch check {
        case .memberCount(let limits):
            if let least = limits.least, object.count < least {
                report(.object(object), "at least \(least) \(least == 1 ? "property" : "properties")")
            }
            if let most = limits.most, object.count > most {
                report(.object(object), "at most \(most) \(most == 1 ? "property" : "properties")")
            }
        case .members(let members): self.check(object, members)
        default: break
        }
    }

    private mutating func check(_ object: JSON.Object, _ members: Members) {
        work.spend(object.count + members.declared.count)
        if members.requiresAny {
            var isThere = Array(repeating: false, count: members.declared.count)
            for member in object.members {
                if let place = members.places[ExactText(member.name)] { isThere[place] = true }
            }
            for (declared, isThere) in zip(members.declared, isThere) where declared.isRequired && !isThere {
                report(
                    .object(object), "a property '\(printable(declared.name, limit: 60))'",
                    found: "\(JSON.object(object).brief) without it")
            }
        }
        for member in object.members where !isDone {
            guard let node = members.node(for: member.name) else { continue }
            if node == members.additional, nodes[node].isNever {
                let names = members.declared.map(\.name)
                work.spend(names.count * 500)
                steps.append(.name(member.name))
                report(member.value, Violation.unlisted + suggestion(for: member.name, among: names))
                steps.removeLast()
            } else {
                enter(.name(member.name), member.value, node)
            }
        }
    }

    private mutating func enter(_ step: Step, _ value: JSON, _ node: Int) {
        steps.append(step)
        check(value, against: node)
        steps.removeLast()
    }
}

extension Validator {
    /// The first thing that is wrong with `value`, or nil; what was found so far stays as it is.
    private mutating func firstFinding(_ value: JSON, against node: Int) -> Finding? {
        let outer = (findings, limit)
        (findings, limit) = ([], 1)
        defer { (findings, limit) = outer }
        check(value, against: node)
        return findings.first
    }

    private mutating func check(_ value: JSON, againstAny nodes: [Int]) {
        var misses: [Finding] = []
        for node in nodes {
            guard let miss = firstFinding(value, against: node) else { return }
            misses.append(miss)
        }
        report(misses, of: value)
    }

    private mutating func check(_ value: JSON, againstOne nodes: [Int]) {
        var misses: [Finding] = []
        var hits = 0
        for node in nodes where hits < 2 {
            if let miss = firstFinding(value, against: node) { misses.append(miss) } else { hits += 1 }
        }
        if hits == 0 { report(misses, of: value) }
        if hits > 1 { report(value, "a value that fits only one of \(nodes.count) alternatives") }
    }

    /// Reports the alternative that came furthest into the value, or what all of them want.
    private mutating func report(_ misses: [Finding], of value: JSON) {
        if isDone { return }
        if let deepest = misses.max(by: { $0.steps.count < $1.steps.count }), deepest.steps.count > steps.count {
            findings.append(deepest)
            return
        }
        var wanted: [String] = []
        for miss in misses where !wanted.contains(miss.expected) && wanted.count < 4 { wanted.append(miss.expected) }
        report(value, wanted.joined(separator: ", or "))
    }
}
