internal import CProducers
internal import JSON

/// The producer, and a class for each template with those of its parameters.
func phpFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    var source = Source(indentation: 4)
    source.line("<?php")
    source.line("// \(origin)")
    // The first line of the producer is the one above.
    source.copy(bytes(producer_outspool_php()).drop { $0 != UInt8(ascii: "\n") }.dropFirst())
    let names = flatNames(templates, reserved: PHPWords.types)
    for (template, names) in zip(templates, names) {
        PHPTypes(template: template, names: names).write(to: &source)
    }
    let schemas = templates.filter { $0.schema != nil }
    if !schemas.isEmpty {
        source.line()
        source.block("Spool::know([", "]);") { source in
            for template in schemas {
                source.line("\(phpLiteral(template.name)) => \(phpLiteral(template.schema ?? "")),")
            }
        }
    }
    // Nothing may come before their `<?php`: it would be output.
    let parts = [
        ("outspool_job.php", bytes(producer_outspool_job_php())),
        ("outspool_files.php", bytes(producer_outspool_files_php())),
        ("outspool_form.php", bytes(producer_outspool_form_php())),
        ("outspool_attachments.php", bytes(producer_outspool_attachments_php())),
        ("outspool_address.php", bytes(producer_outspool_address_php())),
        ("outspool_schema.php", bytes(producer_outspool_schema_php())),
        ("outspool_format.php", bytes(producer_outspool_format_php())),
    ]
    return [SourceFile(name: "outspool.php", text: source.text)] + producerFiles(parts)
}

/// The types of one template in PHP. Unions have no name there: what they are stands where they are used.
private struct PHPTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            if case .union = declaration.kind { continue }
            source.line()
            remark(declaration.remarks.lines(width: source.width), to: &source)
            switch declaration.kind {
            case .object(let fields, let rest):
                writeClass(place, to: &source) { writeObject(fields, rest, to: &$0) }
            case .whole(let shape):
                writeClass(place, to: &source) { source in
                    remark(["@param \(comment(documented(shape))) $params"], to: &source)
                    source.line("public function __construct(public \(type(shape)) $params) {}")
                    source.line()
                    source.line("public function jsonSerialize(): mixed")
                    source.block("{") { $0.line("return \(encoded(shape, "$this->params"));") }
                }
            case .choice(let values):
                source.block("enum \(names[place]): string {") { source in
                    var scope = NameScope(reserved: ["class"], ignoresCase: true)
                    for value in values { source.line("case \(scope.claim(pascal(value))) = \(phpLiteral(value));") }
                }
            case .union: break
            }
        }
    }

    private func writeClass(_ place: Int, to source: inout Source, _ body: (inout Source) -> Void) {
        source.line("final readonly class \(names[place]) implements \(place == 0 ? "Job" : "\\JsonSerializable")")
        source.block("{") { source in
            if place == 0 {
                source.line("public function template(): string { return \(phpLiteral(template.name)); }")
                source.line()
            }
            body(&source)
        }
    }

    private struct Member {
        let field: Declaration.Field
        let name: String
        /// The value if the caller leaves it out; nil if it is required.
        let defaultValue: String?
    }

    private func writeObject(_ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source) {
        var scope = NameScope(reserved: ["this"] + (rest == nil ? [] : ["additional"]))
        let members = fields.map { field in
            Member(
                field: field, name: scope.claim(isIdentifier(field.name) ? field.name : camel(field.name)),
                defaultValue: field.isRequired ? onlyValue(field.shape) : "null")
        }
        // Of named arguments those with a default come last.
        let ordered = members.filter { $0.defaultValue == nil } + members.filter { $0.defaultValue != nil }
        var remarks: [String] = []
        for member in ordered {
            let field = member.field
            var lines = field.remarks
            if case .values(let values, _) = field.shape { lines = lines.listing(values) }
            let shape = field.isRequired ? field.shape : .optional(field.shape)
            remarks.append("@param \(documented(shape)) $\(member.name)")
            remarks += lines.lines(width: source.width).map { "    \($0)" }
        }
        if let rest {
            remarks.append("@param array<string, \(documented(rest))> $additional")
            remarks.append("    Members beside those above.")
        }
        remark(remarks, to: &source)
        source.block("public function __construct(", ") {}") { source in
            for member in ordered {
                let shape = member.field.isRequired ? member.field.shape : .nullable(member.field.shape)
                let value = member.defaultValue.map { " = \($0)" } ?? ""
                source.line("public \(type(shape)) $\(member.name)\(value),")
            }
            if rest != nil { source.line("public array $additional = [],") }
        }
        source.line()
        source.line("public function jsonSerialize(): mixed")
        source.block("{") { source in
            source.line("$members = [];")
            for member in members {
                let value = "$this->\(member.name)"
                let assignment = "$members[\(phpLiteral(member.field.name))] = \(encoded(member.field.shape, value));"
                source.line(member.field.isRequired ? assignment : "if (\(value) !== null) \(assignment)")
            }
            if let rest {
                source.line("return (object) ($members + \(encodedElements(rest, "$this->additional")));")
            } else {
                source.line("return (object) $members;")
            }
        }
    }

    private func onlyValue(_ shape: Shape) -> String? {
        guard case .named(let place) = shape, case .choice(let values) = template[place].kind, values.count == 1 else {
            return nil
        }
        var scope = NameScope(reserved: ["class"], ignoresCase: true)
        return "\(names[place])::\(scope.claim(pascal(values[0])))"
    }

    // MARK: What a value becomes in JSON

    /// The expression whose JSON is that of `value`: lists are lists, and maps objects, when they are empty too.
    private func encoded(_ shape: Shape, _ value: String) -> String {
        switch shape {
        case .list(let element): "\\array_values(\(encodedElements(element, value)))"
        case .map(let element): "(object) \(encodedElements(element, value))"
        case .nullable(let inner):
            encoded(inner, value) == value ? value : "\(value) === null ? null : \(encoded(inner, value))"
        default: value
        }
    }

    private func encodedElements(_ shape: Shape, _ value: String) -> String {
        let element = encoded(shape, "$value")
        return element == "$value" ? value : "\\array_map(fn($value) => \(element), \(value))"
    }

    // MARK: Types

    /// As the language checks it.
    private func type(_ shape: Shape) -> String {
        var parts: [String] = []
        for part in native(shape) where !parts.contains(part) { parts.append(part) }
        if parts.contains("mixed") { return "mixed" }
        return parts.joined(separator: "|")
    }

    private func native(_ shape: Shape) -> [String] {
        switch shape {
        case .any: ["mixed"]
        case .null: ["null"]
        case .boolean: ["bool"]
        case .integer: ["int"]
        case .number: ["int", "float"]
        case .string: ["string"]
        case .values(_, let base): native(base)
        case .list, .map: ["array"]
        case .nullable(let inner): native(inner) + ["null"]
        case .named(let place):
            if case .union(let shapes) = template[place].kind { shapes.flatMap(native) } else { [names[place]] }
        }
    }

    /// As analysers of PHP know it.
    private func documented(_ shape: Shape, within open: Set<Int> = []) -> String {
        switch shape {
        case .list(let element): return "list<\(documented(element, within: open))>"
        case .map(let element): return "array<string, \(documented(element, within: open))>"
        case .nullable(let inner): return documented(inner, within: open) + "|null"
        case .named(let place):
            guard case .union(let shapes) = template[place].kind else { return names[place] }
            if open.contains(place) { return "mixed" }
            return shapes.map { documented($0, within: open.union([place])) }.joined(separator: "|")
        default: return type(shape)
        }
    }

    private func remark(_ lines: [String], to source: inout Source) {
        if lines.isEmpty { return }
        source.line("/**")
        for line in lines { source.line(" * \(comment(line))") }
        source.line(" */")
    }
}

/// In double quotes a `$` would be a variable.
private func phpLiteral(_ text: String) -> String { literal(text, escaping: "$") }

private enum PHPWords {
    /// Words that no class can have as its name, in whatever case, and the producer's own names.
    static let types = [
        "abstract", "and", "array", "as", "bool", "break", "callable", "case", "catch", "class", "clone", "const",
        "continue", "declare", "default", "die", "do", "echo", "else", "elseif", "empty", "enddeclare", "endfor",
        "endforeach", "endif", "endswitch", "endwhile", "enum", "eval", "exit", "extends", "false", "final", "finally",
        "float", "fn", "for", "foreach", "function", "global", "goto", "if", "implements", "include", "include_once",
        "instanceof", "insteadof", "int", "interface", "isset", "iterable", "list", "match", "mixed", "namespace",
        "never", "new", "null", "object", "or", "parent", "print", "private", "protected", "public", "readonly",
        "require", "require_once", "resource", "return", "self", "static", "string", "switch", "throw", "trait", "true",
        "try", "unset", "use", "var", "void", "while", "xor", "yield", "numeric",
        "AddressFault", "AddressParser", "Attachment", "AttachmentForm", "Draft", "Fields", "Form", "FormFault",
        "Format",
        "Found", "Job", "Mail", "Message", "Outcome", "OwnContent", "Queued", "Schema", "Spool", "Submission",
        "SubmitError", "SubmitReason", "Submitter", "Template",
    ]
}
