import Testing

@testable import Template

@Suite("Mustache faults")
struct MustacheFaultTests {
    @Test(
        "A malformed template says where and why",
        arguments: [
            ("{{#a}}", "f:1:1: 'a' is not closed"),
            ("x\n  {{#a}}{{#b}}{{/b}}", "f:2:3: 'a' is not closed"),
            ("{{$a}}", "f:1:1: 'a' is not closed"), ("ü{{<a}}", "f:1:3: 'a' is not closed"),
            ("{{/a}}", "f:1:1: 'a' is closed but was not opened"),
            ("{{#a}}\n{{^b}}\n{{/a}}{{/b}}", "f:3:1: 'a' is closed where 'b' of 2:1 is open"),
            ("{{<p}}{{#a}}{{/p}}", "f:1:13: 'p' is closed where 'a' of 1:7 is open"),
            ("Hello {{name", "f:1:7: '{{' is not closed"), ("{{", "f:1:1: '{{' is not closed"),
            ("{{{a}}", "f:1:1: '{{' is not closed"), ("{{! comment }", "f:1:1: '{{' is not closed"),
            ("a\n{{=<% %>=}}\n<%a}}", "f:3:1: '<%' is not closed"),
            ("{{}}", "f:1:1: a tag without a name"), ("{{#  }}", "f:1:1: a tag without a name"),
            ("{{{ }}}", "f:1:1: a tag without a name"), ("{{>}}", "f:1:1: a tag without a name"),
            ("{{=<%=}}", "f:1:1: bad delimiters; new ones are set like {{=<% %>=}}"),
            ("{{= =}}", "f:1:1: bad delimiters; new ones are set like {{=<% %>=}}"),
            ("{{=a b c=}}", "f:1:1: bad delimiters; new ones are set like {{=<% %>=}}"),
            ("{{=a= =b=}}", "f:1:1: bad delimiters; new ones are set like {{=<% %>=}}"),
            ("{{= a", "f:1:1: '{{' is not closed"),
            ("{{#if a}}", "f:1:1: 'if a' is not a name: white space inside"),
            ("{{if\na}}", "f:1:1: 'if\\u{a}a' is not a name: white space inside"),
            ("{{/a\u{1B}[2J}}", "f:1:1: 'a\\u{1b}[2J' is closed but was not opened"),
            ("{{a..b}}", "f:1:1: 'a..b' is not a name: a part is empty"),
            ("{{.a}}", "f:1:1: '.a' is not a name: a part is empty"),
            ("{{#a.}}{{/a.}}", "f:1:1: 'a.' is not a name: a part is empty"),
        ])
    func faults(source: String, description: String) {
        do {
            let template = try Mustache(parsing: source, file: "f")
            Issue.record("parsed as \(template.nodes)")
        } catch {
            #expect(error.description == description)
        }
    }

    @Test("Refuses bytes that are not UTF-8, and says where")
    func invalidUTF8() {
        #expect(throws: TemplateFault(file: "f", line: 2, column: 2, reason: "not valid UTF-8")) {
            try Mustache(parsing: Array("a\nb".utf8) + [0xC3, 0x28], file: "f")
        }
    }

    @Test("Bounds how deep tags are nested")
    func depth() throws {
        let limit = MustacheParser.depthLimit
        func nested(_ depth: Int) -> String {
            String(repeating: "{{#a}}", count: depth) + String(repeating: "{{/a}}", count: depth)
        }
        _ = try Mustache(parsing: nested(limit), file: "f")
        #expect(throws: TemplateFault(file: "f", line: 1, column: limit * 6 + 1, reason: "nested deeper than \(limit)"))
        {
            try Mustache(parsing: nested(100_000), file: "f")
        }
    }

    @Test("Every tag keeps its place")
    func positions() throws {
        let template = try Mustache(parsing: "a {{b}}\r\n  {{#c}}\nü{{>d}}\n{{/c}}", file: "f")
        guard case .variable(let variable) = template.nodes[1], case .section(let section) = template.nodes[3],
            case .partial(let partial) = section.body[1]
        else {
            Issue.record("parsed as \(template.nodes)")
            return
        }
        #expect(variable.position.description == "1:3")
        #expect(section.position.description == "2:3")
        #expect(partial.position.description == "3:3")
    }
}
