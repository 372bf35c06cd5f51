package import Linux
internal import Text

/// A mistake in a template's files, and where.
package struct TemplateFault: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1; nil when the fault is that of a whole file or folder.
    package let line: Int?
    /// From 1, in bytes; nil when the fault is that of a whole line.
    package let column: Int?
    /// One line: what it quotes of a template is made printable.
    package let reason: String

    init(file: String, line: Int? = nil, column: Int? = nil, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = printable(reason)
    }

    init(file: String, _ position: Mustache.Position, _ reason: String) {
        self.init(file: file, line: position.line, column: position.column, reason: reason)
    }

    /// `etc/templates/hello/text.mustache:3:7: section 'items' is not closed`
    package var description: String {
        let place = [line, column].compactMap(\.self).reduce(file) { "\($0):\($1)" }
        return "\(place): \(reason)"
    }
}

/// The limit that one job's parameters made a template exceed.
package enum RenderLimit: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes of one part.
    case output(Int)
    /// How deep sections, partials and blocks are nested in each other.
    case depth(Int)
    /// Tags rendered and names compared: what bounds the time.
    case steps(Int)

    package var description: String {
        switch self {
        case .output(let limit): "larger than \(limit) bytes"
        case .depth(let limit): "nested deeper than \(limit)"
        case .steps(let limit): "more than \(limit) steps"
        }
    }
}

/// Why a template gives no mail.
package enum TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The template is missing, or the text cannot be a name.
    case unknown(String)
    /// The template's files have a mistake; no job can be rendered until they are repaired.
    case broken(TemplateFault)
    /// A file could not be read for a reason of the system.
    case unreadable(file: String, Errno)
    /// The parameters of this job are at fault.
    case exceeded(RenderLimit, part: String)

    package var description: String {
        switch self {
        case .unknown(let name): "unknown template '\(name.prefix(200))'"
        case .broken(let fault): fault.description
        case .unreadable(let file, let error): "\(file): \(error)"
        case .exceeded(let limit, let part): "\(part): \(limit)"
        }
    }
}
