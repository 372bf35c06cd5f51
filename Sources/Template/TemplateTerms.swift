package import JSON
package import Schema

extension Template {
    /// The rules of a template for its jobs, apart from its texts.
    package struct Terms: Sendable {
        package let name: String
        /// `schema.json`: what the parameters have to be.
        package let schema: Schema?
        /// Whether its jobs are programs that are run, and no mails.
        package let isTask: Bool

        /// The violations of the template's schema by a job's parameters; empty if they fit, or without a schema.
        package func violations(of params: JSON.Object) -> [Violation] { schema?.validate(.object(params)) ?? [] }

        /// Why a job's parameters do not fit, in one line with JSON pointers into the job; nil if they do.
        package func objection(to params: JSON.Object) -> String? {
            let violations = violations(of: params)
            if violations.isEmpty { return nil }
            return "the parameters do not fit \(name): "
                + violations.map { $0.description(below: "/params") }.joined(separator: "; ")
        }
    }
}
