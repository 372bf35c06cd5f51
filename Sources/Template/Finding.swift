package import JSON
internal import Text

/// A finding about a template's files, and its place.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Sendable {
        /// The template cannot do what it says.
        case error
        /// It probably does not mean what it says.
        case warning
    }

    package let severity: Severity
    package let file: String
    /// From 1; nil when it concerns a whole file or folder.
    package let line: Int?
    /// From 1, in bytes; nil when it concerns a whole line.
    package let column: Int?
    package let message: String
    /// The name that was probably meant.
    package let suggestion: String?
    /// Which template it was found in, where the file does not say: partials and layouts belong to many.
    package var template: String?

    package init(
        _ severity: Severity, _ file: String, line: Int? = nil, column: Int? = nil, _ message: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }

    init(
        _ severity: Severity, _ file: String, _ position: Mustache.Position, _ message: String,
        suggestion: String? = nil
    ) {
        self.init(severity, file, line: position.line, column: position.column, message, suggestion: suggestion)
    }

    package init(_ fault: TemplateFault) {
        self.init(.error, fault.file, line: fault.line, column: fault.column, fault.reason)
    }

    /// `etc/templates/hello/text.mustache:3:7: error: 'nmae' is not declared in schema.json; did you mean 'name'?`, as
    /// compilers write it and editors read it. Printable, on one line.
    package var description: String {
        let place = [line, column].compactMap(\.self).reduce(file) { "\($0):\($1)" }
        let guess = suggestion.map { "; did you mean '\($0)'?" } ?? ""
        return printable("\(place): \(severity.rawValue): \(message)\(guess)\(template.map { " [\($0)]" } ?? "")")
    }

    /// The finding for programs: only `severity`, `file` and `message` are always there.
    package var json: JSON {
        var object = JSON.Object([("severity", .string(severity.rawValue)), ("file", .string(file))])
        object["line"] = line.map { .number(.init($0)) }
        object["column"] = column.map { .number(.init($0)) }
        object["message"] = .string(message)
        object["suggestion"] = suggestion.map(JSON.string)
        object["template"] = template.map(JSON.string)
        return .object(object)
    }
}

extension [Finding] {
    /// By file, line and column, what concerns a whole file first; each place and message once.
    package func sorted() -> [Finding] {
        var seen: Set<Finding> = []
        return filter { finding in
            seen.insert(Finding(.error, finding.file, line: finding.line, column: finding.column, finding.message))
                .inserted
        }.sorted { ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0) }
    }
}
