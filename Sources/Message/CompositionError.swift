/// Why a message cannot be composed: the job or the template is at fault.
package struct CompositionError: Error, Equatable, CustomStringConvertible {
    /// The job's field, such as `subject` or `attachments[2]`.
    package let field: String
    package let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    /// One line, `headers: "To": has a field of its own, to`; what is untrusted in it is quoted.
    package var description: String { "\(field): \(reason)" }
}
