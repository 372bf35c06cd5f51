internal import CProducers
internal import JSON

/// The producer in JavaScript, and the declarations that the compiler of TypeScript finds beside it.
func typeScriptFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    [
        SourceFile(name: "outspool.d.mts", text: typeScriptDeclarations(templates)),
        SourceFile(name: "outspool.mjs", text: javaScriptSource(templates)),
        producerFile("outspool_files.mjs", bytes(producer_outspool_files_mjs()), comment: "//"),
        producerFile("outspool_form.mjs", bytes(producer_outspool_form_mjs()), comment: "//"),
        producerFile("outspool_address.mjs", bytes(producer_outspool_address_mjs()), comment: "//"),
        producerFile("outspool_schema.mjs", bytes(producer_outspool_schema_mjs()), comment: "//"),
    ]
}

/// The declarations that the compiler of TypeScript finds beside `outspool.mjs`.
private func typeScriptDeclarations(_ templates: [TemplateTypes]) -> String {
    var source = Source(indentation: 2)
    source.line("// \(origin)")
    source.line()
    source.copy(bytes(producer_outspool_d_mts()))
    let names = flatNames(templates, reserved: TypeScriptWords.types)
    for (template, names) in zip(templates, names) {
        TypeScriptTypes(template: template, names: names).write(to: &source)
    }
    for (template, (names, function)) in zip(templates, zip(names, functionNames(templates))) {
        source.line()
        source.line("/** A job of the template \(comment(template.name)). */")
        let mark = template.needsNothing ? "?" : ""
        source.line("export declare function \(function)(params\(mark): \(names[0])): Job;")
    }
    return source.text
}

/// The producer, and a function for each template.
private func javaScriptSource(_ templates: [TemplateTypes]) -> String {
    var source = Source(indentation: 2)
    source.line("// \(origin)")
    source.line()
    source.copy(bytes(producer_outspool_mjs()))
    source.line()
    for template in templates {
        if let schema = template.schema {
            source.line("schemas.set(\(literal(template.name)), \(literal(schema)));")
        }
    }
    for (template, function) in zip(templates, functionNames(templates)) {
        source.line()
        source.line("/** A job of the template \(comment(template.name)). */")
        source.block("export function \(function)(params\(template.needsNothing ? " = {}" : "")) {") {
            $0.line("return { template: \(literal(template.name)), params };")
        }
    }
    return source.text
}

private func functionNames(_ templates: [TemplateTypes]) -> [String] {
    var scope = NameScope(reserved: TypeScriptWords.functions)
    return templates.map { scope.claim(camel($0.name)) }
}

extension TemplateTypes {
    /// Whether a job without parameters fits.
    var needsNothing: Bool {
        switch declarations[0].kind {
        case .object(let fields, _): !fields.contains(where: \.isRequired)
        case .whole(.map): true
        default: false
        }
    }
}

/// The types of one template in TypeScript.
private struct TypeScriptTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            source.line()
            remark(declaration.remarks, to: &source)
            switch declaration.kind {
            case .object(let fields, let rest):
                source.block("export interface \(names[place]) {") { source in
                    for field in fields {
                        remark(field.remarks, to: &source)
                        source.line("\(key(field.name))\(field.isRequired ? "" : "?"): \(type(field.shape));")
                    }
                    if let rest { source.line("[name: string]: \(index(fields, rest));") }
                }
            case .whole(let shape): source.line("export type \(names[place]) = \(type(shape));")
            case .choice(let values):
                source.line("export type \(names[place]) = \(values.map { literal($0) }.joined(separator: " | "));")
            case .union(let shapes):
                source.line("export type \(names[place]) = \(shapes.map(type).joined(separator: " | "));")
            }
        }
    }

    /// An index signature speaks of the listed names too.
    private func index(_ fields: [Declaration.Field], _ rest: Shape) -> String {
        var types = [type(rest)]
        for field in fields where !types.contains(type(field.shape)) { types.append(type(field.shape)) }
        if fields.contains(where: { !$0.isRequired }) { types.append("undefined") }
        return types.contains("unknown") ? "unknown" : types.joined(separator: " | ")
    }

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .any: "unknown"
        case .null: "null"
        case .boolean: "boolean"
        case .integer, .number: "number"
        case .string: "string"
        case .values(let values, _): values.map(\.text).joined(separator: " | ")
        case .list(let element): "Array<\(type(element))>"
        case .map(let value): "{ [name: string]: \(type(value)) }"
        case .named(let place): names[place]
        case .nullable(let inner): "\(type(inner)) | null"
        }
    }

    private func key(_ name: String) -> String { isIdentifier(name) ? name : literal(name) }

    private func remark(_ remarks: Remarks, to source: inout Source) {
        let lines = remarks.lines(width: source.width).map(comment)
        if lines.isEmpty { return }
        if lines.count == 1 { return source.line("/** \(lines[0]) */") }
        source.line("/**")
        for line in lines { source.line(" * \(line)") }
        source.line(" */")
    }
}

private enum TypeScriptWords {
    /// Types that the source names.
    static let types = [
        "Address", "Array", "Attachment", "Date", "Draft", "Error", "Job", "Outcome", "Promise", "Queued",
        "ReadonlyArray", "Recipients", "Spool", "Submission", "SubmitError", "SubmitReason", "Submitter", "Uint8Array",
    ]

    static let functions = [
        "arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete",
        "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if", "implements",
        "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private", "protected", "public",
        "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with",
        "yield", "undefined",
        // The producer's own.
        "asObject", "caught", "checkForm", "encode", "fault", "find", "fs", "invalid", "isEqual", "judged", "memory",
        "newID", "openNew", "plain", "process", "refuseNamesake", "remember", "schemas", "settling", "token",
        "unmasked", "then",
    ]
}
