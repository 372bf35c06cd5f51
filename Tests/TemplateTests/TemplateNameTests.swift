import JSON
import Schema
import Testing
import Text

@testable import Template

@Suite("Names against a schema")
struct TemplateNameTests {
    private func check(
        _ text: String, _ schema: String, partials: [String: String] = [:], isPublic: Bool = false
    ) throws -> NameCheck {
        NameCheck(
            try Mustache(parsing: text, file: "f"),
            partials: try Dictionary(uniqueKeysWithValues: partials.map { ($0, try Mustache(parsing: $1, file: $0)) }),
            schema: try Schema(parsing: try JSON(parsing: schema)), isPublic: isPublic)
    }

    private func places(_ text: String, _ schema: String, partials: [String: String] = [:]) throws -> [String] {
        try check(text, schema, partials: partials).findings.map { finding in
            "\(finding.file):\(finding.line ?? 0):\(finding.column ?? 0) \(finding.severity.rawValue)"
        }
    }

    private static let order = """
        {"required": ["id", "lines", "who", "any", "or", "flag", "maybe", "grid", "tree", "words", "extra", "size"],
         "properties": {
           "id": {"type": ["integer", "string"]},
           "lines": {"type": "array", "items": {"type": "object", "required": ["sku", "id"],
                     "properties": {"sku": {"type": "string"}, "id": {"type": "object", "properties": {"a": {}}}}}},
           "who": {"allOf": [{"type": "object", "properties": {"name": {"type": "string"}}}, {"required": ["name"]}]},
           "any": {}, "opt": {"type": "string"},
           "or": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}},
                            {"type": "object", "required": ["k"], "properties": {"k": {}}}]},
           "flag": {"type": "boolean"}, "maybe": {"type": ["string", "null"]},
           "grid": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
           "tree": {"$ref": "#/$defs/node"}, "words": {"type": "array"}, "never": false,
           "extra": {"type": "object", "additionalProperties": {"type": "string"}},
           "open": {"type": "object", "additionalProperties": true}, "size": {"enum": ["S", "M"]}},
         "$defs": {"node": {"type": "object", "required": ["label"], "properties": {
                     "label": {"type": "string"}, "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}}}
        """

    @Test(
        "What the schema allows has no finding",
        arguments: [
            "", "text", "{{id}}{{{id}}}{{&id}}", "{{! nmae }}", "{{#lines}}{{sku}}{{/lines}}",
            // The inner `id` is the object; the outer one is hidden.
            "{{#lines}}{{#id}}{{#a}}{{.}}{{/a}}{{/id}}{{/lines}}", "{{who.name}}{{#who}}{{name}}{{id}}{{/who}}",
            // Whatever may be a text may be shown.
            "{{any}}{{#any}}{{.}}{{/any}}{{or}}", "{{#or}}{{.}}{{#k}}{{.}}{{/k}}{{/or}}", "{{size}}",
            "{{#flag}}{{flag}}{{/flag}}{{^flag}}{{flag}}{{/flag}}", "{{#maybe}}{{maybe}}{{.}}{{/maybe}}",
            "{{#id}}{{id}}{{.}}{{/id}}", "{{#grid}}{{#.}}{{.}}{{/.}}{{/grid}}", "{{#words}}{{.}}{{/words}}",
            "{{#opt}}{{#lines}}{{opt}}{{/lines}}{{/opt}}", "{{^opt}}{{id}}{{/opt}}", "{{#open}}{{id}}{{/open}}",
            // additionalProperties announces any name, and requires none.
            "{{#extra.colour}}{{extra.colour}}{{/extra.colour}}", "{{#extra}}{{#colour}}{{.}}{{/colour}}{{/extra}}",
            "{{tree.label}}{{#tree}}{{#nodes}}{{label}}{{#nodes}}{{label}}{{/nodes}}{{/nodes}}{{/tree}}",
            "{{^lines}}none{{/lines}}{{#lines}}{{/lines}}", "{{$block}}{{id}}{{/block}}",
        ])
    func allowed(text: String) throws { #expect(try places(text, Self.order) == []) }

    @Test(
        "What it does not is found where it stands",
        arguments: [
            ("{{x}}", ["f:1:1 error"]), ("\n é{{x}}{{id}}{{x}}", ["f:2:4 error", "f:2:15 error"]),
            ("{{#x}}{{y}}{{#z}}{{.}}{{/z}}{{id}}{{/x}}", ["f:1:1 error"]),
            ("{{^x}}{{y}}{{/x}}", ["f:1:1 error", "f:1:7 error"]),
            ("{{never}}", ["f:1:1 error"]), ("{{open.x}}", ["f:1:1 error"]), ("{{any.x}}", ["f:1:1 error"]),
            ("{{lines}}", ["f:1:1 error"]), ("{{tree}}", ["f:1:1 error"]), ("{{.}}", ["f:1:1 error"]),
            ("{{#lines}}{{.}}{{/lines}}", ["f:1:11 error"]), ("{{#grid}}{{.}}{{/grid}}", ["f:1:10 error"]),
            ("{{#lines}}{{id}}{{/lines}}", ["f:1:11 error"]), ("{{#lines}}{{who}}{{/lines}}", ["f:1:11 error"]),
            ("{{lines.sku}}", ["f:1:1 error"]), ("{{id.x}}", ["f:1:1 error"]), ("{{flag.x.y}}", ["f:1:1 error"]),
            ("{{#who}}{{sku}}{{/who}}", ["f:1:9 error"]), ("{{#opt}}{{length}}{{/opt}}", ["f:1:9 error"]),
            ("{{opt}}", ["f:1:1 warning"]), ("{{maybe}}", ["f:1:1 warning"]), ("{{or.k}}", ["f:1:1 warning"]),
            ("{{extra.colour}}", ["f:1:1 warning"]), ("{{#tree}}{{nodes}}{{/tree}}", ["f:1:10 error"]),
            ("{{^opt}}{{opt}}{{#opt}}{{opt}}{{/opt}}{{/opt}}", ["f:1:9 warning", "f:1:16 warning"]),
            ("{{^opt}}{{#lines}}{{opt}}{{/lines}}{{/opt}}", ["f:1:19 warning"]),
            ("{{#opt}}{{/opt}}{{opt}}", ["f:1:17 warning"]), ("{{^opt}}{{/opt}}{{opt}}", ["f:1:17 warning"]),
            ("{{#or}}{{k}}{{/or}}", ["f:1:8 warning"]),
        ] as [(String, [String])])
    func found(text: String, expected: [String]) throws { #expect(try places(text, Self.order) == expected) }

    @Test(
        "Partials, parents and blocks are gone through as they are rendered",
        arguments: [
            ("{{>p}}{{#lines}}{{>p}}{{/lines}}", ["p": "{{sku}}"], ["p:1:1 error"]),
            ("{{#lines}}{{>p}}{{/lines}}", ["p": "{{sku}}"], []),
            ("{{<p}}{{$a}}{{x}}{{/a}}{{/p}}", ["p": "{{$a}}{{y}}{{/a}}"], ["f:1:13 error"]),
            ("{{<p}}{{/p}}", ["p": "{{$a}}{{y}}{{/a}}"], ["p:1:7 error"]),
            // The block stands inside the section, so the override is rendered there.
            ("{{<p}}{{$a}}{{sku}}{{/a}}{{/p}}", ["p": "{{#lines}}{{$a}}{{/a}}{{/lines}}"], []),
            // The outer parent wins, and the inner one's override is never rendered.
            (
                "{{<p}}{{$a}}{{id}}{{/a}}{{/p}}", ["p": "{{<q}}{{$a}}{{x}}{{/a}}{{/q}}", "q": "{{$a}}{{y}}{{/a}}"], []
            ),
            // What is in an override is not overridden by itself.
            ("{{<p}}{{$a}}{{$a}}{{x}}{{/a}}{{/a}}{{/p}}", ["p": "{{$a}}{{/a}}"], ["f:1:19 error"]),
            ("{{<p}}{{$b}}{{id}}{{/b}}{{/p}}", ["p": "{{$a}}{{/a}}"], ["f:1:7 warning"]),
            ("{{<p}}{{$b}}{{id}}{{/b}}{{/p}}", ["p": "{{>q}}", "q": "{{$b}}{{/b}}"], []),
            ("{{#tree}}{{>n}}{{/tree}}", ["n": "{{label}}{{#nodes}}{{>n}}{{/nodes}}"], []),
            (
                "{{#tree}}{{>n}}{{/tree}}", ["n": "{{label}}{{lable}}{{#nodes}}{{>n}}{{/nodes}}"],
                ["n:1:10 error"]
            ),
            ("{{#opt}}{{>p}}{{/opt}}", ["p": "{{opt}}"], []),
            ("{{>p}}{{#opt}}{{>p}}{{/opt}}", ["p": "{{opt}}"], ["p:1:1 warning"]),
            ("{{#opt}}{{>p}}{{/opt}}{{>p}}", ["p": "{{opt}}"], ["p:1:1 warning"]),
        ] as [(String, [String: String], [String])])
    func inclusions(text: String, partials: [String: String], expected: [String]) throws {
        #expect(try places(text, Self.order, partials: partials) == expected)
    }

    @Test("An inner name that need not be there lets the outer one through")
    func shadows() throws {
        func schema(_ inner: String) -> String {
            """
            {"required": ["note", "items"], "properties": {"note": {"type": "string"}, "items": {"type": "array",
             "items": {"type": "object", \(inner) "properties": {"note": {"type": "array"}}}}}}
            """
        }
        let text = "{{#items}}{{note}}{{/items}}"
        #expect(try places(text, schema("")) == [])
        #expect(try places(text, schema(#""required": ["note"],"#)) == ["f:1:11 error"])
        #expect(
            try check(text, schema("")).used == [
                "/properties/note", "/properties/items", "/properties/items/items/properties/note",
            ])
    }

    @Test("A secret, or what is inside one, is for the reader only")
    func secrets() throws {
        let schema = """
            {"required": ["code", "card"], "properties": {"code": {"writeOnly": true}, "card": {
             "type": "object", "writeOnly": true, "required": ["pan"], "properties": {"pan": {}}}}}
            """
        for text in ["{{code}}", "{{card.pan}}", "{{#card}}{{pan}}{{/card}}", "{{#code}}{{.}}{{/code}}"] {
            #expect(try check(text, schema).findings == [])
            let findings = try check(text, schema, isPublic: true).findings
            #expect(findings.map(\.severity) == [.warning], "\(findings)")
        }
        #expect(try check("{{#code}}yes{{/code}}", schema, isPublic: true).findings == [])
    }

    @Test("A property counts as used where it is declared, through references and combinations")
    func used() throws {
        #expect(
            try check("{{#tree.nodes}}{{label}}{{/tree.nodes}}{{who.name}}{{x}}", Self.order).used == [
                "/properties/tree", "/$defs/node/properties/nodes", "/$defs/node/properties/label", "/properties/who",
                "/properties/who/allOf/0/properties/name", "/properties/who/allOf/1/required/0",
            ])
    }

    @Test("Properties that nothing uses, each once and none inside another")
    func unused() throws {
        let schema = try Schema(
            parsing: try JSON(
                parsing: """
                    {"$ref": "#/$defs/base", "properties": {"a": {"$ref": "#/$defs/pair"},
                      "b": {"$ref": "#/$defs/pair"},
                      "c": {"properties": {"inside": {}}}, "d": false, "e": {"deprecated": true}}, "required": ["only"],
                     "$defs": {"pair": {"properties": {"x": {}, "y": {}}}, "base": {"properties": {"f": {}}}}}
                    """))
        func names(_ used: Set<String>) -> Set<String> {
            Set(schema.unusedProperties(Set(used.map { ExactText($0) })).map(\.pointer))
        }
        #expect(
            names([]) == ["/properties/a", "/properties/b", "/properties/c", "/required/0", "/$defs/base/properties/f"])
        #expect(
            names(["/properties/a", "/properties/b", "/$defs/pair/properties/x", "/properties/c", "/required/0"]) == [
                "/$defs/pair/properties/y", "/properties/c/properties/inside", "/$defs/base/properties/f",
            ])
        #expect(schema.unusedProperties([]).count == 5)
    }

    @Test("Partials that include each other many times cost no more than those that do not")
    func bounded() throws {
        var partials: [String: String] = ["p40": "{{x}}"]
        for level in 0..<40 { partials["p\(level)"] = String(repeating: "{{>p\(level + 1)}}", count: 20) }
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try places("{{>p0}}", Self.order, partials: partials) == ["p40:1:1 error"])
        #expect(clock.now - start < .seconds(5))
        // In sections that differ each inclusion has a view of its own; then it gives up and says so.
        for level in 0..<40 {
            partials["p\(level)"] =
                ["{{#id}}", "{{/id}}{{#lines}}", "{{/lines}}{{^opt}}", "{{/opt}}"].joined(
                    separator: "{{>p\(level + 1)}}")
        }
        let findings = try check("{{>p0}}", Self.order, partials: partials).findings
        #expect(findings.contains { $0.message.hasPrefix("too large") } || findings.count == 1)
    }
}
