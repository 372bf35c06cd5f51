internal import CProducers
internal import JSON
internal import Text

/// The package of the producer, and a file with a struct for each template and those of its parameters.
func goFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    let producer = [
        ("outspool.go", bytes(producer_outspool_go())), ("outspool_address.go", bytes(producer_outspool_address_go())),
        ("outspool_draft.go", bytes(producer_outspool_draft_go())),
        ("outspool_fields.go", bytes(producer_outspool_fields_go())),
        ("outspool_form.go", bytes(producer_outspool_form_go())),
        ("outspool_format.go", bytes(producer_outspool_format_go())),
        ("outspool_job.go", bytes(producer_outspool_job_go())),
        ("outspool_json.go", bytes(producer_outspool_json_go())),
        ("outspool_mail.go", bytes(producer_outspool_mail_go())),
        ("outspool_outcome.go", bytes(producer_outspool_outcome_go())),
        ("outspool_schema.go", bytes(producer_outspool_schema_go())),
    ]
    return producerFiles(producer) + [SourceFile(name: "types.go", text: goTypes(templates))]
}

private func goTypes(_ templates: [TemplateTypes]) -> String {
    // The indentation of gofmt.
    var source = Source(indentation: 1, of: "\t")
    source.line("// \(origin)")
    source.line()
    source.line("package outspool")
    let names = flatNames(templates, reserved: GoWords.exported, spelled: capitalHeaded)
    var scope = NameScope(reserved: GoWords.exported + names.flatMap(\.self))
    for (template, names) in zip(templates, names) {
        GoTypes(template: template, names: names).write(to: &source, &scope)
    }
    return source.text
}

/// The types of one template in Go.
private struct GoTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source, _ scope: inout NameScope) {
        for (place, declaration) in template.declarations.enumerated() {
            source.line()
            remark(declaration.remarks, of: names[place], to: &source)
            switch declaration.kind {
            case .object(let fields, let rest): writeObject(place, fields, rest, to: &source)
            case .whole(let shape):
                source.block("type \(names[place]) struct {") { $0.line("Params \(type(shape))") }
                writeMethod(place, to: &source) { $0.line("return marshal(\(encoded(shape, "p.Params")))") }
            case .choice(let values):
                source.line("type \(names[place]) string")
                for value in values {
                    source.line()
                    let name = scope.claim(names[place] + pascal(value))
                    source.line("const \(name) \(names[place]) = \(literalInUTF32(value))")
                }
            case .union(let shapes): writeUnion(place, shapes, to: &source, &scope)
            }
            if place == 0 { writeRoot(to: &source) }
        }
    }

    /// Makes the type of the parameters a content.
    private func writeRoot(to source: inout Source) {
        source.line()
        source.line("// Fields is the template's name with these parameters.")
        source.block("func (p \(names[0])) Fields() map[string]any {") {
            $0.line("return map[string]any{\"template\": \(literalInUTF32(template.name)), \"params\": p}")
        }
        source.line()
        source.block("func init() {") {
            $0.line("RegisterSchema(\(literalInUTF32(template.name)), \(literalInUTF32(template.schema ?? "")))")
        }
    }

    private func writeMethod(_ place: Int, to source: inout Source, _ body: (inout Source) -> Void) {
        source.line()
        source.line("// MarshalJSON writes what the schema calls it.")
        source.block("func (p \(names[place])) MarshalJSON() ([]byte, error) {", "}", body)
    }

    private func writeObject(
        _ place: Int, _ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source
    ) {
        var scope = NameScope(reserved: ["Fields", "MarshalJSON"] + (rest == nil ? [] : ["Additional"]))
        let members = fields.map {
            (field: $0, name: scope.claim(capitalHeaded(pascal($0.name))), only: template.onlyValue(of: $0))
        }
        let named = members.filter { $0.only == nil }
        if named.isEmpty, rest == nil {
            source.line("type \(names[place]) struct{}")
        } else {
            source.block("type \(names[place]) struct {") { source in
                for (index, member) in named.enumerated() {
                    // Lines that touch would have to be aligned.
                    if index > 0 { source.line() }
                    var remarks = member.field.remarks
                    if case .values(let values, _) = member.field.shape { remarks = remarks.listing(values) }
                    remark(remarks, of: nil, to: &source)
                    source.line("\(member.name) \(type(member.field))")
                }
                if let rest {
                    if !named.isEmpty { source.line() }
                    source.line("// Additional has the members beside those above.")
                    source.line("Additional map[string]\(type(rest))")
                }
            }
        }
        writeMethod(place, to: &source) { source in
            source.line("var m Members")
            for member in members {
                let name = literalInUTF32(member.field.name)
                let value = "p.\(member.name)"
                if let only = member.only {
                    source.line("m.Add(\(name), \(literalInUTF32(only)))")
                } else if member.field.isRequired {
                    source.line("m.Add(\(name), \(encoded(member.field.shape, value)))")
                } else {
                    source.block("if \(value) != nil {") { $0.line("m.Add(\(name), \(value))") }
                }
            }
            if rest != nil { source.line("addAll(&m, p.Additional)") }
            source.line("return m.MarshalJSON()")
        }
    }

    private func writeUnion(_ place: Int, _ shapes: [Shape], to source: inout Source, _ scope: inout NameScope) {
        source.block("type \(names[place]) struct {") { $0.line("value any") }
        writeMethod(place, to: &source) { $0.line("return marshal(p.value)") }
        for shape in shapes {
            let name = scope.claim("\(names[place])Of\(word(shape))")
            source.line()
            source.line("// \(name) is one of the kinds that it may be.")
            source.block("func \(name)(value \(type(shape))) \(names[place]) {") {
                $0.line("return \(names[place]){\(encoded(shape, "value"))}")
            }
        }
    }

    private func word(_ shape: Shape) -> String {
        switch shape {
        case .any, .null: "Any"
        case .boolean: "Boolean"
        case .integer: "Integer"
        case .number: "Number"
        case .string: "String"
        case .values(_, let base): word(base)
        case .list: "List"
        case .map: "Map"
        case .nullable(let inner): word(inner)
        case .named(let place): pascal(Array(template[place].path.suffix(1)))
        }
    }

    /// A list or a map that is nil is an empty one, where it may not be null.
    private func encoded(_ shape: Shape, _ value: String) -> String {
        switch shape {
        case .list: "List(\(value))"
        case .map: "Map(\(value))"
        default: value
        }
    }

    /// A field that need not be there is nil then.
    private func type(_ field: Declaration.Field) -> String {
        if field.isRequired, case .named(let place) = field.shape, template.isStoredInItself(place) {
            return "*" + names[place]
        }
        return type(field.isRequired ? field.shape : .optional(field.shape))
    }

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .any, .null: "any"
        case .boolean: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .values(_, let base): type(base)
        case .list(let element): "[]\(type(element))"
        case .map(let value): "map[string]\(type(value))"
        case .named(let place): names[place]
        case .nullable(let inner):
            switch inner {
            case .any, .null, .list, .map, .nullable: type(inner)
            default: "*" + type(inner)
            }
        }
    }

    /// Lines that gofmt lets be: none is a heading or the target of a link.
    private func remark(_ remarks: Remarks, of name: String?, to source: inout Source) {
        var lines = remarks.lines(width: source.width)
        if lines.isEmpty, let name { lines = ["\(name) is made of a schema."] }
        for line in lines {
            let plain = apart(line)
            let isSyntax = plain.utf8.first == UInt8(ascii: "#") || plain.utf8.first == UInt8(ascii: "[")
            source.line("// \(isSyntax ? "· " : "")\(plain)")
        }
    }
}

/// The line without two apostrophes or backticks in a row, of which gofmt would make quotation marks.
private func apart(_ line: String) -> String {
    var plain = String.UnicodeScalarView()
    for scalar in line.unicodeScalars {
        if scalar == "'" || scalar == "`", plain.last == scalar { plain.append(" ") }
        plain.append(scalar)
    }
    return String(plain)
}

private enum GoWords {
    /// The names that the producer exports.
    static let exported = [
        "Address", "Addresses", "AlreadyQueued", "Attachment", "Bulk", "Content", "Draft", "DSN", "ErrAlreadyQueued",
        "ErrInvalid", "ErrTemporary", "ErrUnsettled", "ErrUnusable", "High", "Invalid", "Job", "List", "Mail", "Map",
        "Member", "Members", "Message", "NewSpool", "Normal", "Outcome", "Ptr", "Priority", "Queued", "Reason",
        "RegisterSchema", "Result", "Spool", "SubmitError", "Submitter", "Template", "Temporary", "Unsettled",
        "Unusable",
    ]
}
