internal import JSON
internal import Schema

/// The sources of a template, for messages that point into them.
package struct TemplateSource: Sendable {
    /// Of its folder.
    package let path: String
    /// All names in the folder, sorted, but those that begin with a dot.
    package let names: [String]
    /// The bytes of `schema.json` and `sample.json`.
    let schema: [UInt8]?
    let sample: [UInt8]?
    /// The bytes of `view.schema.json` and `view.sample.json`.
    let viewSchema: [UInt8]?
    let viewSample: [UInt8]?

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// The finding for the place that a JSON pointer leads to in `schema.json` or `sample.json`.
    func finding(
        _ severity: Finding.Severity, in name: String, _ text: [UInt8]?, at pointer: String, _ message: String
    ) -> Finding {
        let position = text.map { JSON.position(of: pointer, in: $0) }
        return Finding(severity, path(of: name), line: position?.line, column: position?.column, message)
    }
}

extension TemplateFault {
    /// The fault of a schema that was read from `text`.
    init(_ fault: SchemaFault, file: String, text: [UInt8]) {
        let position = JSON.position(of: fault.pointer, in: text)
        self.init(file: file, line: position.line, column: position.column, reason: "\(fault)")
    }
}
