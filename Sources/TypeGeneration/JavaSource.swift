internal import CProducers
internal import JSON
internal import Text

/// The package of the producer, and a file with a class for each template and those of its parameters.
func javaFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    let producer = [
        ("AddressReader.java", bytes(producer_AddressReader_java())), ("Form.java", bytes(producer_Form_java())),
        ("Formats.java", bytes(producer_Formats_java())), ("Job.java", bytes(producer_Job_java())),
        ("Json.java", bytes(producer_Json_java())), ("Letter.java", bytes(producer_Letter_java())),
        ("SchemaCheck.java", bytes(producer_SchemaCheck_java())), ("Schemas.java", bytes(producer_Schemas_java())),
        ("Spool.java", bytes(producer_Spool_java())),
        ("SubmitException.java", bytes(producer_SubmitException_java())),
        ("Submitter.java", bytes(producer_Submitter_java())),
        ("Whereabouts.java", bytes(producer_Whereabouts_java())),
    ]
    return producerFiles(producer) + [SourceFile(name: "Templates.java", text: javaTypes(templates))]
}

private func javaTypes(_ templates: [TemplateTypes]) -> String {
    var source = Source(indentation: 4)
    source.line("// \(origin)")
    source.line("package outspool;")
    source.line()
    source.line("/** The templates, as types. */")
    source.block("public final class Templates {") { source in
        source.block("static {") { source in
            for template in templates {
                source.line("Schemas.register(\(javaLiteral(template.name)), \(schema(of: template)));")
            }
        }
        source.line()
        source.line("private Templates() {}")
        source.line()
        source.line("private static void know() {}")
        let names = flatNames(templates, reserved: JavaWords.types)
        for (template, names) in zip(templates, names) {
            JavaTypes(template: template, names: names).write(to: &source)
        }
    }
    return source.text
}

/// A constant has at most 65,535 bytes: a long schema is joined of several.
private func schema(of template: TemplateTypes) -> String {
    let text = Array((template.schema ?? "").unicodeScalars)
    if text.count <= 5000 { return javaLiteral(template.schema ?? "") }
    let pieces = stride(from: 0, to: text.count, by: 5000).map { start in
        var piece = String.UnicodeScalarView()
        piece.append(contentsOf: text[start..<min(start + 5000, text.count)])
        return javaLiteral(String(piece))
    }
    return "\(string).join(\"\", \(pieces.joined(separator: ", ")))"
}

/// A name that has the package or the class in front of it, which no name here hides.
private let string = "java.lang.String"

/// The types of one template in Java.
private struct JavaTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            source.line()
            remark(declaration.remarks.lines(width: source.width), to: &source)
            switch declaration.kind {
            case .object(let fields, let rest):
                writeClass(place, to: &source) { writeObject(place, fields, rest, to: &$0) }
            case .whole(let shape):
                writeClass(place, to: &source) { source in
                    source.line("private final \(type(shape)) params;")
                    source.line()
                    source.block("public \(names[place])(\(type(shape)) params) {") { $0.line("this.params = params;") }
                    source.line()
                    writeEncoding(to: &source) { $0.line("return params;") }
                }
            case .choice(let values): writeChoice(place, values, to: &source)
            case .union(let shapes):
                writeClass(place, to: &source) { source in
                    source.line("private final java.lang.Object value;")
                    source.line()
                    source.block("private \(names[place])(java.lang.Object value) {") { $0.line("this.value = value;") }
                    writeFactories(place, shapes, to: &source)
                    source.line()
                    writeEncoding(to: &source) { $0.line("return value;") }
                }
            }
        }
    }

    private func writeClass(_ place: Int, to source: inout Source, _ body: (inout Source) -> Void) {
        let parent = place == 0 ? "Job.Content, Job.Encodable" : "Job.Encodable"
        source.block("public static class \(names[place]) implements \(parent) {") { source in
            if place == 0 {
                source.block("static {") { $0.line("know();") }
                source.line()
            }
            body(&source)
            guard place == 0 else { return }
            source.line()
            source.line("@java.lang.Override")
            source.block("public java.util.Map<\(string), java.lang.Object> fields() {") {
                $0.line("return Json.object(\"template\", \(javaLiteral(template.name)), \"params\", toJson());")
            }
        }
    }

    private func writeEncoding(to source: inout Source, _ body: (inout Source) -> Void) {
        source.line("@java.lang.Override")
        source.block("public java.lang.Object toJson() {", "}", body)
    }

    private func writeChoice(_ place: Int, _ values: [String], to source: inout Source) {
        source.block("public enum \(names[place]) implements Job.Encodable {") { source in
            var scope = NameScope(reserved: ["_"])
            for (index, value) in values.enumerated() {
                let name = scope.claim(capitals(value))
                source.line("\(name)(\(javaLiteral(value)))\(index < values.count - 1 ? "," : ";")")
            }
            source.line()
            source.line("private final \(string) value;")
            source.line()
            source.block("\(names[place])(\(string) value) {") { $0.line("this.value = value;") }
            source.line()
            writeEncoding(to: &source) { $0.line("return value;") }
        }
    }

    private struct Member {
        let field: Declaration.Field
        let name: String
        /// The one value that it can have.
        let only: String?
    }

    /// Required members are arguments of the constructor, the others are set afterwards.
    private func writeObject(
        _ place: Int, _ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source
    ) {
        var scope = NameScope(reserved: JavaWords.members + (rest == nil ? [] : ["additional"]))
        let members = fields.map { field in
            Member(
                field: field, name: scope.claim(isIdentifier(field.name) ? field.name : camel(field.name)),
                only: template.onlyValue(of: field))
        }
        source.line(
            "private final java.util.Map<\(string), java.lang.Object> members_ = new java.util.LinkedHashMap<>();")
        source.line()
        let required = members.filter { $0.field.isRequired && $0.only == nil }
        let parameters = required.map { "\(type($0.field.shape)) \($0.name)" }.joined(separator: ", ")
        remark(
            required.flatMap { member in
                ["@param \(member.name) \(member.field.remarks.lines(width: .max).joined(separator: " "))"]
            }, to: &source)
        source.block("public \(names[place])(\(parameters)) {") { source in
            for member in members where member.field.isRequired {
                let value = member.only.map(javaLiteral) ?? member.name
                source.line("members_.put(\(javaLiteral(member.field.name)), \(value));")
            }
        }
        for member in members where !member.field.isRequired {
            source.line()
            var remarks = member.field.remarks
            if case .values(let values, _) = member.field.shape { remarks = remarks.listing(values) }
            remark(remarks.lines(width: source.width), to: &source)
            let shape = Shape.optional(member.field.shape)
            source.block("public \(names[place]) \(member.name)(\(type(shape)) value_) {") { source in
                source.block("if (value_ != null) {") {
                    $0.line("members_.put(\(javaLiteral(member.field.name)), value_);")
                }
                source.line("return this;")
            }
        }
        if let rest {
            source.line()
            remark(["A member beside those that have a name here."], to: &source)
            source.block("public \(names[place]) additional(\(string) name, \(type(rest)) value) {") { source in
                source.line("members_.putIfAbsent(name, value);")
                source.line("return this;")
            }
        }
        source.line()
        writeEncoding(to: &source) { $0.line("return members_;") }
    }

    /// One for each kind; two that Java takes for the same are told apart by a number.
    private func writeFactories(_ place: Int, _ shapes: [Shape], to source: inout Source) {
        var erased: [String: Int] = [:]
        for shape in shapes {
            let kind = erasure(shape)
            let count = (erased[kind] ?? 0) + 1
            erased[kind] = count
            source.line()
            source.block("public static \(names[place]) of\(count == 1 ? "" : "\(count)")(\(type(shape)) value) {") {
                $0.line("return new \(names[place])(value);")
            }
        }
    }

    private func erasure(_ shape: Shape) -> String {
        switch shape {
        case .list: "list"
        case .map: "map"
        default: type(shape)
        }
    }

    // MARK: Types

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .boolean: "boolean"
        case .integer: "long"
        case .number: "double"
        case .values(_, let base): type(base)
        default: boxed(shape)
        }
    }

    private func boxed(_ shape: Shape) -> String {
        switch shape {
        case .any, .null: "java.lang.Object"
        case .boolean: "java.lang.Boolean"
        case .integer: "java.lang.Long"
        case .number: "java.lang.Double"
        case .string: string
        case .values(_, let base): boxed(base)
        case .list(let element): "java.util.List<\(boxed(element))>"
        case .map(let value): "java.util.Map<\(string), \(boxed(value))>"
        case .nullable(let inner): boxed(inner)
        case .named(let place): names[place]
        }
    }

    private func remark(_ lines: [String], to source: inout Source) {
        if lines.isEmpty { return }
        source.line("/**")
        for line in lines { source.line(" * \(javaComment(line))") }
        source.line(" */")
    }
}

/// `in transit` becomes `IN_TRANSIT`.
private func capitals(_ value: String) -> String {
    let name = snake(value)
    return name.uppercased()  // exact: letters that have no marks of their own
}

/// A line of a comment in which no backslash begins a character, and no sign a tag.
private func javaComment(_ line: String) -> String {
    comment(line).replacing("\\", with: "&#92;").replacing("<", with: "&lt;").replacing("{@", with: "{&#64;")
}

/// Invisible characters are written in UTF-16; a line end, which would end the line, in octal.
private func javaLiteral(_ text: String) -> String {
    literal(text) { scalar in
        if scalar.value < 0x80 { return "\\" + digits(scalar.value, radix: 8, count: 3) }
        return String(scalar).utf16.map { "\\u" + digits($0, radix: 16, count: 4) }.joined()
    }
}

private enum JavaWords {
    static let keywords = [
        "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue",
        "default", "do", "double", "else", "enum", "extends", "false", "final", "finally", "float", "for", "goto", "if",
        "implements", "import", "instanceof", "int", "interface", "long", "native", "new", "null", "package", "private",
        "protected", "public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this",
        "throw", "throws", "transient", "true", "try", "void", "volatile", "while", "_", "value", "values", "valueOf",
    ]

    /// The names of the package, and words that no type may have.
    static let types =
        keywords + [
            "AddressReader", "Form", "Formats", "Full", "Job", "Json", "Letter", "Runner", "SchemaCheck", "Schemas",
            "Spool",
            "SubmitException", "Submitter", "Templates", "Whereabouts", "var", "yield", "record", "sealed", "permits",
            "java",
            "Override", "String", "Object",
        ]

    /// The members of all objects.
    static let members =
        keywords + [
            "fields", "toJson", "clone", "equals", "finalize", "getClass", "hashCode", "notify", "notifyAll",
            "toString",
            "wait", "members_", "value_", "java",
        ]
}
