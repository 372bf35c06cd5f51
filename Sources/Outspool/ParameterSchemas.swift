internal import JSON
internal import Linux
internal import Schema

/// The schemas that types of jobs carry, once they were read.
enum ParameterSchemas {
    private static let known = Monitor<[ObjectIdentifier: Result<Schema, SchemaFault>]>([:])

    /// The schema of a type; nil if it has none, a failure if its text is not a schema.
    static func schema(of type: any TypedJob.Type) -> Result<Schema, SchemaFault>? {
        guard let text = type.schema else { return nil }
        return known.withLock { known in
            if let schema = known[ObjectIdentifier(type)] { return schema }
            let schema = Result { () throws(SchemaFault) in
                let document: JSON
                do throws(JSONError) { document = try JSON(parsing: Array(text.utf8)) } catch {
                    throw SchemaFault(pointer: "", reason: error.reason)
                }
                return try Schema(parsing: document)
            }
            known[ObjectIdentifier(type)] = schema
            return schema
        }
    }

    /// Throws for the first place where parameters do not fit; secrets are not told.
    static func judge(_ params: JSON, by schema: Result<Schema, SchemaFault>) throws(SubmitError) {
        switch schema {
        case .failure(let fault): throw .invalid(field: "/params", reason: "the type's schema cannot be used: \(fault)")
        case .success(let schema):
            guard let violation = schema.validate(params).first else { return }
            throw .invalid(
                field: "/params" + violation.pointer, reason: "expected \(violation.expected), found \(violation.found)"
            )
        }
    }
}
