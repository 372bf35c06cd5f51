/// Why a document is not a schema that can be used, and where.
package struct SchemaFault: Error, Equatable, CustomStringConvertible {
    /// RFC 6901: the place in the schema, the wrong keyword's name included; empty for the whole.
    package let pointer: String
    package let reason: String

    /// `#/properties/name/minLenght: unknown keyword; did you mean 'minLength'?`, on one line.
    package var description: String { "#\(shown(pointer, longest: 200)): \(reason)" }
}
