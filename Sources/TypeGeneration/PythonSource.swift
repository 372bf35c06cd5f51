internal import JSON
internal import Text

/// The producer, and a class for each template with those of its parameters.
func pythonFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    var source = Source(indentation: 4)
    source.line("# \(origin)")
    source.copy(PackageResources.outspool_py)
    source.line()
    let names = flatNames(templates, reserved: PythonWords.types)
    for (template, names) in zip(templates, names) {
        // Aliases are texts, and so are annotations: what comes later may be named.
        PythonTypes(template: template, names: names).write(to: &source)
    }
    let schemas = templates.filter { $0.schema != nil }
    if !schemas.isEmpty {
        source.line()
        source.line()
        source.block("know({", "})") { source in
            for template in schemas {
                source.line("\(pythonLiteral(template.name)): \(pythonLiteral(template.schema ?? "")),")
            }
        }
    }
    return [
        SourceFile(name: "outspool.py", text: source.text),
        producerFile("outspool_job.py", PackageResources.outspool_job_py, comment: "#"),
        producerFile("outspool_files.py", PackageResources.outspool_files_py, comment: "#"),
        producerFile("outspool_form.py", PackageResources.outspool_form_py, comment: "#"),
        producerFile("outspool_address.py", PackageResources.outspool_address_py, comment: "#"),
        producerFile("outspool_schema.py", PackageResources.outspool_schema_py, comment: "#"),
    ]
}

/// The types of one template in Python.
private struct PythonTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            source.line()
            switch declaration.kind {
            case .object(let fields, let rest):
                source.line()
                writeClass(place, declaration.remarks, to: &source) { writeObject(fields, rest, to: &$0) }
            case .whole(let shape):
                source.line()
                writeClass(place, declaration.remarks, to: &source) { source in
                    source.line("params: \(type(shape))")
                    source.line()
                    source.block("def _json(self) -> object:", nil) { $0.line("return self.params") }
                }
            case .choice(let values):
                remark(declaration.remarks, to: &source)
                let literals = values.map(pythonLiteral).joined(separator: ", ")
                source.line("\(names[place]): TypeAlias = Literal[\(literals)]")
            case .union(let shapes):
                let members = shapes.map(type).joined(separator: ", ")
                remark(declaration.remarks, to: &source)
                source.line("\(names[place]): TypeAlias = \(pythonLiteral("Union[\(members)]"))")
            }
        }
    }

    private func writeClass(_ place: Int, _ remarks: Remarks, to source: inout Source, _ body: (inout Source) -> Void) {
        // A job that is one value takes it in place; others are read by their names.
        var isWhole = false
        if case .whole = template[place].kind { isWhole = true }
        source.line(isWhole ? "@dataclass(frozen=True)" : "@dataclass(frozen=True, kw_only=True)")
        source.block("class \(names[place])(\(place == 0 ? "Job" : "Params")):", nil) { source in
            remark(remarks, to: &source)
            if place == 0 { source.line("_template: ClassVar[str] = \(pythonLiteral(template.name))") }
            body(&source)
        }
    }

    private func writeObject(_ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source) {
        var scope = NameScope(reserved: PythonWords.members + names + (rest == nil ? [] : ["additional"]))
        let members = fields.map { (field: $0, name: scope.claim(isIdentifier($0.name) ? $0.name : snake($0.name))) }
        source.block("_members: ClassVar[tuple[tuple[str, str, bool], ...]] = (", ")") { source in
            for (field, name) in members {
                source.line(
                    "(\(pythonLiteral(name)), \(pythonLiteral(field.name)), \(field.isRequired ? "True" : "False")),")
            }
        }
        for (field, name) in members {
            remark(field.remarks, to: &source)
            if !field.isRequired {
                source.line("\(name): \(type(.optional(field.shape))) = None")
            } else if case .named(let place) = field.shape, case .choice(let values) = template[place].kind,
                values.count == 1
            {
                source.line("\(name): \(names[place]) = \(pythonLiteral(values[0]))")
            } else {
                source.line("\(name): \(type(field.shape))")
            }
        }
        if let rest {
            source.line("_rest: ClassVar[bool] = True")
            source.line("# Members beside those above.")
            source.line("additional: Mapping[str, \(type(rest))] = field(default_factory=dict)")
        }
    }

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .any: "Any"
        case .null: "None"
        case .boolean: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .values(let values, _):
            "Literal[\(values.map { $0.bool.map { $0 ? "True" : "False" } ?? $0.text }.joined(separator: ", "))]"
        case .list(let element): "list[\(type(element))]"
        case .map(let value): "Mapping[str, \(type(value))]"
        case .named(let place): names[place]
        case .nullable(let inner): "Optional[\(type(inner))]"
        }
    }

    private func remark(_ remarks: Remarks, to source: inout Source) {
        for line in remarks.lines(width: source.width) { source.line("# \(line)") }
    }
}

private func pythonLiteral(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" {
            literal += "\\\(scalar)"
        } else if !scalar.isPrintable {
            let digits = String(scalar.value, radix: 16)
            literal += "\\U" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
        } else {
            literal.unicodeScalars.append(scalar)
        }
    }
    return literal + "\""
}

private enum PythonWords {
    static let keywords = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ]

    /// Names of the module.
    static let types =
        keywords + [
            "Address", "Any", "AsyncSpool", "Attachment", "ClassVar", "Draft", "Job", "KeyError", "Literal", "Mail",
            "Mapping", "Message", "OSError", "Optional", "Outcome", "Params", "Priority", "Protocol", "Queued",
            "Recipients", "Sequence", "Spool", "State", "Submission", "SubmitError", "SubmitReason", "Submitter",
            "Template", "TypeAlias", "Union", "ValueError",
        ]

    /// The words of annotations, and the members that a class has of its own.
    static let members =
        types + [
            "_content", "_json", "_members", "_template", "bool", "dataclass", "dict", "field", "float", "int", "list",
            "object",
            "str", "tuple", "self",
        ]
}
