import JSON
import Schema
import Testing

@testable import TypeGeneration

private func types(_ schema: String, name: String = "t") throws -> TemplateTypes {
    TemplateTypes(template: name, schema: try Schema(parsing: try JSON(parsing: Array(schema.utf8))))
}

/// The lines of a language's source that have a text in them.
private func lines(_ language: Language, _ templates: [TemplateTypes], with text: String) throws -> [String] {
    try language.files(for: templates)[0].text.split(separator: "\n").map(String.init).filter { $0.contains(text) }
}

@Suite("Types of a schema")
struct TypeReaderTests {
    @Test("Names that are canonically equivalent are two properties, each with its own type")
    func codePoints() throws {
        let schema =
            #"{"properties":{"\u00e9":{"properties":{"a":{}}},"e\u0301":{"type":"string"},"\u2260":{"enum":["b"]}}}"#
        guard case .object(let fields, _) = try types(schema).declarations[0].kind else { return }
        #expect(
            fields.map { Array($0.name.utf8) } == [
                Array("\u{E9}".utf8), Array("e\u{301}".utf8), Array("\u{2260}".utf8),
            ])
        #expect(Set(fields.map { "\($0.shape)" }).count == 3)
    }

    @Test(
        "What a parameter may be",
        arguments: [
            (#"{"type":"string"}"#, "string"), (#"{"type":"integer"}"#, "number"), (#"{"type":"boolean"}"#, "boolean"),
            (#"{}"#, "unknown"), ("true", "unknown"), (#"{"type":"null"}"#, "null"),
            (#"{"type":["string","null"]}"#, "string | null"), (#"{"type":["null","integer","string"]}"#, "TP | null"),
            (#"{"type":"array"}"#, "Array<unknown>"), (#"{"type":"array","items":{"type":"number"}}"#, "Array<number>"),
            (#"{"items":{"type":"number"}}"#, "Array<number>"), (#"{"type":"object"}"#, "{ [name: string]: unknown }"),
            (#"{"type":"object","additionalProperties":{"type":"string"}}"#, "{ [name: string]: string }"),
            (#"{"type":"object","properties":{"a":{}}}"#, "TP"), (#"{"properties":{"a":{}}}"#, "TP"),
            (#"{"type":"object","additionalProperties":false}"#, "TP"),
            (#"{"enum":["a","b"]}"#, "TP"), (#"{"enum":["a",null]}"#, "TP | null"), (#"{"const":"a"}"#, "TP"),
            (#"{"enum":[1,2]}"#, "1 | 2"), (#"{"const":true}"#, "true"), (#"{"enum":[1,null]}"#, "1 | null"),
            (#"{"enum":[1,"a"]}"#, "TP"), (#"{"enum":[1.5]}"#, "number"), (#"{"const":null}"#, "null"),
            (#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "string | null"),
            (#"{"anyOf":[{"type":"string"},{"type":"string","minLength":2}]}"#, "string"),
            (#"{"type":"string","anyOf":[{"minLength":2},{"const":""}]}"#, "string"),
            (#"{"allOf":[{"type":"integer"}]}"#, "number"), (##"{"$ref":"#/$defs/d"}"##, "TD"),
            (##"{"$ref":"#/$defs/d","description":"x"}"##, "TD"), (##"{"$ref":"#/$defs/s"}"##, "string"),
            (##"{"$ref":"#"}"##, "T"), (##"{"type":"array","items":{"$ref":"#/$defs/d"}}"##, "Array<TD>"),
            (##"{"allOf":[{"$ref":"#/$defs/d"},{"properties":{"b":{}}}]}"##, "TP"),
        ])
    func shapes(schema: String, expected: String) throws {
        let types = try types(
            #"{"type":"object","properties":{"p":\#(schema)},"$defs":{"d":{"type":"object","properties":{"a":{}}},"s":{"type":"string"}}}"#
        )
        #expect(try lines(.typescript, [types], with: "  p?: ") == ["  p?: \(expected);"])
    }

    @Test("Of a definition that refers to itself there is one type")
    func recursion() throws {
        let types = try types(
            ##"""
            {"properties":{"a":{"$ref":"#/$defs/tree"},"b":{"$ref":"#/$defs/node"}},
             "$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}},
                      "node":{"properties":{"next":{"$ref":"#/$defs/node"}}},"unused":{"properties":{"x":{}}}}}
            """##)
        #expect(types.declarations.map(\.path) == [[], ["tree"], ["node"]])
        #expect(types[1].kind == .union([.list(.named(1))]))
        #expect(types.isStoredInItself(2) && !types.isStoredInItself(0))
    }

    @Test("Parameters that are no object with names")
    func wholes() throws {
        #expect(TemplateTypes(template: "t", schema: nil).declarations[0].kind == .whole(.map(.any)))
        #expect(try types("{}").declarations[0].kind == .whole(.map(.any)))
        #expect(
            try types(#"{"additionalProperties":{"type":"integer"}}"#).declarations[0].kind == .whole(.map(.integer)))
        let union = try types(#"{"anyOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}"#)
        guard case .whole(.named(let place)) = union[0].kind, case .union(let shapes) = union[place].kind else {
            Issue.record("\(union)")
            return
        }
        #expect(shapes.count == 2)
    }

    @Test("An object in one template does not take the name of another template")
    func names() throws {
        let order = try types(#"{"properties":{"shipped":{"properties":{"at":{}}}}}"#, name: "order")
        let shipped = try types(#"{"properties":{"at":{}}}"#, name: "order-shipped")
        #expect(flatNames([order, shipped], reserved: []) == [["Order", "OrderShipped_"], ["OrderShipped"]])
        #expect(throws: NameClash.self) { try Language.php.files(for: [order, try types("{}", name: "Order")]) }
    }

    static let hostile = [
        "*/ evil() /*", "*\u{0}/ evil()", "a\nevil()", "a\r\nevil()", "a\u{2028}evil()", "a\u{85}evil()",
        "a\u{0B}evil()",
        "\"\"\" evil()", "\"; evil(); \"", "'; evil(); '", "\\(evil())", "${evil()}", "{$evil}", "?> evil() <?php",
        "\\", "\\\"",
        "\u{202E}evil()\u{202C}", "`evil()`", "#{evil()}", "//", "***/",
    ]

    @Test("Texts of a schema stay inside their comments and literals", arguments: Language.allCases, hostile)
    func injection(language: Language, text: String) throws {
        let quoted = JSON.string(text).text
        let template = try types(
            #"""
            {"title":\#(quoted),"description":\#(quoted),"type":"object","properties":{
             "a":{"type":"string","description":\#(quoted),"default":\#(quoted),"title":\#(quoted)},
             "e":{"enum":[\#(quoted),"other"],"description":\#(quoted)},
             "o":{"type":"object","properties":{\#(quoted):{"const":\#(quoted)}},"title":\#(quoted)}}}
            """#)
        let plain = try types(
            #"""
            {"title":"x y","description":"x y","type":"object","properties":{
             "a":{"type":"string","description":"x y","default":"x y","title":"x y"},
             "e":{"enum":["x y","other"],"description":"x y"},"o":{"type":"object","properties":{"x y":{"const":"x y"}},"title":"x y"}}}
            """#)
        for (file, other) in zip(try language.files(for: [template]), try language.files(for: [plain])) {
            let code = code(file.text, language)
            // A builder may have a method `evil(value)`.
            #expect(!code.contains("evil()"), "\(file.name): \(code)")
            // Names differ; the structure does not.
            #expect(brackets(code) == brackets(self.code(other.text, language)), "\(file.text.suffix(2500))")
            #expect(!file.text.unicodeScalars.contains { [0, 0x85, 0x2028, 0x202C, 0x202E].contains($0.value) })
        }
    }

    private func brackets(_ code: String) -> String { code.filter { "(){}[];".contains($0) } }

    /// The source without comments and literals.
    private func code(_ text: String, _ language: Language) -> String {
        var code = ""
        var rest = text[...]
        let hasHash = language == .python || language == .ruby
        while let letter = rest.first {
            if hasHash ? letter == "#" : rest.hasPrefix("//") {
                rest = rest.drop { !$0.isNewline }
            } else if !hasHash, rest.hasPrefix("/*") {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else if letter == "\"" || letter == "'" || letter == "`" {
                rest.removeFirst()
                while let inner = rest.first, inner != letter { rest = rest.dropFirst(inner == "\\" ? 2 : 1) }
                rest = rest.dropFirst()
            } else {
                code.append(letter)
                rest.removeFirst()
            }
        }
        return code
    }
}
