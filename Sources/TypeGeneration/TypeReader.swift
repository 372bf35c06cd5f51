internal import JSON
package import Schema
internal import Text

extension TemplateTypes {
    /// The types that the parameters of a template need; without a schema, any object will do.
    package init(template name: String, schema: Schema?) {
        self.name = name
        self.schema = schema.map { String(decoding: $0.document.encoded, as: UTF8.self) }
        guard let schema else {
            declarations = [
                Declaration(
                    path: [], remarks: Remarks("The template has no schema.json: any parameters."),
                    kind: .whole(.map(.any)))
            ]
            return
        }
        var reader = TypeReader(templateName: name)
        declarations = reader.read(schema)
    }
}

/// Walks over a schema once and names what needs a name.
///
/// Where a value may be more than a type can tell, the type allows more: the daemon holds
/// every job against the schema itself.
private struct TypeReader {
    let templateName: String
    /// Nil for one whose inside is still being read.
    private var declarations: [Declaration?] = [nil]
    /// By pointer: types that have a name, finished or not.
    private var known: [ExactText: Shape] = ["": .named(0)]
    /// Pointers of what is being read and has no name yet.
    private var open: Set<ExactText> = []
    /// By pointer: places of what a recursion led back to while it was being read, and so needs a name.
    private var reserved: [ExactText: Int] = [:]

    init(templateName: String) { self.templateName = templateName }

    mutating func read(_ schema: Schema) -> [Declaration] {
        let root = schema.root
        let remarks = Remarks(root, name: templateName)
        // Definitions that no property leads to are left out.
        if let parts = objectParts(root), case .object(let fields, let rest)? = object(parts) {
            declarations[0] = Declaration(path: [], remarks: remarks, kind: .object(fields, rest: rest))
        } else {
            // Parameters are always an object.
            var shape = unnamed(root)
            if case .nullable(let inner) = shape { shape = inner }
            if shape == .any { shape = .map(.any) }
            declarations[0] = Declaration(path: [], remarks: remarks, kind: .whole(shape))
        }
        return TemplateTypes.reachable(declarations)
    }

    private mutating func shape(_ schema: Subschema) -> Shape {
        if let known = known[ExactText(schema.pointer)] { return known }
        guard open.insert(ExactText(schema.pointer)).inserted else { return reserve(schema) }
        defer { open.remove(ExactText(schema.pointer)) }
        let shape = unnamed(schema)
        guard let place = reserved[ExactText(schema.pointer)] else { return shape }
        if declarations[place] == nil {
            var member = shape
            if case .nullable(let inner) = shape { member = inner }
            declarations[place] = declaration(schema, names(to: schema.pointer), .union([member]))
        }
        return known[ExactText(schema.pointer)] ?? shape
    }

    /// Names what is being read, because something inside it leads back to it.
    private mutating func reserve(_ schema: Subschema) -> Shape {
        let place = declarations.count
        declarations.append(nil)
        reserved[ExactText(schema.pointer)] = place
        return remember(place, at: schema)
    }

    private mutating func remember(_ place: Int, at schema: Subschema) -> Shape {
        let canBeNull = schema.kinds != .any && schema.kinds.contains(.null)
        let shape = canBeNull ? Shape.nullable(.named(place)) : .named(place)
        known[ExactText(schema.pointer)] = shape
        return shape
    }

    private func declaration(_ schema: Subschema, _ path: [String], _ kind: Declaration.Kind) -> Declaration {
        Declaration(path: path, remarks: Remarks(schema, name: path.last ?? ""), kind: kind)
    }

    private mutating func unnamed(_ schema: Subschema) -> Shape {
        if schema.isNever { return .any }
        if let target = delegate(of: schema) { return shape(target) }
        if let shape = values(schema) { return shape }
        if let parts = objectParts(schema), schema.kinds.isSubset(of: [.object, .null]) || schema.kinds == .any {
            let shape = objectShape(parts, of: schema)
            return schema.kinds.contains(.null) && schema.kinds != .any ? .nullable(shape) : shape
        }
        let alternatives = schema.anyOf + schema.oneOf
        if !alternatives.isEmpty {
            let shapes = alternatives.map { shape($0) }
            if !shapes.contains(.any) { return union(shapes, of: schema) }
        }
        return byKinds(schema)
    }

    /// The schema that says all that this one says but remarks and bounds.
    private func delegate(of schema: Subschema) -> Subschema? {
        let own = ["properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "oneOf"]
        guard own.allSatisfy({ schema[$0] == nil }) else { return nil }
        let targets = [schema.reference].compactMap(\.self) + schema.allOf
        return targets.count == 1 ? targets[0] : nil
    }

    // MARK: Values

    private mutating func values(_ schema: Subschema) -> Shape? {
        guard let all = schema["const"].map({ [$0] }) ?? schema["enum"]?.array else { return nil }
        let values = all.filter { $0 != .null }
        let shape: Shape
        let strings = values.compactMap(\.string)
        if values.isEmpty {
            return .null
        } else if strings.count == values.count {
            shape = declare(schema) { _ in .choice(strings) }
        } else if values.allSatisfy({ $0.int != nil }) {
            shape = .values(values, of: .integer)
        } else if values.allSatisfy({ $0.bool != nil }) {
            shape = .values(values, of: .boolean)
        } else {
            return nil
        }
        return values.count < all.count ? .nullable(shape) : shape
    }

    private mutating func byKinds(_ schema: Subschema) -> Shape {
        let kinds = schema.kinds
        if kinds == .any, schema.items == nil { return .any }
        if kinds == .any { return .list(schema.items.map { shape($0) } ?? .any) }
        var shapes: [Shape] = []
        if kinds.contains(.boolean) { shapes.append(.boolean) }
        if kinds.contains(.fraction) {
            shapes.append(.number)
        } else if kinds.contains(.integer) {
            shapes.append(.integer)
        }
        if kinds.contains(.string) { shapes.append(.string) }
        if kinds.contains(.array) { shapes.append(.list(schema.items.map { shape($0) } ?? .any)) }
        if kinds.contains(.object) {
            shapes.append(objectParts(schema).map { objectShape($0, of: schema) } ?? .map(.any))
        }
        if kinds.contains(.null) { shapes.append(.null) }
        return union(shapes, of: schema)
    }

    /// The union of these shapes: null is taken out, unions in it are opened, duplicates are dropped.
    private mutating func union(_ shapes: [Shape], of schema: Subschema) -> Shape {
        var members: [Shape] = []
        var isNullable = false
        var rest = shapes[...]
        while let shape = rest.popFirst() {
            switch shape {
            case .null: isNullable = true
            case .nullable(let inner):
                isNullable = true
                rest.insert(inner, at: rest.startIndex)
            case .named(let place):
                if case .union(let inner)? = declarations[place]?.kind { rest = inner + rest } else { fallthrough }
            default: if !members.contains(shape) { members.append(shape) }
            }
        }
        let shape: Shape
        switch members.count {
        case 0: return isNullable ? .null : .any
        case 1: shape = members[0]
        default: shape = declare(schema, "choice") { _ in .union(members) }
        }
        return isNullable ? .nullable(shape) : shape
    }

    // MARK: Objects

    /// All that is said of the object itself, the most direct first; nil if it is not said to have names.
    private func objectParts(_ schema: Subschema) -> [Subschema]? {
        var parts: [Subschema] = []
        var rest = [schema][...]
        while let part = rest.popFirst() {
            parts.append(part)
            rest = ([part.reference].compactMap(\.self) + part.allOf) + rest
        }
        return parts.contains { !$0.properties.isEmpty || $0["additionalProperties"] != nil } ? parts : nil
    }

    private mutating func objectShape(_ parts: [Subschema], of schema: Subschema) -> Shape {
        let isClosed = parts.contains { $0.additional?.isNever == true }
        if parts.allSatisfy(\.properties.isEmpty), !isClosed {
            return .map(parts.compactMap(\.additional).first.map { shape($0) } ?? .any)
        }
        return declare(schema, "object") { $0.object(parts) ?? .object([], rest: nil) }
    }

    private mutating func object(_ parts: [Subschema]) -> Declaration.Kind? {
        let properties = parts.flatMap(\.properties)
        let additional = parts.compactMap(\.additional).first
        if properties.isEmpty, additional?.isNever != true { return nil }
        var names: Set<ExactText> = []
        var fields: [Declaration.Field] = []
        for property in properties where names.insert(ExactText(property.name)).inserted {
            let same = properties.filter { $0.name.isExactly(property.name) }
            let isRequired = same.contains(where: \.isRequired)
            let schema = same.compactMap(\.schema).first
            // The schema false: a property that must not be there.
            if schema?.isNever == true, !isRequired { continue }
            fields.append(
                Declaration.Field(
                    name: property.name, shape: schema.map { shape($0) } ?? .any, isRequired: isRequired,
                    remarks: schema.map { Remarks($0, name: property.name) } ?? .none))
        }
        let rest = additional.flatMap { $0.isNever ? nil : shape($0) }
        return .object(fields, rest: rest)
    }

    // MARK: Names

    /// Gives the type at a schema its place before its inside is read, which may lead back to it.
    ///
    /// - Parameter part: tells several types at one schema apart.
    private mutating func declare(
        _ schema: Subschema, _ part: String = "", _ kind: (inout TypeReader) -> Declaration.Kind
    ) -> Shape {
        var path = names(to: schema.pointer)
        let place: Int
        // The parameters themselves are called like the template, and an object that is one kind among several has
        // their union next to it.
        if path.isEmpty || (part == "object" && schema.kinds != .any && !schema.kinds.isSubset(of: [.object, .null])) {
            path.append(part)
            place = declarations.count
            declarations.append(nil)
        } else if let reserved = reserved[ExactText(schema.pointer)] {
            place = reserved
        } else {
            place = declarations.count
            declarations.append(nil)
            _ = remember(place, at: schema)
        }
        let kind = kind(&self)
        declarations[place] = declaration(schema, path, kind)
        return .named(place)
    }

    /// The names that a pointer leads through; a definition's own name is the first.
    private func names(to pointer: String) -> [String] {
        var names: [String] = []
        var tokens = pointer.pieces(at: "/").dropFirst()
        while let keyword = tokens.popFirst() {
            switch keyword {
            case "$defs": names = [plain(tokens.popFirst())]
            case "properties": names.append(plain(tokens.popFirst()))
            case "items": names.append("item")
            case "additionalProperties": names.append("value")
            default: names.append("option\((tokens.popFirst().flatMap { Int($0) } ?? 0) + 1)")
            }
        }
        return names
    }

    /// A token of a pointer as the name it stands for (RFC 6901, section 4).
    private func plain(_ token: Substring?) -> String {
        var name = String.UnicodeScalarView()
        var rest = (token ?? "").unicodeScalars
        while let scalar = rest.popFirst() {
            if scalar == "~", let code = rest.popFirst() {
                name.append(code == "1" ? "/" : "~")
            } else {
                name.append(scalar)
            }
        }
        return String(name)
    }
}
