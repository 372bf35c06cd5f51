internal import JSON
internal import Text

/// A place in the values that a schema describes, with everything said about it: through `$ref`,
/// `allOf`, `anyOf` and `oneOf`. What a template that goes from name to name is held against.
package struct ValuePlace: Hashable, Sendable {
    private let schema: Schema
    /// The schemas that judge the value directly; empty if the place says nothing.
    private let entries: [Int]
    private let all: [Int]

    init(_ schema: Schema, _ entries: [Int]) {
        self.schema = schema
        self.entries = entries
        all = schema.inPlaceClosure(of: entries)
    }

    /// Whether both are the same place of the one schema.
    package static func == (left: ValuePlace, right: ValuePlace) -> Bool { left.entries == right.entries }

    package func hash(into hasher: inout Hasher) { hasher.combine(entries) }

    /// All that is said, the most direct first.
    package var schemas: [Subschema] { all.map { Subschema(schema, $0) } }

    /// The kinds of values that may stand here.
    package var kinds: ValueKinds { entries.reduce(into: .any) { $0.formIntersection(schema.nodes[$1].possible) } }

    /// Whether a value here is a secret.
    package var isSecret: Bool { all.contains { schema.nodes[$0].isSecret } }

    /// The names that objects here may have and that the schema declares, in its order.
    package var names: [String] { schema.names(all) }

    /// Whether each object here that fits has a property of this name.
    package func requires(_ name: String) -> Bool {
        var known: [Int: Bool] = [:]
        return entries.contains { requires(name, by: $0, &known) }
    }

    /// RFC 6901: where the schema declares the name, in `properties` or else in `required`; nowhere if it comes
    /// under `additionalProperties`.
    package func declarations(of name: String) -> [String] {
        all.filter { schema.nodes[$0].members?.places[ExactText(name)] != nil }.flatMap { node in
            Subschema(schema, node).properties.filter { $0.name.isExactly(name) }.map(\.pointer)
        }
    }

    /// The place behind a name; nil if no schema here declares the name or describes additional ones.
    package func property(_ name: String) -> ValuePlace? {
        var isDeclared = false
        var inside: [Int] = []
        for members in all.compactMap({ schema.nodes[$0].members }) {
            if members.places[ExactText(name)] != nil { isDeclared = true }
            guard let node = members.node(for: name) else { continue }
            inside.append(node)
            if members.places[ExactText(name)] == nil, case .object = schema.nodes[node].source { isDeclared = true }
        }
        return isDeclared ? ValuePlace(schema, inside) : nil
    }

    /// The place of an array's elements; nil if nothing is said about them.
    package var element: ValuePlace? {
        let inside = schema.inside(all, .index(0))
        return inside.isEmpty ? nil : ValuePlace(schema, inside)
    }

    private func requires(_ name: String, by index: Int, _ known: inout [Int: Bool]) -> Bool {
        if let answer = known[index] { return answer }
        var answer = false
        for check in schema.nodes[index].checks where !answer {
            switch check {
            case .members(let members):
                answer = members.places[ExactText(name)].map { members.declared[$0].isRequired } ?? false
            case .reference(let target): answer = requires(name, by: target, &known)
            case .all(let all): for node in all where !answer { answer = requires(name, by: node, &known) }
            case .any(let some), .one(let some):
                answer = true
                for node in some where answer { answer = requires(name, by: node, &known) }
            default: break
            }
        }
        known[index] = answer
        return answer
    }
}

extension Schema {
    /// The place of the whole value.
    package var place: ValuePlace { ValuePlace(self, [0]) }
}
