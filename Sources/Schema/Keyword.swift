internal import JSON
internal import Text

/// The vocabulary of JSON Schema 2020-12, as far as the parameters of a mail need it.
enum Keyword {
    static let supported: Set = [
        "$schema", "$id", "$defs", "$ref", "$comment", "title", "description", "default", "examples", "deprecated",
        "writeOnly", "type", "enum", "const", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
        "multipleOf", "minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "items",
        "minProperties", "maxProperties", "properties", "required", "additionalProperties", "allOf", "anyOf", "oneOf",
    ]

    /// Known to the standard; ignoring one would let through what its author forbids.
    static let unsupported: Set = [
        "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary", "readOnly", "not", "if", "then", "else",
        "prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems", "patternProperties",
        "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "contentEncoding",
        "contentMediaType", "contentSchema", "definitions", "dependencies", "additionalItems",
    ]

    /// The accepted values of `$schema`.
    static let dialects = [
        "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#",
    ]
}

/// Reads the keywords of one schema that hold no schemas themselves.
struct KeywordReading {
    let object: JSON.Object
    let pointer: String

    func place(_ keyword: String) -> String { "\(pointer)/\(keyword)" }

    private func fault(_ keyword: String, _ reason: String) -> SchemaFault {
        SchemaFault(pointer: place(keyword), reason: reason)
    }

    func string(_ keyword: String) throws(SchemaFault) -> String? {
        guard let value = object[keyword] else { return nil }
        guard case .string(let text) = value else { throw fault(keyword, "\(keyword) is a string, not \(value.brief)") }
        return text
    }

    func flag(_ keyword: String) throws(SchemaFault) -> Bool {
        guard let value = object[keyword] else { return false }
        guard case .bool(let flag) = value else { throw fault(keyword, "\(keyword) is a boolean, not \(value.brief)") }
        return flag
    }

    /// The members of a keyword that maps names to schemas.
    func map(_ keyword: String) throws(SchemaFault) -> [(name: String, value: JSON, pointer: String)] {
        guard let value = object[keyword] else { return [] }
        guard case .object(let map) = value else {
            throw fault(keyword, "\(keyword) is an object of schemas, not \(value.brief)")
        }
        return map.members.map { ($0.name, $0.value, "\(place(keyword))/\(pointerToken($0.name))") }
    }

    /// Checks what says nothing about values, and that `$schema` and `$id` change nothing.
    func checkAnnotations() throws(SchemaFault) {
        for keyword in ["title", "description", "$comment"] { _ = try string(keyword) }
        _ = try flag("deprecated")
        if let examples = object["examples"], examples.array == nil {
            throw fault("examples", "examples is a list, not \(examples.brief)")
        }
        if let dialect = try string("$schema") {
            if !pointer.isEmpty { throw fault("$schema", "$schema belongs to the whole document only") }
            guard Keyword.dialects.contains(dialect) else {
                throw fault("$schema", "only \(Keyword.dialects[0]) is supported")
            }
        }
        if let name = try string("$id") {
            // Further inside it would change what `#` means.
            if !pointer.isEmpty { throw fault("$id", "$id belongs to the whole document only") }
            if name.utf8.contains(UInt8(ascii: "#")) { throw fault("$id", "$id has no fragment") }
        }
    }

    func kinds() throws(SchemaFault) -> ValueKinds? {
        guard let value = object["type"] else { return nil }
        let names = value.array ?? [value]
        if names.isEmpty { throw fault("type", "type lists nothing, so nothing fits") }
        var kinds: ValueKinds = []
        var seen: Set<ExactText> = []
        for name in names {
            guard case .string(let name) = name, let kind = ValueKinds.names.first(where: { $0.name == name })?.kind
            else {
                let known = ValueKinds.names.map(\.name)
                let hint = suggestion(for: name.string ?? "", among: known)
                throw fault("type", "\(name.brief) is not one of \(known.joined(separator: ", "))" + hint)
            }
            guard seen.insert(ExactText(name)).inserted else { throw fault("type", "\(name) occurs twice") }
            kinds.formUnion(kind)
        }
        return kinds
    }

    func values() throws(SchemaFault) -> [Values] {
        var result: [Values] = []
        if let value = object["enum"] {
            guard case .array(let values) = value else {
                throw fault("enum", "enum is a list of values, not \(value.brief)")
            }
            let known = Values(values)
            if known.keys.count < values.count { throw fault("enum", "a value occurs twice") }
            result.append(known)
        }
        if let value = object["const"] { result.append(Values([value])) }
        return result
    }

    private func number(_ keyword: String) throws(SchemaFault) -> (decimal: Decimal, written: String)? {
        guard let value = object[keyword] else { return nil }
        guard case .number(let number) = value else {
            throw fault(keyword, "\(keyword) is a number, not \(value.brief)")
        }
        guard let decimal = Decimal(number) else {
            throw fault(keyword, "an exponent beyond ±\(Decimal.exponentLimit)")
        }
        return (decimal, printable(number.text, limit: 40))
    }

    func bounds() throws(SchemaFault) -> [Bound] {
        var bounds: [Bound] = []
        for relation in Bound.Relation.allCases {
            guard let (limit, written) = try number(relation.rawValue) else { continue }
            bounds.append(Bound(relation: relation, limit: limit, written: written))
        }
        return bounds
    }

    func divisor() throws(SchemaFault) -> (Divisor, written: String)? {
        guard let (decimal, written) = try number("multipleOf") else { return nil }
        guard let divisor = Divisor(decimal) else {
            throw fault("multipleOf", "multipleOf is above 0 and has at most 18 digits, unlike \(written)")
        }
        return (divisor, written)
    }

    func limits(_ least: String, _ most: String) throws(SchemaFault) -> Limits? {
        let limits = Limits(least: try count(least), most: try count(most))
        return limits.least == nil && limits.most == nil ? nil : limits
    }

    private func count(_ keyword: String) throws(SchemaFault) -> Int? {
        guard let (decimal, written) = try number(keyword) else { return nil }
        guard let count = decimal.int, count >= 0 else {
            throw fault(keyword, "\(keyword) is a whole number from 0 of at most 18 digits, not \(written)")
        }
        return count
    }

    func format() throws(SchemaFault) -> Format? {
        guard let name = try string("format") else { return nil }
        if let format = Format(rawValue: name) { return format }
        let known = Format.allCases.map(\.rawValue)
        throw fault("format", "unknown format \"\(printable(name, limit: 40))\"" + suggestion(for: name, among: known))
    }

    func pattern() throws(SchemaFault) -> Pattern? {
        guard let source = try string("pattern") else { return nil }
        do throws(PatternFault) {
            return try Pattern(source)
        } catch {
            throw fault("pattern", error.reason)
        }
    }

    func required() throws(SchemaFault) -> [String] {
        guard let value = object["required"] else { return [] }
        guard case .array(let elements) = value else {
            throw fault("required", "required is a list of names, not \(value.brief)")
        }
        var names: [String] = []
        var seen: Set<ExactText> = []
        for (index, element) in elements.enumerated() {
            guard case .string(let name) = element else {
                throw fault("required/\(index)", "a name is a string, not \(element.brief)")
            }
            guard seen.insert(ExactText(name)).inserted else {
                throw fault("required/\(index)", "this name occurs twice")
            }
            names.append(name)
        }
        return names
    }
}
