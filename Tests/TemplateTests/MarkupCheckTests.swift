import Testing

@testable import Template

@Suite("Attributes and blocks of an HTML")
struct MarkupCheckTests {
    private func mustache(_ source: String, _ file: String) throws -> Mustache {
        try Mustache(parsing: source, file: file)
    }

    private func attributes(_ html: String, _ partials: [String: String] = [:]) throws -> [String] {
        var parsed: [String: Mustache] = [:]
        for (name, source) in partials { parsed[name] = try mustache(source, name) }
        let part = Template.Part(kind: .html, locale: nil, mustache: try mustache(html, "html"), partials: parsed)
        return AttributeCheck(part).findings.map { "\($0.file):\($0.line ?? 0):\($0.column ?? 0)" }
    }

    @Test(
        "A value without quotation marks is found wherever it stands",
        arguments: [
            ("<a href={{u}}>", ["html:1:9"]), ("<a href={{{u}}}>", ["html:1:9"]), ("<a href={{&u}}>", ["html:1:9"]),
            ("<p class=a\nid = {{u}} title=x-{{v}}>", ["html:2:6", "html:2:20"]),
            ("<a href={{u}}{{v}}>", ["html:1:9", "html:1:14"]), ("<A\nHREF={{#u}}{{.}}{{/u}}>", ["html:2:12"]),
            ("<!-- <a href={{u}}> --><a href={{v}}>", ["html:1:32"]),
            ("<style>a{b=c}</style ><a href={{v}}>", ["html:1:31"]), ("<a b='>' href={{v}}>", ["html:1:15"]),
            ("<{{t}} a={{v}}>", ["html:1:10"]), ("<a href=x/{{#a}}1{{/a}}{{v}}>", ["html:1:24"]),
        ])
    func finds(html: String, places: [String]) throws { #expect(try attributes(html) == places) }

    @Test(
        "What is quoted, or no attribute, is not found",
        arguments: [
            "<a href=\"{{u}}\">", "<a href='{{u}}'>{{v}}={{w}}", "a={{u}}", "<a {{x}}>{{y}}", "<a href=x>{{u}}</a>",
            "<!-- a={{u}} -->", "<script>if (a<b c={{u}}) x</script>", "<a title='=' b>{{u}}",
            "<title>a<b c={{u}}</title>",
            "<a href={{#a}}\"{{x}}\"{{/a}}\n{{^a}}\"{{y}}\"{{/a}}>", "<a {{#a}}href=\"{{x}}\"{{/a}}>", "<3 a={{u}}",
            "</ a={{u}}>", "<!doctype a={{u}}>", "<? a={{u}}>", "<a href='x'/ b=\"{{u}}\">",
        ])
    func passes(html: String) throws { #expect(try attributes(html) == []) }

    @Test("Partials, layouts and overrides are gone through, each in its own file")
    func includes() throws {
        #expect(try attributes("<a href={{>p}}>", ["p": "{{u}}"]) == ["p:1:1"])
        #expect(try attributes("{{>p}}={{u}}>", ["p": "<a href"]) == ["html:1:8"])
        let layout = ["l": "<body style={{$s}}a{{/s}}>{{$body}}{{/body}}"]
        #expect(try attributes("{{<l}}{{$s}}{{v}}{{/s}}{{$body}}{{u}}{{/body}}{{/l}}", layout) == ["html:1:13"])
        #expect(try attributes("{{>p}}", ["p": "<a b={{u}}>{{#x}}{{>p}}{{/x}}"]) == ["p:1:6"])
    }

    @Test("What is included a million times ends")
    func isBounded() throws {
        let partials = Dictionary(
            uniqueKeysWithValues: (0..<30).map { ("p\($0)", "{{>p\($0 + 1)}}{{>p\($0 + 1)}}") } + [
                ("p30", "<a b={{u}}>")
            ])
        #expect(try attributes("{{>p0}}", partials).first == "p30:1:6")
    }
}
