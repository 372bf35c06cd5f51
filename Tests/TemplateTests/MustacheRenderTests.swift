import JSON
import Testing

@testable import Template

/// What `source` renders as in plain text.
private func render(
    _ source: String, _ view: String = "{}", partials: [String: String] = [:], escape: Escape = .none,
    limits: RenderLimits = RenderLimits()
) throws -> String {
    var parsed: [String: Mustache] = [:]
    for (name, source) in partials { parsed[name] = try Mustache(parsing: source, file: name) }
    let template = try Mustache(parsing: source, file: "f")
    let bytes = try template.rendered(try JSON(parsing: view), partials: parsed, escape: escape, limits: limits)
    return String(decoding: bytes, as: UTF8.self)
}

@Suite("Mustache rendering")
struct MustacheRenderTests {
    @Test(
        "Decides what is true",
        arguments: [
            ("null", false), ("false", false), (#""""#, false), ("[]", false), ("true", true), ("0", true),
            ("{}", true),
            (#""a""#, true), ("[null]", true),
        ])
    func truth(value: String, isTrue: Bool) throws {
        #expect(try render("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":\(value)}") == (isTrue ? "yes" : "no"))
    }

    @Test(
        "Renders values",
        arguments: [
            ("1.50", "1.50"), ("12345678901234567890", "12345678901234567890"), ("1e400", "1e400"), ("true", "true"),
            ("null", ""), (#"["<",{"a":1}]"#, #"["<",{"a":1}]"#), (#""a\u0000b""#, "a\u{0}b"),
        ])
    func values(value: String, text: String) throws {
        #expect(try render("{{a}}", "{\"a\":\(value)}") == text)
    }

    @Test("Names are found by code points")
    func codePoints() throws {
        #expect(try render("{{\u{E9}}}-{{e\u{301}}}", #"{"\u00e9":1,"e\u0301":2}"#) == "1-2")
        #expect(throws: TemplateFault.self) { try render("{{#\u{E9}}}x{{/e\u{301}}}", "{}") }
    }

    @Test("Escapes for HTML, and only there")
    func escapes() throws {
        let view = #"{"a":"<b> & \"c\" 'ü'"}"#
        #expect(
            try render("{{a}} {{{a}}}", view, escape: .html)
                == "&lt;b&gt; &amp; &quot;c&quot; &#39;ü&#39; <b> & \"c\" 'ü'")
        #expect(
            try render("<a href={{a}}>", #"{"a":"x onclick=alert`1`"}"#, escape: .html)
                == "<a href=x onclick&#61;alert&#96;1&#96;>")
        #expect(try render("{{a}} {{&a}}", view) == "<b> & \"c\" 'ü' <b> & \"c\" 'ü'")
    }

    @Test(
        "Puts overrides where the blocks are, line by line",
        arguments: [
            // A block on a line of its own: whole lines, however the override was written.
            ("{{<p}}{{$b}}x{{/b}}{{/p}}", "a\n{{$b}}\n  y\n{{/b}}\nc\n", "a\n  x\nc\n"),
            ("{{<p}}{{$b}}\nx\n{{/b}}{{/p}}", "a\n{{$b}}\n  y\n{{/b}}\nc\n", "a\n  x\nc\n"),
            ("{{<p}}{{$b}}{{/b}}{{/p}}", "a\n{{$b}}\n  y\n{{/b}}\nc\n", "a\nc\n"),
            ("{{<p}}{{/p}}", "a\n{{$b}}\n  y\n{{/b}}\nc\n", "a\n  y\nc\n"),
            // Within a line.
            ("{{<p}}{{$b}}x{{/b}}{{/p}}", "a {{$b}}y{{/b}} c\n", "a x c\n"),
            // Indentation of the parent's tag comes on top, blank lines included.
            ("{{=<% %>=}}\n  <%<p%><%$b%>\nx\n\n y\n<%/b%><%/p%>\nz", "{{$b}}\n {{/b}}\n", "  x\n  \n   y\nz"),
            // An override is rendered once for each item, where the block is.
            ("{{<p}}{{$b}}{{.}};{{/b}}{{/p}}", "{{#l}}{{$b}}{{/b}}{{/l}}", "1;2;"),
            ("{{<p}}{{$b}}\n  {{#l}}\n  {{.}}\n  {{/l}}\n{{/b}}{{/p}}", "-\n {{$b}}{{/b}}", "-\n 1\n 2\n"),
            // A block inside an override belongs to the template that it is written in.
            ("{{<p}}{{$b}}{{$b}}in{{/b}}{{/b}}{{/p}}", "{{$b}}{{/b}}", "in"),
            ("{{<p}}{{$b}}[{{$c}}mine{{/c}}]{{/b}}{{$c}}other{{/c}}{{/p}}", "{{$b}}{{/b}}{{$c}}{{/c}}", "[mine]other"),
        ])
    func inheritance(source: String, parent: String, text: String) throws {
        #expect(try render(source, #"{"l":[1,2]}"#, partials: ["p": parent]) == text)
    }

    @Test("A standalone partial's indentation is that of the lines, not of the values")
    func indentation() throws {
        let text = try render(
            " {{>p}}\n", #"{"a":"1\n2","e":""}"#,
            partials: ["p": "{{a}}\n\n{{#a}}\n{{e}}\n{{/a}}{{! c }}z\n  {{>q}}\n", "q": "q\nr"])
        #expect(text == " 1\n2\n \n \n z\n   q\n   r")
    }

    @Test("Recursion follows the data as deep as the data may be")
    func recursion() throws {
        var view = #"{"n":[]}"#
        for _ in 0..<45 { view = "{\"n\":[\(view)]}" }
        let text = try render("{{>t}}", view, partials: ["t": "({{#n}}{{>t}}{{/n}})"])
        #expect(text == String(repeating: "(", count: 46) + String(repeating: ")", count: 46))
    }
}

@Suite("Mustache limits")
struct MustacheLimitTests {
    @Test("Endless recursion ends at the depth limit", arguments: ["{{>t}}", "{{<t}}{{/t}}", "{{#a}}{{>t}}{{/a}}"])
    func depth(source: String) {
        #expect(throws: RenderLimit.depth(400)) {
            try render("{{>t}}", #"{"a":1}"#, partials: ["t": "  x\n  \(source)\n"])
        }
    }

    @Test("Two templates that extend each other end at the depth limit")
    func mutualParents() {
        #expect(throws: RenderLimit.depth(400)) {
            try render(
                "{{<a}}{{/a}}",
                partials: ["a": "{{<b}}{{$x}}{{<a}}{{/a}}{{/x}}{{/b}}", "b": "{{$x}}{{/x}}{{<a}}{{$x}}1{{/x}}{{/a}}"])
        }
    }

    @Test("Output ends at the limit, and what fits is rendered")
    func output() throws {
        var limits = RenderLimits()
        limits.output = 10
        #expect(try render("{{#l}}12345{{/l}}", #"{"l":[1,2]}"#, limits: limits) == "1234512345")
        #expect(try render("{{a}}", #"{"a":"1234567890"}"#, limits: limits) == "1234567890")
        #expect(throws: RenderLimit.output(10)) { try render("{{#l}}12345{{/l}}", #"{"l":[1,2,3]}"#, limits: limits) }
        #expect(throws: RenderLimit.output(10)) { try render("{{a}}", #"{"a":"12345678901"}"#, limits: limits) }
        #expect(throws: RenderLimit.output(10)) { try render("{{a}}", #"{"a":"<<<"}"#, escape: .html, limits: limits) }
        #expect(throws: RenderLimit.output(10)) { try render("{{a}}", #"{"a":["123456789"]}"#, limits: limits) }
        #expect(throws: RenderLimit.output(10)) { try render("{{a}}", #"{"a":12345678901}"#, limits: limits) }
    }

    @Test("A large list times itself ends, with output and without")
    func multiplied() throws {
        let list = "[" + Array(repeating: "1", count: 5_000).joined(separator: ",") + "]"
        #expect(throws: RenderLimit.output(16 << 20)) {
            let text = String(repeating: "some text of a few words ", count: 10)
            _ = try render("{{#l}}{{#l}}\(text){{/l}}{{/l}}", "{\"l\":\(list)}")
        }
        #expect(throws: RenderLimit.steps(2_000_000)) { try render("{{#l}}{{#l}}{{/l}}{{/l}}", "{\"l\":\(list)}") }
    }

    @Test("A large object that is searched again and again ends")
    func manyMembers() throws {
        let members = (0..<5_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        let list = Array(repeating: "1", count: 5_000).joined(separator: ",")
        #expect(throws: RenderLimit.steps(2_000_000)) {
            try render("{{#l}}{{missing}}{{/l}}", "{\"l\":[\(list)],\(members)}")
        }
    }
}
