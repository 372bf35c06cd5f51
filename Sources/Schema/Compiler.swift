internal import JSON
internal import Text

/// Turns a document into nodes, one for each schema in it; the document's own is the first.
struct Compiler {
    var nodes: [Node] = []
    /// The node that stands at each pointer.
    var places: [ExactText: Int] = [:]
    /// `$ref`s whose targets are found once all nodes are there.
    var references: [Reference] = []
    private var instructions = 0

    struct Reference {
        let node: Int
        let check: Int
        let text: String
    }

    /// Bounds against documents of hostile size.
    static let nodeLimit = 10_000
    static let depthLimit = 200
    static let instructionLimit = 200_000

    init(_ document: JSON) throws(SchemaFault) {
        _ = try compile(document, at: "", depth: 0)
        try resolveReferences()
        try narrowKinds(inPlaceOrder())
    }

    private func fault(_ pointer: String, _ reason: String) -> SchemaFault {
        SchemaFault(pointer: pointer, reason: reason)
    }

    private mutating func compile(_ schema: JSON, at pointer: String, depth: Int) throws(SchemaFault) -> Int {
        let index = nodes.count
        if index >= Self.nodeLimit { throw fault(pointer, "more than \(Self.nodeLimit) schemas") }
        if depth > Self.depthLimit { throw fault(pointer, "nested deeper than \(Self.depthLimit)") }
        nodes.append(Node(pointer: pointer, source: schema))
        places[ExactText(pointer)] = index
        switch schema {
        case .bool(true): break
        case .bool(false):
            nodes[index].checks = [.never]
            nodes[index].possible = []
        case .object(let object):
            try refuseForeignKeywords(object, at: pointer)
            let reading = KeywordReading(object: object, pointer: pointer)
            try reading.checkAnnotations()
            nodes[index].isSecret = try reading.flag("writeOnly")
            for definition in try reading.map("$defs") {
                _ = try compile(definition.value, at: definition.pointer, depth: depth + 1)
            }
            nodes[index].checks = try checks(reading, node: index, depth: depth)
        default: throw fault(pointer, "a schema is an object or a boolean, not \(schema.brief)")
        }
        return index
    }

    private func refuseForeignKeywords(_ object: JSON.Object, at pointer: String) throws(SchemaFault) {
        for name in object.names where !Keyword.supported.contains(name) {
            let place = "\(pointer)/\(pointerToken(name))"
            if Keyword.unsupported.contains(name) { throw fault(place, "this keyword is not supported") }
            throw fault(place, "unknown keyword" + suggestion(for: name, among: Keyword.supported.sorted()))
        }
    }

    private mutating func checks(_ reading: KeywordReading, node: Int, depth: Int) throws(SchemaFault) -> [Check] {
        var checks: [Check] = []
        if let kinds = try reading.kinds() { checks.append(.type(kinds)) }
        checks += try reading.values().map(Check.values)
        checks += try reading.bounds().map(Check.bound)
        if let (divisor, written) = try reading.divisor() { checks.append(.multiple(divisor, of: written)) }
        if let limits = try reading.limits("minLength", "maxLength") { checks.append(.length(limits)) }
        if let format = try reading.format() { checks.append(.format(format)) }
        if let pattern = try reading.pattern() {
            instructions += pattern.instructionCount
            if instructions > Self.instructionLimit {
                throw fault(reading.place("pattern"), "the patterns of this schema are too large together")
            }
            checks.append(.pattern(pattern))
        }
        if let limits = try reading.limits("minItems", "maxItems") { checks.append(.elementCount(limits)) }
        if try reading.flag("uniqueItems") { checks.append(.unique) }
        if let items = reading.object["items"] {
            if case .array = items {
                throw fault(reading.place("items"), "a list of schemas; items is one schema for all elements")
            }
            checks.append(.items(try compile(items, at: reading.place("items"), depth: depth + 1)))
        }
        if let limits = try reading.limits("minProperties", "maxProperties") { checks.append(.memberCount(limits)) }
        if let members = try members(reading, depth: depth) { checks.append(.members(members)) }
        if let text = try reading.string("$ref") {
            references.append(Reference(node: node, check: checks.count, text: text))
            checks.append(.reference(node))
        }
        if let nodes = try list("allOf", reading, depth: depth) { checks.append(.all(nodes)) }
        if let nodes = try list("anyOf", reading, depth: depth) { checks.append(.any(nodes)) }
        if let nodes = try list("oneOf", reading, depth: depth) { checks.append(.one(nodes)) }
        return checks
    }

    private mutating func members(_ reading: KeywordReading, depth: Int) throws(SchemaFault) -> Members? {
        let required = try reading.required()
        var rest = Set(required.map(ExactText.init(_:)))
        var declared: [Members.Declared] = []
        for property in try reading.map("properties") {
            let node = try compile(property.value, at: property.pointer, depth: depth + 1)
            let isRequired = rest.remove(ExactText(property.name)) != nil
            declared.append(.init(name: property.name, node: node, isRequired: isRequired))
        }
        for name in required where rest.contains(ExactText(name)) {
            declared.append(.init(name: name, node: nil, isRequired: true))
        }
        var additional: Int?
        if let schema = reading.object["additionalProperties"] {
            additional = try compile(schema, at: reading.place("additionalProperties"), depth: depth + 1)
        }
        return declared.isEmpty && additional == nil ? nil : Members(declared, additional: additional)
    }

    private mutating func list(_ keyword: String, _ reading: KeywordReading, depth: Int) throws(SchemaFault) -> [Int]? {
        guard let value = reading.object[keyword] else { return nil }
        guard case .array(let schemas) = value, !schemas.isEmpty else {
            throw fault(reading.place(keyword), "\(keyword) is a list of at least one schema")
        }
        var list: [Int] = []
        for (index, schema) in schemas.enumerated() {
            list.append(try compile(schema, at: "\(reading.place(keyword))/\(index)", depth: depth + 1))
        }
        return list
    }
}
