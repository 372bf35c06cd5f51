package import JSON
internal import Text

/// A schema inside a document, as it is written: what a generator of types walks over.
///
/// `$ref` is not followed by itself, so that a named definition stays one and a recursion ends
/// where the walk decides; ``pointer`` tells whether it has been there.
package struct Subschema: Sendable {
    private let schema: Schema
    private let index: Int

    init(_ schema: Schema, _ index: Int) {
        self.schema = schema
        self.index = index
    }

    private var node: Node { schema.nodes[index] }

    /// RFC 6901: where it stands in the document; `/$defs/address`.
    package var pointer: String { node.pointer }

    /// A keyword as it is written: `title`, `description`, `default`, `format`, `enum`, `minimum` …
    package subscript(keyword: String) -> JSON? { node.source.object?[keyword] }

    /// Whether a value that this applies to is a secret (`writeOnly`).
    package var isSecret: Bool { node.isSecret }

    /// The kinds of values that may fit, by `type`, `enum`, `const` and what they are combined with.
    package var kinds: ValueKinds { node.possible }

    /// A property that a schema declares.
    package struct Property: Sendable {
        package let name: String
        package let isRequired: Bool
        /// Nil if only `required` names it.
        package let schema: Subschema?
        /// RFC 6901: where it is declared, in `properties` or else in `required`.
        package let pointer: String
    }

    /// The properties that `properties` and `required` list, in the document's order.
    package var properties: [Property] {
        (node.members?.declared ?? []).map { declared in
            let schema = declared.node.map(at)
            return Property(
                name: declared.name, isRequired: declared.isRequired, schema: schema,
                pointer: schema?.pointer ?? "\(pointer)/required/\(placeInRequired(declared.name))")
        }
    }

    private func placeInRequired(_ name: String) -> Int {
        self["required"]?.array?.firstIndex { $0.string?.isExactly(name) == true } ?? 0
    }

    /// The schema of properties that are not listed; nil if anything fits.
    package var additional: Subschema? { node.members?.additional.map(at) }

    /// Whether nothing fits: the schema `false`.
    package var isNever: Bool { node.isNever }

    /// The schema of each element of an array.
    package var items: Subschema? { node.items.map(at) }

    /// The target of `$ref`.
    package var reference: Subschema? {
        for case .reference(let target) in node.checks { return at(target) }
        return nil
    }

    package var allOf: [Subschema] {
        for case .all(let nodes) in node.checks { return nodes.map(at) }
        return []
    }

    package var anyOf: [Subschema] {
        for case .any(let nodes) in node.checks { return nodes.map(at) }
        return []
    }

    package var oneOf: [Subschema] {
        for case .one(let nodes) in node.checks { return nodes.map(at) }
        return []
    }

    private func at(_ index: Int) -> Subschema { Subschema(schema, index) }
}

extension Schema {
    /// The document as it was read.
    package var document: JSON { nodes[0].source }

    /// The whole document.
    package var root: Subschema { Subschema(self, 0) }

    /// The `$defs` of the whole document, in its order.
    package var definitions: [(name: String, schema: Subschema)] {
        guard let names = root["$defs"]?.object?.names else { return [] }
        return names.compactMap { name in
            let pointer = "/$defs/\(pointerToken(name))"
            return nodes.firstIndex { $0.pointer.isExactly(pointer) }.map { (name, Subschema(self, $0)) }
        }
    }
}
