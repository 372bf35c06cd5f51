internal import CProducers
internal import JSON
internal import Text

/// The producer, and a file with a class for each template and those of its parameters.
func csharpFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    let producer = [
        ("AddressReader.cs", bytes(producer_AddressReader_cs())), ("Draft.cs", bytes(producer_Draft_cs())),
        ("Form.cs", bytes(producer_Form_cs())), ("Formats.cs", bytes(producer_Formats_cs())),
        ("Job.cs", bytes(producer_Job_cs())), ("Json.cs", bytes(producer_Json_cs())),
        ("JsonValues.cs", bytes(producer_JsonValues_cs())),
        ("Letter.cs", bytes(producer_Letter_cs())), ("Native.cs", bytes(producer_Native_cs())),
        ("Outspool.cs", bytes(producer_Outspool_cs())), ("SchemaCheck.cs", bytes(producer_SchemaCheck_cs())),
        ("SubmitException.cs", bytes(producer_SubmitException_cs())),
    ]
    return producerFiles(producer) + [SourceFile(name: "Templates.cs", text: csharpTypes(templates))]
}

private func csharpTypes(_ templates: [TemplateTypes]) -> String {
    var source = Source(indentation: 4)
    source.line("// \(origin)")
    source.line()
    source.line("namespace Outspool.Templates")
    source.block("{") { source in
        source.line("/// <summary>The schemas, which the producer learns before it judges a job.</summary>")
        source.line("internal static class Schemas")
        source.block("{") { source in
            source.line("static Schemas()")
            source.block("{") { source in
                for template in templates {
                    source.line(
                        "global::Outspool.Spool.RegisterSchema(\(literalInUTF32(template.name)), "
                            + "\(literalInUTF32(template.schema ?? "")));")
                }
            }
            source.line()
            source.line("internal static void Know() { }")
        }
        let names = flatNames(templates, reserved: CSharpWords.types)
        for (template, names) in zip(templates, names) {
            CSharpTypes(template: template, names: names).write(to: &source)
        }
    }
    return source.text
}

/// The types of one template in C#. What they name has its whole name, since a template may be called like it.
private struct CSharpTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            source.line()
            remark(declaration.remarks.lines(width: source.width), to: &source)
            let content = place == 0 ? "global::Outspool.IContent, " : ""
            source.line("public class \(names[place]) : \(content)global::Outspool.IEncodable")
            source.block("{") { source in
                if place == 0 { writeRoot(to: &source) }
                switch declaration.kind {
                case .object(let fields, let rest): writeObject(place, fields, rest, to: &source)
                case .whole(let shape):
                    source.line("public \(type(shape)) Params { get; private set; }")
                    source.line()
                    source.line("public \(names[place])(\(type(shape)) value)")
                    source.block("{") { $0.line("Params = value;") }
                    source.line()
                    writeEncoding(to: &source) { $0.line("return Params;") }
                case .choice(let values): writeChoice(place, values, to: &source)
                case .union(let shapes): writeUnion(place, shapes, to: &source)
                }
            }
        }
    }

    /// Makes the type of the parameters a content.
    private func writeRoot(to source: inout Source) {
        source.line("static \(names[0])()")
        source.block("{") { $0.line("global::Outspool.Templates.Schemas.Know();") }
        source.line()
        source.line("public global::System.Collections.Generic.IDictionary<string, object> Fields()")
        source.block("{") { source in
            source.line("return new global::System.Collections.Generic.Dictionary<string, object>")
            source.block("{", "};") {
                $0.line("{ \"template\", \(literalInUTF32(template.name)) }, { \"params\", ToJson() }")
            }
        }
        source.line()
    }

    private func writeEncoding(to source: inout Source, _ body: (inout Source) -> Void) {
        source.line("public object ToJson()")
        source.block("{", "}", body)
    }

    private func writeChoice(_ place: Int, _ values: [String], to source: inout Source) {
        var scope = NameScope(reserved: CSharpWords.members + [names[place]])
        for value in values {
            source.line(
                "public static readonly \(names[place]) \(scope.claim(pascal(value))) = "
                    + "new \(names[place])(\(literalInUTF32(value)));")
        }
        source.line()
        source.line("private readonly string value_;")
        source.line()
        source.line("private \(names[place])(string value)")
        source.block("{") { $0.line("value_ = value;") }
        source.line()
        writeEncoding(to: &source) { $0.line("return value_;") }
    }

    private struct Member {
        let field: Declaration.Field
        let property: String
        let parameter: String
        /// The one value that it can have.
        let only: String?
    }

    /// Required members are arguments of the constructor, the others are set afterwards.
    private func writeObject(
        _ place: Int, _ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source
    ) {
        var properties = NameScope(
            reserved: CSharpWords.members + [names[place]] + (rest == nil ? [] : ["Additional"]))
        var parameters = NameScope(reserved: CSharpWords.keywords)
        let members = fields.map { field in
            Member(
                field: field, property: properties.claim(pascal(field.name)),
                parameter: parameters.claim(camel(field.name)), only: template.onlyValue(of: field))
        }
        for member in members where member.only == nil {
            var remarks = member.field.remarks
            if case .values(let values, _) = member.field.shape { remarks = remarks.listing(values) }
            remark(remarks.lines(width: source.width), to: &source)
            let shape = member.field.isRequired ? member.field.shape : .optional(member.field.shape)
            source.line("public \(type(shape)) \(member.property) { get; set; }")
            source.line()
        }
        if let rest {
            remark(["Members beside those that have a name here."], to: &source)
            source.line("public \(dictionary(rest)) Additional { get; set; }")
            source.line()
        }
        let required = members.filter { $0.field.isRequired && $0.only == nil }
        let list = required.map { "\(type($0.field.shape)) \($0.parameter)" }.joined(separator: ", ")
        source.line("public \(names[place])(\(list))")
        source.block("{") { source in
            for member in required { source.line("\(member.property) = \(member.parameter);") }
        }
        source.line()
        writeEncoding(to: &source) { source in
            source.line("var members = new global::Outspool.Members();")
            for member in members {
                let name = literalInUTF32(member.field.name)
                if let only = member.only {
                    source.line("members.Add(\(name), \(literalInUTF32(only)));")
                } else {
                    source.line("members.\(member.field.isRequired ? "Add" : "AddGiven")(\(name), \(member.property));")
                }
            }
            if rest != nil { source.line("members.AddAll(Additional);") }
            source.line("return members;")
        }
    }

    /// Each kind is taken for the union where C# can tell it; a list or a dictionary is said with `Of`.
    private func writeUnion(_ place: Int, _ shapes: [Shape], to source: inout Source) {
        source.line("private readonly object value_;")
        source.line()
        source.line("private \(names[place])(object value)")
        source.block("{") { $0.line("value_ = value;") }
        var written: [String] = []
        for shape in shapes where !written.contains(type(shape)) {
            written.append(type(shape))
            source.line()
            source.line("public static \(names[place]) Of(\(type(shape)) value)")
            source.block("{") { $0.line("return new \(names[place])(value);") }
            switch shape {
            case .boolean, .integer, .number, .string, .values, .named:
                source.line()
                source.line("public static implicit operator \(names[place])(\(type(shape)) value)")
                source.block("{") { $0.line("return new \(names[place])(value);") }
            default: break
            }
        }
        source.line()
        writeEncoding(to: &source) { $0.line("return value_;") }
    }

    // MARK: Types

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .any, .null: "object"
        case .boolean: "bool"
        case .integer: "long"
        case .number: "double"
        case .string: "string"
        case .values(_, let base): type(base)
        case .list(let element): "global::System.Collections.Generic.IList<\(type(element))>"
        case .map(let value): dictionary(value)
        case .named(let place): names[place]
        case .nullable(.boolean), .nullable(.integer), .nullable(.number): type(inner(shape)) + "?"
        case .nullable(.values(_, let base)): type(.nullable(base))
        case .nullable(let inner): type(inner)
        }
    }

    private func inner(_ shape: Shape) -> Shape {
        if case .nullable(let inner) = shape { inner } else { shape }
    }

    private func dictionary(_ value: Shape) -> String {
        "global::System.Collections.Generic.IDictionary<string, \(type(value))>"
    }

    private func remark(_ lines: [String], to source: inout Source) {
        if lines.isEmpty { return }
        source.line("/// <summary>")
        for line in lines { source.line("/// \(escaped(line))") }
        source.line("/// </summary>")
    }

    /// As XML has it.
    private func escaped(_ line: String) -> String {
        line.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

private enum CSharpWords {
    static let keywords = [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const",
        "continue", "decimal", "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern",
        "false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "implicit", "in", "int", "interface",
        "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out", "override", "params",
        "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof",
        "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong",
        "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while", "value", "await",
    ]

    /// A member cannot be called like its class.
    static let types = ["Additional", "Fields", "Of", "Params", "Schemas", "ToJson"]

    /// The members of the classes and of all objects.
    static let members = [
        "Equals", "Fields", "Finalize", "GetHashCode", "GetType", "MemberwiseClone", "Of", "ReferenceEquals", "ToJson",
        "ToString", "value_", "members",
    ]
}
