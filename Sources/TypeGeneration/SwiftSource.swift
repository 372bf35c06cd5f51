internal import JSON
internal import Text

/// One file for all templates: a struct for each that conforms to the client library's `TypedJob`, with
/// the types of its parameters inside it.
func swiftFiles(_ templates: [TemplateTypes]) -> [SourceFile] {
    var source = Source(indentation: 4)
    source.line("// \(origin)")
    source.line()
    source.line("public import Outspool")
    var scope = NameScope(reserved: SwiftWords.types)
    for template in templates {
        source.line()
        SwiftTypes(template, name: scope.claim(pascal(template.name))).write(to: &source)
    }
    return [SourceFile(name: "OutspoolTypes.swift", text: source.text)]
}

/// The types of one template in Swift.
private struct SwiftTypes {
    let template: TemplateTypes
    let names: [String]
    /// Whether a struct leads to itself without an array, a dictionary or an enumeration between, by place.
    private let recursive: Set<Int>

    init(_ template: TemplateTypes, name: String) {
        self.template = template
        var scope = NameScope(reserved: SwiftWords.types)
        let root = scope.claim(name)
        names = [root] + template.declarations.dropFirst().map { scope.claim(pascal($0.path)) }
        recursive = Set(template.declarations.indices.filter { template.isStoredInItself($0) })
    }

    func write(to source: inout Source) { write(0, to: &source) }

    private func write(_ place: Int, to source: inout Source) {
        let declaration = template[place]
        remark(declaration.remarks, to: &source)
        let name = names[place]
        let conformances = "\(place == 0 ? "TypedJob" : "Encodable"), Hashable, Sendable"
        switch declaration.kind {
        case .object(let fields, let rest):
            source.block("public struct \(name): \(conformances) {") { source in
                writeTemplate(place, to: &source)
                write(members(fields, rest: rest), rest: rest, to: &source)
                writeInner(place, to: &source)
            }
        case .whole(let shape):
            source.block("public struct \(name): \(conformances) {") { source in
                writeTemplate(place, to: &source)
                source.line("public var params: \(type(shape))")
                source.line()
                source.block("public init(_ params: \(type(shape))) {") { $0.line("self.params = params") }
                source.line()
                source.block("public func encode(to encoder: any Encoder) throws {") {
                    $0.line("try params.encode(to: encoder)")
                }
                writeInner(place, to: &source)
            }
        case .choice(let values):
            source.block("public enum \(name): String, CaseIterable, \(conformances) {") { source in
                var scope = NameScope(reserved: SwiftWords.cases)
                for value in values { source.line("case \(quoted(scope.claim(camel(value)))) = \(literal(value))") }
            }
        case .union(let shapes): writeUnion(name, shapes, conformances, to: &source)
        }
    }

    private func writeTemplate(_ place: Int, to source: inout Source) {
        guard place == 0 else { return }
        source.line("public static let template = \(literal(template.name))")
        if let schema = template.schema { source.line("public static let schema: String? = \(literal(schema))") }
        source.line()
    }

    /// The types inside the template's own.
    private func writeInner(_ place: Int, to source: inout Source) {
        guard place == 0 else { return }
        for inner in template.declarations.indices.dropFirst() {
            source.line()
            write(inner, to: &source)
        }
    }

    // MARK: Structs

    private struct Member {
        let field: Declaration.Field
        /// In Swift.
        let name: String
        /// Where it is kept if it cannot be in the struct itself.
        let store: String?
    }

    private func members(_ fields: [Declaration.Field], rest: Shape?) -> [Member] {
        var scope = NameScope(reserved: SwiftWords.members + (rest == nil ? [] : ["additional"]))
        let names = fields.map { scope.claim(isIdentifier($0.name) ? $0.name : camel($0.name)) }
        return zip(fields, names).map { field, name in
            Member(field: field, name: name, store: isRecursive(field.shape) ? scope.claim("stored_\(name)") : nil)
        }
    }

    private func isRecursive(_ shape: Shape) -> Bool {
        switch shape {
        case .named(let place): recursive.contains(place)
        case .nullable(let inner): isRecursive(inner)
        default: false
        }
    }

    private func write(_ members: [Member], rest: Shape?, to source: inout Source) {
        for member in members {
            var remarks = member.field.remarks
            if case .values(let values, _) = member.field.shape { remarks = remarks.listing(values) }
            remark(remarks, to: &source)
            guard let store = member.store else {
                source.line("public var \(quoted(member.name)): \(type(member.field))")
                continue
            }
            // An array, because a struct cannot contain itself.
            source.block("public var \(quoted(member.name)): \(type(member.field)) {") { source in
                source.line("get { \(store)[0] }")
                source.line("set { \(store)[0] = newValue }")
            }
            source.line("private var \(store): [\(type(member.field))]")
        }
        if let rest {
            source.line("/// Members beside those above.")
            source.line("public var additional: [String: \(type(rest))]")
        }
        if !members.isEmpty || rest != nil { source.line() }
        var parameters = members.map { "\(quoted($0.name)): \(type($0.field))\(defaultValue($0.field))" }
        if let rest { parameters.append("additional: [String: \(type(rest))] = [:]") }
        let oneLine = "public init(\(parameters.joined(separator: ", "))) {"
        if parameters.isEmpty {
            source.line("public init() {}")
        } else {
            if oneLine.count > source.width {
                source.block("public init(", nil) { source in
                    for (index, parameter) in parameters.enumerated() {
                        source.line(parameter + (index < parameters.count - 1 ? "," : ""))
                    }
                }
            }
            source.block(oneLine.count > source.width ? ") {" : oneLine) { source in
                for member in members {
                    let value = quoted(member.name)
                    source.line(member.store.map { "self.\($0) = [\(value)]" } ?? "self.\(value) = \(value)")
                }
                if rest != nil { source.line("self.additional = additional") }
            }
        }
        source.line()
        source.block("public func encode(to encoder: any Encoder) throws {") { source in
            if members.isEmpty && rest == nil {
                source.line("_ = encoder.container(keyedBy: ParameterName.self)")
                return
            }
            source.line("var container = encoder.container(keyedBy: ParameterName.self)")
            if rest != nil {
                source.block("for (name, value) in self.additional {") {
                    $0.line("try container.encode(value, forKey: ParameterName(name))")
                }
            }
            for member in members {
                let call = member.field.isRequired ? "encode" : "encodeIfPresent"
                source.line("try container.\(call)(self.\(quoted(member.name)), forKey: \(literal(member.field.name)))")
            }
        }
    }

    private func type(_ field: Declaration.Field) -> String {
        if field.isRequired { return type(field.shape) }
        // Nil is left out; another null is a JSONValue.
        if field.shape == .any || field.shape == .null { return "JSONValue?" }
        return type(.optional(field.shape))
    }

    /// The default of a parameter: for optional ones, and for those with a single value.
    private func defaultValue(_ field: Declaration.Field) -> String {
        if !field.isRequired { return " = nil" }
        if case .named(let place) = field.shape, case .choice(let values) = template[place].kind, values.count == 1 {
            return " = .\(quoted(onlyCase(values[0])))"
        }
        return ""
    }

    private func onlyCase(_ value: String) -> String {
        var scope = NameScope(reserved: SwiftWords.cases)
        return scope.claim(camel(value))
    }

    // MARK: Unions

    private func writeUnion(_ name: String, _ shapes: [Shape], _ conformances: String, to source: inout Source) {
        var scope = NameScope(reserved: SwiftWords.cases)
        let cases = shapes.map { (name: scope.claim(caseName($0)), shape: $0) }
        var literals: [(protocolName: String, argument: String, type: String, value: String)] = []
        func add(_ kind: String, _ type: String, to shape: Shape, _ value: String = "value") {
            guard let target = cases.first(where: { $0.shape == shape }) else { return }
            literals.append(
                ("ExpressibleBy\(kind)Literal", "\(kind.lowercasedASCII)Literal", type, ".\(target.name)(\(value))"))
        }
        add("Integer", "Int", to: .integer)
        if literals.isEmpty { add("Integer", "Int", to: .number, "Double(value)") }
        add("Float", "Double", to: .number)
        add("String", "String", to: .string)
        add("Boolean", "Bool", to: .boolean)
        let all = ([conformances] + literals.map(\.protocolName)).joined(separator: ", ")
        source.block("public indirect enum \(name): \(all) {") { source in
            for item in cases { source.line("case \(quoted(item.name))(\(type(item.shape)))") }
            for literal in literals {
                source.line()
                source.line("public init(\(literal.argument) value: \(literal.type)) { self = \(literal.value) }")
            }
            source.line()
            source.block("public func encode(to encoder: any Encoder) throws {") { source in
                source.line("switch self {")
                for item in cases {
                    source.line("case .\(quoted(item.name))(let value): try value.encode(to: encoder)")
                }
                source.line("}")
            }
        }
    }

    private func caseName(_ shape: Shape) -> String {
        switch shape {
        case .any, .null, .nullable: "value"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .values(_, let base): caseName(base)
        case .list: "list"
        case .map: "map"
        case .named(let place): camel(names[place])
        }
    }

    // MARK: Words

    private func type(_ shape: Shape) -> String {
        switch shape {
        case .any, .null: "JSONValue"
        case .boolean: "Bool"
        case .integer: "Int"
        case .number: "Double"
        case .string: "String"
        case .values(_, let base): type(base)
        case .list(let element): "[\(type(element))]"
        case .map(let value): "[String: \(type(value))]"
        case .named(let place): names[place]
        case .nullable(let inner): "\(type(inner))?"
        }
    }

    private func remark(_ remarks: Remarks, to source: inout Source) {
        for line in remarks.lines(width: source.width) { source.line("/// \(line)") }
    }
}

extension TemplateTypes {
    /// Whether a value of the object at `place` holds another one in itself, or in objects in itself.
    func isStoredInItself(_ place: Int) -> Bool {
        var seen: Set<Int> = []
        var rest = stored(in: place)
        while let next = rest.popLast() {
            if next == place { return true }
            if seen.insert(next).inserted { rest += stored(in: next) }
        }
        return false
    }

    private func stored(in place: Int) -> [Int] {
        guard case .object(let fields, _) = self[place].kind else { return [] }
        return fields.compactMap { field in
            switch field.shape {
            case .named(let inner), .nullable(.named(let inner)): inner
            default: nil
            }
        }
    }
}

/// An identifier, in backticks if it is a keyword.
private func quoted(_ name: String) -> String { SwiftWords.keywords.contains(name) ? "`\(name)`" : name }

private enum SwiftWords {
    static let keywords: Set = [
        "Any", "as", "associatedtype", "await", "break", "case", "catch", "class", "continue", "default", "defer",
        "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard",
        "if", "import", "in", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private",
        "protocol", "public", "repeat", "rethrows", "return", "static", "struct", "subscript", "super", "switch",
        "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// Types that the source names, and those of the client library.
    static let types = [
        "Any", "Bool", "CaseIterable", "Double", "Encodable", "Encoder", "ExpressibleByBooleanLiteral",
        "ExpressibleByFloatLiteral", "ExpressibleByIntegerLiteral", "ExpressibleByStringLiteral", "Hashable", "Hasher",
        "Int", "Never", "Optional", "Outspool", "Protocol", "Self", "Sendable", "String", "Swift", "Type", "Void",
        "Address", "Attachment", "Draft", "Job", "JSONValue", "ParameterName", "Spool", "SubmitError", "TypedJob",
    ]

    /// Names that backticks do not help, and that the compiler adds.
    static let members = ["self", "Self", "Type", "Protocol", "init", "_", "hashValue", "encoder", "container"]

    static let cases = members + ["allCases", "none", "some", "rawValue", "AllCases", "RawValue"]
}
