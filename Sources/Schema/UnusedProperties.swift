internal import JSON
package import Text

extension Schema {
    /// The properties of which `used` has no place, in the order in which they are found. What is inside an unused one
    /// is not looked at; a deprecated or forbidden one need not be used.
    ///
    /// - Parameter used: pointers as ``ValuePlace/declarations(of:)`` gives them.
    package func unusedProperties(_ used: Set<ExactText>) -> [Subschema.Property] {
        var unused: [Subschema.Property] = []
        var seen: Set<ExactText> = []
        var open = [root]
        while let schema = open.popLast() {
            guard seen.insert(ExactText(schema.pointer)).inserted else { continue }
            open += schema.allOf + schema.anyOf + schema.oneOf
            open += [schema.reference, schema.items, schema.additional].compactMap(\.self)
            for property in schema.properties {
                if used.contains(ExactText(property.pointer)) {
                    open += [property.schema].compactMap(\.self)
                } else if property.schema?.isNever != true, property.schema?["deprecated"] != true {
                    unused.append(property)
                }
            }
        }
        return unused
    }
}
