package import JSON
internal import Schema
package import Template

extension JSON {
    /// A job's object for all eyes: the `writeOnly` parameters of its template's schema are masked.
    ///
    /// For an unknown template all parameters are masked, and so are those of an object that names none.
    /// - Returns: nil if nothing is to be masked.
    package func maskingSecrets(of template: Template?) -> JSON? {
        guard var object, let params = object["params"] else { return nil }
        if let template {
            guard let schema = template.schema, schema.hasSecrets else { return nil }
            object["params"] = schema.masked(params)
        } else if let all = params.object {
            object["params"] = .object(JSON.Object(all.members.map { ($0.name, .string(Schema.mask)) }))
        } else {
            object["params"] = .string(Schema.mask)
        }
        return .object(object)
    }
}
