internal import CProducers
internal import JSON
internal import Text

/// The producer, and a file with a class for each template and those of its parameters.
func rubyFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    let producer = [
        ("outspool.rb", bytes(producer_outspool_rb())), ("outspool_address.rb", bytes(producer_outspool_address_rb())),
        ("outspool_form.rb", bytes(producer_outspool_form_rb())),
        ("outspool_job.rb", bytes(producer_outspool_job_rb())),
        ("outspool_mail.rb", bytes(producer_outspool_mail_rb())),
        ("outspool_schema.rb", bytes(producer_outspool_schema_rb())),
    ]
    return producerFiles(producer) + [SourceFile(name: "outspool_types.rb", text: rubyTypes(templates))]
}

private func rubyTypes(_ templates: [TemplateTypes]) -> String {
    var source = Source(indentation: 2)
    source.line("# frozen_string_literal: true")
    source.line()
    source.line("# \(origin)")
    source.line()
    source.line("require_relative \"outspool\"")
    source.line()
    source.block("module Outspool", "end") { source in
        for (template, names) in zip(
            templates, flatNames(templates, reserved: RubyWords.constants, spelled: capitalHeaded))
        {
            source.line("schemas[\(rubyLiteral(template.name))] = \(rubyLiteral(template.schema ?? ""))")
            RubyTypes(template: template, names: names).write(to: &source)
        }
    }
    return source.text
}

/// The types of one template in Ruby. What has no class is said where it is used.
private struct RubyTypes {
    let template: TemplateTypes
    let names: [String]

    func write(to source: inout Source) {
        for (place, declaration) in template.declarations.enumerated() {
            switch declaration.kind {
            case .object(let fields, let rest):
                writeClass(place, declaration.remarks, to: &source) { writeObject(place, fields, rest, to: &$0) }
            case .whole(let shape):
                writeClass(place, declaration.remarks, to: &source) { source in
                    source.line("TEMPLATE = \(rubyLiteral(template.name))")
                    source.line("# \(documented(shape))")
                    source.line("attr_reader :params")
                    source.line()
                    source.block("def initialize(params)", "end") { source in
                        source.line("super()")
                        source.line("@params = params")
                    }
                    source.line()
                    source.line("def to_outspool = @params")
                }
            case .choice, .union: break
            }
        }
    }

    private func writeClass(_ place: Int, _ remarks: Remarks, to source: inout Source, _ body: (inout Source) -> Void) {
        source.line()
        for line in remarks.lines(width: source.width) { source.line("# \(line)") }
        source.block("class \(names[place]) < \(place == 0 ? "TypedJob" : "Params")", "end", body)
    }

    private func writeObject(
        _ place: Int, _ fields: [Declaration.Field], _ rest: Shape?, to source: inout Source
    ) {
        var scope = NameScope(reserved: RubyWords.members + ["additional"])
        let members = fields.map { (field: $0, name: scope.claim(attribute($0.name)), value: defaultValue($0)) }
        if place == 0 { source.line("TEMPLATE = \(rubyLiteral(template.name))") }
        if members.isEmpty {
            source.line("MEMBERS = [].freeze")
        } else {
            source.block("MEMBERS = [", "].freeze") { source in
                for (index, member) in members.enumerated() {
                    let line =
                        "[\(rubyLiteral(member.name)), \(rubyLiteral(member.field.name)), \(member.field.isRequired)]"
                    source.line(line + (index < members.count - 1 ? "," : ""))
                }
            }
        }
        for member in members {
            source.line()
            let shape = member.field.isRequired ? member.field.shape : .optional(member.field.shape)
            for line in member.field.remarks.lines(width: source.width) { source.line("# \(line)") }
            source.line("# \(documented(shape))")
            source.line("attr_reader :\(member.name)")
        }
        if rest != nil {
            source.line()
            source.line("# Members beside those above.")
            source.line("attr_reader :additional")
        }
        let ordered = members.filter { $0.value == nil } + members.filter { $0.value != nil }
        let parameters =
            ordered.map { "\($0.name):\($0.value.map { " \($0)" } ?? "")" } + (rest == nil ? [] : ["additional: {}"])
        if parameters.isEmpty { return }
        source.line()
        source.block("def initialize(", nil) { source in
            for (index, parameter) in parameters.enumerated() {
                source.line(parameter + (index < parameters.count - 1 ? "," : ""))
            }
        }
        source.block(")", "end") { source in
            source.line("super()")
            for member in ordered {
                source.line("@\(member.name) = \(member.name)")
            }
            if rest != nil { source.line("@additional = additional") }
        }
    }

    /// `trackingUrl` becomes `tracking_url`: words begin at a capital behind a small letter, and at the last of several
    /// capitals if a small letter follows.
    private func attribute(_ name: String) -> String {
        let given = Array((isIdentifier(name) ? name : snake(name)).unicodeScalars)
        let isCapital = given.map { $0.properties.generalCategory == .uppercaseLetter }
        var made = ""
        for (index, scalar) in given.enumerated() {
            let isSmallNext = index + 1 < given.count && given[index + 1].properties.generalCategory == .lowercaseLetter
            if isCapital[index], index > 0, given[index - 1] != "_", !isCapital[index - 1] || isSmallNext {
                made += "_"
            }
            made += scalar.properties.lowercaseMapping
        }
        return made
    }

    private func defaultValue(_ field: Declaration.Field) -> String? {
        field.isRequired ? template.onlyValue(of: field).map(rubyLiteral) : "nil"
    }

    /// In words, for a comment.
    private func documented(_ shape: Shape, within open: Set<Int> = []) -> String {
        switch shape {
        case .any: return "any value of JSON"
        case .null: return "nil"
        case .boolean: return "true or false"
        case .integer: return "Integer"
        case .number: return "Integer or Float"
        case .string: return "String"
        case .values(let values, _): return values.map(\.text).joined(separator: ", ")
        case .list(let element): return "Array of \(documented(element, within: open))"
        case .map(let value): return "Hash of names with \(documented(value, within: open))"
        case .nullable(let inner): return documented(inner, within: open) + ", or nil"
        case .named(let place):
            if open.contains(place) { return "the same again" }
            switch template[place].kind {
            case .choice(let values): return values.map(rubyLiteral).joined(separator: ", ")
            case .union(let shapes):
                return shapes.map { documented($0, within: open.union([place])) }.joined(separator: "; or ")
            default: return names[place]
            }
        }
    }
}

/// In double quotes a `#` would begin an expression.
private func rubyLiteral(_ text: String) -> String { literal(text, escaping: "#") }

private enum RubyWords {
    static let keywords = [
        "alias", "and", "begin", "break", "case", "class", "def", "do", "else", "elsif", "end", "ensure", "false",
        "for", "if", "in", "module", "next", "nil", "not", "or", "redo", "rescue", "retry", "return", "self", "super",
        "then", "true", "undef", "unless", "until", "when", "while", "yield",
    ]

    /// The names that the module has, and that its classes use.
    static let constants = [
        "AddressReader", "Attachment", "Draft", "Form", "Formats", "Letter", "Mail", "Message", "Outcome", "Outspool",
        "Params",
        "Patterns", "Queued", "Schema", "Spool", "Submission", "SubmitError", "Template", "Tree", "TypedJob",
        "Array", "Date", "Dir", "Encoding", "EncodingError", "Errno", "File", "Float", "Hash", "IPAddr", "Integer",
        "JSON", "Kernel", "Mutex", "Numeric", "Object", "Process", "Regexp", "RegexpError", "SecureRandom",
        "StandardError", "String", "StringScanner", "Struct", "Symbol", "SystemCallError", "Time", "ArgumentError",
        "ENV", "Class", "Module", "Comparable",
    ]

    /// The members of all objects.
    static let members =
        keywords + [
            "fields", "to_outspool", "initialize", "object_id", "method", "methods", "send", "hash", "freeze", "dup",
            "clone", "display", "extend", "tap", "inspect", "instance_variable_get", "binding", "test", "raise", "loop",
            "respond_to", "__id__", "__send__", "__FILE__", "__LINE__", "__ENCODING__", "__method__", "instance_eval",
            "instance_exec", "singleton_class", "itself", "equal", "lambda", "proc", "puts", "print", "require",
            "singleton_method", "define_singleton_method", "public_send", "instance_variables", "then", "to_s",
            // Of a block without parameters.
            "_1", "_2", "_3", "_4", "_5", "_6", "_7", "_8", "_9",
        ]
}
