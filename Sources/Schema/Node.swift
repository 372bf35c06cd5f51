internal import JSON
internal import Text

/// A schema or a schema inside one, compiled; others are known by their place among all nodes.
struct Node: Sendable {
    /// RFC 6901: where it stands in the document.
    let pointer: String
    /// As it was written.
    let source: JSON
    /// In a fixed order, so that the same value always gets the same report.
    var checks: [Check] = []
    var isSecret = false
    /// The kinds of values that may fit, as far as `type`, `enum` and their combinations say.
    var possible = ValueKinds.any

    /// The nodes that judge the same value as this one.
    var inPlace: [Int] {
        checks.flatMap { check -> [Int] in
            switch check {
            case .reference(let target): [target]
            case .all(let nodes), .any(let nodes), .one(let nodes): nodes
            default: []
            }
        }
    }

    /// The nodes that judge what is inside the value.
    var inside: [Int] {
        checks.flatMap { check -> [Int] in
            switch check {
            case .items(let node): [node]
            case .members(let members): members.declared.compactMap(\.node) + [members.additional].compactMap(\.self)
            default: []
            }
        }
    }

    var members: Members? {
        for case .members(let members) in checks { return members }
        return nil
    }

    var items: Int? {
        for case .items(let node) in checks { return node }
        return nil
    }

    /// Whether nothing at all fits: the schema `false`.
    var isNever: Bool {
        if case .never = checks.first { true } else { false }
    }
}

/// A keyword, ready to be held against a value.
enum Check: Sendable {
    case never
    case type(ValueKinds)
    case values(Values)
    case bound(Bound)
    case multiple(Divisor, of: String)
    case length(Limits)
    case pattern(Pattern)
    case format(Format)
    case elementCount(Limits)
    case unique
    case items(Int)
    case memberCount(Limits)
    case members(Members)
    case reference(Int)
    case all([Int])
    case any([Int])
    case one([Int])
}

/// `enum` or `const`.
struct Values: Sendable {
    let keys: Set<[UInt8]>
    let kinds: ValueKinds
    let wanted: String

    init(_ values: [JSON]) {
        keys = Set(values.map(\.exactKey))
        kinds = values.reduce(into: []) { $0.formUnion(ValueKinds(of: $1)) }
        let most = 8
        let listed = values.prefix(most).map { printable($0.text, limit: 40) } + (values.count > most ? ["…"] : [])
        wanted = values.isEmpty ? "nothing" : (listed.count > 1 ? "one of " : "") + listed.joined(separator: ", ")
    }
}

/// `minimum` and its like.
struct Bound: Sendable {
    enum Relation: String, Sendable, CaseIterable {
        case atLeast = "minimum"
        case above = "exclusiveMinimum"
        case atMost = "maximum"
        case below = "exclusiveMaximum"
    }

    let relation: Relation
    let limit: Decimal
    /// For messages: the limit as the schema writes it.
    let written: String

    func admits(_ number: Decimal) -> Bool {
        switch relation {
        case .atLeast: number >= limit
        case .above: number > limit
        case .atMost: number <= limit
        case .below: number < limit
        }
    }

    var wanted: String {
        switch relation {
        case .atLeast: "a number of at least \(written)"
        case .above: "a number above \(written)"
        case .atMost: "a number of at most \(written)"
        case .below: "a number below \(written)"
        }
    }
}

/// The least and the greatest count of something.
struct Limits: Sendable {
    let least: Int?
    let most: Int?

    /// The expectation, in words, if `count` does not fit; or nil.
    func wanted(insteadOf count: Int, _ noun: String) -> String? {
        if let least, count < least { return "at least \(counted(least, noun))" }
        if let most, count > most { return "at most \(counted(most, noun))" }
        return nil
    }
}

/// `properties`, `required` and `additionalProperties` together.
struct Members: Sendable {
    struct Declared: Sendable {
        let name: String
        /// Nil if the name occurs in `required` only.
        let node: Int?
        let isRequired: Bool
    }

    /// In the order of the schema; names that only `required` has at the end.
    let declared: [Declared]
    /// For those that `declared` gives no node; nil if anything goes.
    let additional: Int?
    /// Each name's place in `declared`. Names are equal as ``JSON/Object`` and so templates see them.
    let places: [ExactText: Int]
    let requiresAny: Bool

    init(_ declared: [Declared], additional: Int?) {
        self.declared = declared
        self.additional = additional
        places = Dictionary(uniqueKeysWithValues: declared.enumerated().map { (ExactText($1.name), $0) })
        requiresAny = declared.contains(where: \.isRequired)
    }

    /// The node that judges the member of this name, if any.
    func node(for name: String) -> Int? { places[ExactText(name)].flatMap { declared[$0].node } ?? additional }
}
