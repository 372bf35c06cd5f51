import Scratch
import Testing

/// A kind of fault, the files that have it, and what the built `outspool check` says of it, all it says.
struct FaultCase: CustomTestStringConvertible, Sendable {
    let kind: String
    let files: [String: String?]
    let lines: [String]

    init(_ kind: String, _ files: [String: String?], _ lines: String...) {
        self.kind = kind
        self.files = files
        self.lines = lines
    }

    var testDescription: String { kind }
}

@Suite("Template faults, as the command finds them", .serialized, .ownThreads)
struct TemplateFaultTests {
    @Test("What cannot be read or parsed", arguments: malformedCases)
    func malformed(fault: FaultCase) throws { try expect(fault) }

    @Test("Names that are not declared", arguments: undeclaredCases)
    func undeclared(fault: FaultCase) throws { try expect(fault) }

    @Test("Names that are not what they are used as", arguments: misusedCases)
    func misused(fault: FaultCase) throws { try expect(fault) }

    @Test("Names that may not be there", arguments: optionalCases)
    func optional(fault: FaultCase) throws { try expect(fault) }

    @Test("What is left over, or left behind", arguments: leftOverCases)
    func leftOver(fault: FaultCase) throws { try expect(fault) }

    private static func stray(_ place: String, _ name: String, _ inside: String) -> String {
        "\(place): warning: '\(name)' inside \(inside) does not replace that of 'frame' and stands in the body: "
            + "only a block at the top level of the HTML does"
    }

    private static func bare(_ place: String, _ name: String) -> String {
        "\(place): warning: '\(name)' stands in an attribute without quotation marks: a space in it begins another attribute"
    }

    private func expect(_ fault: FaultCase) throws {
        let root = try TemplateRoot(fault.files)
        #expect(try root.lines() == fault.lines)
        let isError = fault.lines.contains { $0.contains(": error: ") }
        #expect(try root.check().status == (isError ? 78 : 0))
    }

    private static func text(_ kind: String, _ text: String, _ lines: String...) -> FaultCase {
        FaultCase(kind, ["t/text.mustache": text], lines)
    }

    private static let malformedCases = [
        text("section not closed", "Hello\n  {{#name}}", "t/text.mustache:2:3: error: 'name' is not closed"),
        text(
            "closed, not opened", "{{name}}{{/name}}", "t/text.mustache:1:9: error: 'name' is closed but was not opened"
        ),
        text(
            "closed in the wrong order", "{{#a}}\n{{#b}}\n{{/a}}",
            "t/text.mustache:3:1: error: 'a' is closed where 'b' of 2:1 is open"),
        text("tag not closed", "Hello {{name", "t/text.mustache:1:7: error: '{{' is not closed"),
        text("tag without a name", "\n{{ }}", "t/text.mustache:2:1: error: a tag without a name"),
        text(
            "a helper of another language", "{{#if name}}",
            "t/text.mustache:1:1: error: 'if name' is not a name: white space inside"),
        text("bad name", "{{a..b}}", "t/text.mustache:1:1: error: 'a..b' is not a name: a part is empty"),
        text(
            "bad delimiters", "{{=<%=}}",
            "t/text.mustache:1:1: error: bad delimiters; new ones are set like {{=<% %>=}}"),
        text(
            "missing partial", "Hello\n{{>sign}}",
            "t/text.mustache:2:1: error: partial or layout 'sign' not found"),
        FaultCase(
            "missing partial of a partial", ["t/text.mustache": "{{name}}{{>a}}", "_partials/a.mustache": "\n {{>b}}"],
            "_partials/a.mustache:2:2: error: partial or layout 'b' not found"),
        FaultCase(
            "missing image", ["t/html.mustache": "<p>\n<img src=\"cid:lgo.png\">", "t/logo.png": ""],
            "t/html.mustache:2:15: error: file 'lgo.png' not found"),
        FaultCase(
            "missing attachment", ["t/template.conf": "ttl = 1h\nattachments = terms.pdf"],
            "t/template.conf:2: error: 'attachments': file 'terms.pdf' not found"),
        FaultCase(
            "no page to unsubscribe at", ["t/template.conf": "list_unsubscribe = mailto:a@b.c, http://x.example"],
            "t/template.conf:1:34: error: 'list_unsubscribe': 'http://x.example' begins with neither "
                + "https:// nor mailto:"),
        FaultCase(
            "header value not closed", ["t/template.conf": "[headers]\nX-Name = a {{name"],
            "t/template.conf:2:12: error: '{{' is not closed"),
        FaultCase(
            "endless partial", ["t/text.mustache": "{{>a}}", "t/a.mustache": "x\n{{>a}}"],
            "t/a.mustache:2:1: error: 'a' includes itself without end"),
        FaultCase(
            "missing layout", ["t/html.mustache": "h", "t/template.conf": "# x\nlayout = frame"],
            "t/template.conf:2: error: layout 'frame' not found"),
        FaultCase(
            "layout without a body",
            [
                "t/html.mustache": "h", "t/template.conf": "layout = frame",
                "_layouts/frame.mustache": "{{$bdy}}{{/bdy}}",
            ],
            "t/template.conf:1: error: the layout 'frame' has no block 'body'"),
        FaultCase("no subject", ["t/subject.mustache": nil], "t: error: no subject.mustache"),
        FaultCase(
            "neither text nor html", ["t/text.mustache": nil], "t: error: neither text.mustache nor html.mustache"),
        FaultCase(
            "no language tag", ["t/text.d-.mustache": ""],
            "t/text.d-.mustache: error: 'd-' is not a language tag like de or de-AT"),
        FaultCase(
            "two files of one locale", ["t/text.de.mustache": "", "t/text.DE.mustache": ""],
            "t/text.de.mustache: error: of the same locale as text.DE.mustache"),
        FaultCase(
            "unknown key", ["t/template.conf": "ttl = 1h\n\nreplyto = a@example.com"],
            "t/template.conf:3: error: unknown key 'replyto'; did you mean 'reply_to'?"),
        FaultCase(
            "bad value", ["t/template.conf": "priority = urgent"],
            "t/template.conf:1: error: 'priority' is high or normal or bulk, not 'urgent'"),
        FaultCase(
            "schema that is no JSON", ["t/schema.json": "{\n  \"type\" \"object\"}"],
            "t/schema.json:2:10: error: '\"' where ':' should be"),
        FaultCase(
            "unknown keyword", ["t/schema.json": TemplateRoot.schema(#""x": {"tpye": "string"}"#)],
            "t/schema.json:4:7: error: #/properties/x/tpye: unknown keyword; did you mean 'type'?"),
        FaultCase(
            "unsupported keyword", ["t/schema.json": "{\"type\": \"object\",\n \"not\": {}}"],
            "t/schema.json:2:2: error: #/not: this keyword is not supported"),
        FaultCase(
            "bad reference", ["t/schema.json": TemplateRoot.schema(##""x": {"$ref": "#/$defs/y"}"##)],
            "t/schema.json:4:7: error: #/properties/x/$ref: no schema stands there"),
        FaultCase(
            "bad pattern", ["t/schema.json": TemplateRoot.schema(#""x": {"type": "string", "pattern": "(a"}"#)],
            "t/schema.json:4:25: error: #/properties/x/pattern: '(' without ')' at character 3"),
        FaultCase(
            "sample that is no JSON", ["t/sample.json": "{\"id\": 1,\n}"],
            "t/sample.json:2:1: error: '}' where a member name should be"),
        FaultCase(
            "sample that does not fit", ["t/sample.json": "{\"id\": 1,\n \"name\": [1]}"],
            "t/sample.json:2:2: error: /name: expected a string, found an array of 1 element"),
        FaultCase(
            "sample that lacks something", ["t/sample.json": "{\"id\": 1}"],
            "t/sample.json:1:1: error: the value: expected a property 'name', found an object "
                + "with 1 property without it"
        ),
    ]
}

extension FaultCase {
    fileprivate init(_ kind: String, _ files: [String: String?], _ lines: [String]) {
        self.kind = kind
        self.files = files
        self.lines = lines
    }
}

extension TemplateFaultTests {
    private static let order = TemplateRoot.schema(
        ##""items": {"type": "array", "items": {"$ref": "#/$defs/item"}}"##,
        #""customer": {"type": "object", "required": ["email"], "properties": {"email": {},"#
            + #" "phone": {"type": "string"}}}"#,
        required: #", "items", "customer""#,
        defs: ##""$defs": {"item": {"type": "object", "required": ["sku"], "properties": {"sku": {}, "note": {}}}}, "##)
    private static let all =
        "{{name}}{{#items}}{{sku}}{{#note}}{{.}}{{/note}}{{/items}}"
        + "{{#customer}}{{email}}{{#phone}}{{.}}{{/phone}}{{/customer}}\n"

    /// A text of an order: `items` with `sku` and perhaps `note`, and `customer` with `email` and perhaps `phone`.
    private static func ordering(_ kind: String, _ text: String, _ lines: String...) -> FaultCase {
        FaultCase(
            kind, ["t/schema.json": order, "t/text.mustache": all + text, "t/sample.json": nil],
            ["t: warning: no sample.json: nothing is rendered"] + lines)
    }

    private static let undeclaredCases = [
        FaultCase(
            "in the subject", ["t/subject.mustache": "{{id}} {{nam}}"],
            "t/subject.mustache:1:8: error: 'nam' is not declared in schema.json; did you mean 'name'?"),
        text(
            "in the text", "{{name}}\n {{Name}}",
            "t/text.mustache:2:2: error: 'Name' is not declared in schema.json; did you mean 'name'?"),
        text(
            "unlike all", "{{name}}{{{colour}}}",
            "t/text.mustache:1:9: error: 'colour' is not "
                + "declared in schema.json"),
        FaultCase(
            "in the html", ["t/html.mustache": "<p>{{&ids}}"],
            "t/html.mustache:1:4: error: 'ids' is not declared in schema.json; did you mean 'id'?"),
        FaultCase(
            "in a header field and a link",
            ["t/template.conf": "list_unsubscribe = https://x/{{nme}}\n[headers]\nX-A = {{x}}"],
            "t/template.conf:1:30: error: 'nme' is not declared in schema.json; did you mean 'name'?",
            "t/template.conf:3:7: error: 'x' is not declared in schema.json"),
        FaultCase(
            "in a partial",
            ["t/text.mustache": "{{name}}{{>a}}", "t/html.mustache": "{{>a}}", "t/a.mustache": "\n{{x}}"],
            "t/a.mustache:2:1: error: 'x' is not declared in schema.json"),
        FaultCase(
            "in a shared partial", ["t/text.mustache": "{{name}}{{>a}}", "_partials/a.mustache": "\n{{x}}"],
            "_partials/a.mustache:2:1: error: 'x' is not declared in schema.json [t]"),
        FaultCase(
            "in a layout",
            [
                "t/html.mustache": "h", "t/template.conf": "layout = frame",
                "_layouts/frame.mustache": "{{title}}{{$body}}{{/body}}",
            ],
            "_layouts/frame.mustache:1:1: error: 'title' is not declared in schema.json [t]"),
        FaultCase(
            "in the body of a layout",
            [
                "t/html.mustache": "h\n {{title}}", "t/template.conf": "layout = frame",
                "_layouts/frame.mustache": "{{$body}}{{gone}}{{/body}}",
            ],
            "t/html.mustache:2:2: error: 'title' is not declared in schema.json"),
        FaultCase(
            "in an override",
            [
                "t/text.mustache": "{{name}}{{<p}}{{$a}}\n{{x}}{{/a}}{{/p}}", "t/p.mustache": "{{$a}}{{never}}{{/a}}",
            ],
            "t/text.mustache:2:1: error: 'x' is not declared in schema.json"),
        FaultCase(
            "in a default that nothing overrides",
            ["t/text.mustache": "{{name}}{{<p}}{{/p}}", "t/p.mustache": "{{$a}}{{x}}{{/a}}"],
            "t/p.mustache:1:7: error: 'x' is not declared in schema.json"),
        FaultCase(
            "in a locale's variant",
            ["t/text.de.mustache": "{{name}}{{x}}", "t/subject.de.mustache": "{{id}} {{y}}"],
            "t/subject.de.mustache:1:8: error: 'y' is not declared in schema.json",
            "t/text.de.mustache:1:9: error: 'x' is not declared in schema.json"),
        text(
            "as a section, once", "{{name}}{{#x}}{{y}}{{z.a}}{{/x}}",
            "t/text.mustache:1:9: error: 'x' is not declared in schema.json"),
        text(
            "as an inverted section", "{{name}}{{^x}}none{{/x}}",
            "t/text.mustache:1:9: error: 'x' is not declared in schema.json"),
        ordering(
            "in an object", "{{customer.emial}}",
            "t/text.mustache:2:1: error: 'customer.emial' is not declared in schema.json; did "
                + "you mean 'customer.email'?"
        ),
        ordering(
            "in an array's element", "{{#items}}{{sky}}{{/items}}",
            "t/text.mustache:2:11: error: 'sky' is not declared in schema.json; did you mean 'sku'?"),
        ordering(
            "of an element outside", "{{sku}}", "t/text.mustache:2:1: error: 'sku' is not declared in schema.json"),
        FaultCase(
            "additional, but not announced",
            [
                "t/schema.json": #"{"additionalProperties": true, "required": ["id", "name"]}"#,
                "t/text.mustache": "{{name}}{{x}}",
            ],
            "t/text.mustache:1:9: error: 'x' is not declared in schema.json"),
    ]

    private static let misusedCases = [
        ordering(
            "array as a text", "{{items}}",
            "t/text.mustache:2:1: error: 'items' is an array and no text: its elements are shown inside {{#items}}"),
        ordering(
            "object as a text", "{{customer}}",
            "t/text.mustache:2:1: error: 'customer' is an object and no text: name what is in "
                + "it, such as 'customer.email'"
        ),
        ordering(
            "object as a text, in its section", "{{#customer}}{{.}}{{/customer}}",
            "t/text.mustache:2:14: error: '.' is an object and no text: name what is in it, such as 'email'"),
        ordering(
            "all parameters as a text", "{{.}}",
            "t/text.mustache:2:1: error: '.' is an object and no text: name what is in it, such as 'id'"),
        ordering(
            "name inside an array", "{{items.sku}}",
            "t/text.mustache:2:1: error: 'items.sku' is nothing: 'items' is an array; what its "
                + "elements have is used inside {{#items}}"
        ),
        ordering(
            "name inside a number", "{{id.x}}", "t/text.mustache:2:1: error: 'id.x' is nothing: 'id' is an integer"),
        FaultCase(
            "secret in the subject",
            [
                "t/schema.json": TemplateRoot.schema(
                    #""code": {"type": "string", "writeOnly": true}"#, required: #", "code""#),
                "t/sample.json": #"{"id": 1, "name": "Z", "code": "1"}"#, "t/subject.mustache": "{{id}}: {{code}}",
            ],
            "t/subject.mustache:1:9: warning: 'code' is a secret (writeOnly), and this line is "
                + "shown in notifications and kept in logs"
        ),
        FaultCase(
            "secret in a header field, and in a link that only the reader sees",
            [
                "t/schema.json": TemplateRoot.schema(
                    #""code": {"type": "string", "writeOnly": true}"#, required: #", "code""#),
                "t/sample.json": #"{"id": 1, "name": "Z", "code": "1"}"#,
                "t/template.conf": "list_unsubscribe = https://x/{{code}}\n[headers]\nX-Code = {{code}}",
            ],
            "t/template.conf:3:10: warning: 'code' is a secret (writeOnly), and this line is "
                + "shown in notifications and kept in logs"
        ),
        FaultCase(
            "sample that makes no link", ["t/template.conf": "list_unsubscribe = https://x/{{name}}"],
            "t/template.conf: error: with sample.json list_unsubscribe has a character that an URI would have to "
                + "encode: 'https://x/Zo\u{EB}'"),
        FaultCase(
            "override without a block",
            [
                "t/text.mustache": "{{<p}}\n {{$hrf}}{{name}}{{/hrf}}{{/p}}",
                "t/p.mustache": "{{name}}{{$href}}{{/href}}",
            ],
            "t/text.mustache:2:2: warning: 'p' has no block 'hrf' that this could replace; did you mean 'href'?"),
        ordering("used as what they are", "{{#id}}{{id}}{{.}}{{/id}}{{^items}}none{{/items}}{{customer.email}}"),
    ]

    private static let optionalCases = [
        ordering(
            "not guarded", "{{customer.phone}}",
            "t/text.mustache:2:1: warning: 'customer.phone' is optional; show it inside {{#customer.phone}}"
        ),
        ordering(
            "not guarded in an element", "{{#items}}\n{{note}}{{/items}}",
            "t/text.mustache:3:1: warning: 'note' is optional; show it inside {{#note}}"
        ),
        ordering("guarded", "{{#customer.phone}}{{customer.phone}}{{.}}{{/customer.phone}}"),
        ordering("guarded by another way", "{{#customer.phone}}{{#customer}}{{phone}}{{/customer}}{{/customer.phone}}"),
        ordering(
            "guarded, and its alternative", "{{#items}}{{#note}}{{note}}{{/note}}{{^note}}none{{/note}}{{/items}}"),
        ordering(
            "in its inverted section", "{{^customer.phone}}{{customer.phone}}{{/customer.phone}}",
            "t/text.mustache:2:20: warning: 'customer.phone' is never there inside its inverted section"),
        ordering(
            "guarded in one element, used in another",
            "{{#items}}{{#note}}x{{/note}}{{/items}}{{#items}}{{note}}{{/items}}",
            "t/text.mustache:2:50: warning: 'note' is optional; show it inside {{#note}}"
        ),
        FaultCase(
            "null",
            [
                "t/schema.json": TemplateRoot.schema(#""nick": {"type": ["string", "null"]}"#, required: #", "nick""#),
                "t/text.mustache": "{{name}}{{nick}}", "t/sample.json": #"{"id": 1, "name": "Z", "nick": null}"#,
            ],
            "t/text.mustache:1:9: warning: 'nick' may be null; show it inside {{#nick}}"
        ),
    ]

    private static let leftOverCases = [
        FaultCase(
            "declared and not used",
            [
                "t/schema.json": TemplateRoot.schema(#""old": {"type": "string"}"#, #""older": {"deprecated": true}"#)
            ], "t/schema.json:4:1: warning: 'old' is declared and not used"),
        FaultCase(
            "declared inside and not used",
            [
                "t/schema.json": TemplateRoot.schema(
                    #""items": {"type": "array", "items": {"properties": {"# + "\n" + #""sku": {}, "price": {}}}}"#),
                "t/text.mustache": "{{name}}{{#items}}{{#sku}}{{.}}{{/sku}}{{/items}}",
            ], "t/schema.json:5:12: warning: 'price' is declared and not used"),
        FaultCase("no schema", ["t/schema.json": nil], "t: warning: no schema.json: names are not checked"),
        FaultCase("no sample", ["t/sample.json": nil], "t: warning: no sample.json: nothing is rendered"),
        FaultCase(
            "misspelt part", ["t/htlm.mustache": "h", "t/txt.de.mustache": "h"],
            "t/htlm.mustache: warning: not used; did you mean 'html.mustache'?",
            "t/txt.de.mustache: warning: not used; did you mean 'text.de.mustache'?"),
        FaultCase(
            "misspelt schema", ["t/schema.json": nil, "t/shema.json": "{}"],
            "t: warning: no schema.json: names are not checked",
            "t/shema.json: warning: not used; did you mean 'schema.json'?"),
        FaultCase(
            "image that no html shows",
            [
                "t/html.mustache": "<img src=\"cid:a.png\">{{>p}}", "t/p.mustache": "<img src='cid:b.png'>",
                "t/a.png": "",
                "t/b.png": "", "t/c.png": "",
            ], "t/c.png: warning: not used"),
        FaultCase(
            "shared partial and layout that nothing uses",
            [
                "t/text.mustache": "{{name}}{{>a}}", "_partials/a.mustache": "", "_partials/b.mustache": "{{x}}",
                "_layouts/c.mustache": "",
            ],
            "_layouts/c.mustache: warning: not used by any template",
            "_partials/b.mustache: warning: not used by any template"),
        FaultCase(
            "block that the layout does not have",
            [
                "t/html.mustache": "{{$titel}}T{{/titel}}{{$own}}{{/own}}h", "t/template.conf": "layout = frame",
                "_layouts/frame.mustache": "{{$title}}{{/title}}{{$body}}{{/body}}",
            ],
            "t/html.mustache:1:1: warning: 'frame' has no block 'titel' that this could "
                + "replace; did you mean 'title'?"),
        FaultCase(
            "blocks that cannot replace the layout's",
            [
                "t/html.mustache":
                    "{{#name}}{{$title}}A{{/title}}{{/name}}{{>p}}\n{{$title}}{{$body}}{{/body}}{{/title}}"
                    + "{{<card}}{{$title}}mine{{/title}}{{$own}}{{$title}}{{/title}}{{/own}}{{/card}}{{>card}}",
                "t/template.conf": "layout = frame", "t/p.mustache": "\n{{$title}}B{{/title}}",
                "_partials/card.mustache": "{{$title}}c{{/title}}{{$own}}{{/own}}",
                "_layouts/frame.mustache": "{{>head}}{{$body}}{{/body}}",
                "_partials/head.mustache": "{{$title}}{{/title}}",
            ],
            stray("t/html.mustache:1:10", "title", "{{#name}}"),
            stray("t/html.mustache:2:11", "body", "the block 'title'"),
            stray("t/html.mustache:2:80", "title", "{{<card}}"), stray("t/p.mustache:2:1", "title", "a partial")),
        FaultCase(
            "attributes without quotation marks",
            [
                "t/html.mustache": "<a href={{name}}>{{>p}}", "t/p.mustache": "\n <img alt=a{{id}}>",
            ],
            bare("t/html.mustache:1:9", "name"), bare("t/p.mustache:2:12", "id")),
        FaultCase(
            "locale of one part only", ["t/text.de.mustache": "Hallo {{name}}"],
            "t/text.de.mustache: warning: subject.de.mustache is missing: such mails are in two languages"),
        FaultCase(
            "locale that another stands in for",
            [
                "t/text.de-AT.mustache": "Servus {{name}}", "t/subject.de.mustache": "Bestellung {{id}}",
                "t/text.de.mustache": "{{name}}",
            ]
        ),
        FaultCase(
            "subject without words of its own",
            ["t/subject.mustache": "{{id}}", "t/text.de.mustache": "Hallo {{name}}"]),
        FaultCase(
            "translation that leaves a name out",
            ["t/subject.de.mustache": "Bestellung", "t/text.de.mustache": "Hallo {{name}}"],
            "t/subject.de.mustache: warning: does not use 'id', unlike subject.mustache"),
    ]
}
