import Foundation
import JSON
import Scratch
import Testing
import Time

@testable import Template

/// The text of a rendered part.
private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

@Suite("Template store")
struct TemplateStoreTests {
    @Test("Reads and renders a template with all its files")
    func wholeTemplate() throws {
        let folder = try Scratch([
            "t/subject.mustache": "\n Hi\r\n {{name}} \n", "t/text.mustache": "Hi {{name}}{{>sign}}",
            "t/html.mustache": "{{$title}}T {{name}}{{/title}}<p>{{name}}</p>{{$own}}!{{/own}}{{>sign}}",
            "t/template.conf": """
            from = A <a@example.com>
            reply_to = b@example.com
            ttl = 15m
            priority = high
            on_doubt = hold
            layout = frame
            [headers]
            X-One = 1
            List-Id = <x.example.com>
            """,
            "t/schema.json": #"{"type":"object"}"#, "t/sample.json": #"{"name":"Zoë"}"#,
            "_layouts/frame.mustache": "<title>{{$title}}none{{/title}}</title>{{$body}}empty{{/body}}",
            "_partials/sign.mustache": "-default", "_partials/sign.text.mustache": "-text",
        ])
        let template = try TemplateStore(directory: folder.path).template(named: "t")
        let settings = template.settings
        #expect(settings.from == "A <a@example.com>")
        #expect(settings.replyTo == "b@example.com")
        #expect(settings.ttl == .minutes(15))
        #expect(settings.priority == .high)
        #expect(settings.onDoubt == .hold)
        #expect(
            settings.headers.map { "\($0.name): \($0.value.fixedText ?? "")" } == [
                "X-One: 1", "List-Id: <x.example.com>",
            ])
        #expect(template.terms.violations(of: .init([("name", "Zoë")])).isEmpty)
        #expect(template.schema?.validate("no object").isEmpty == false)
        #expect(template.sample?["name"] == "Zoë")
        let mail = try template.render(params: .init([("name", "<Z>")]))
        #expect(mail.subject == "Hi <Z>")
        #expect(text(mail.text) == "Hi <Z>-text")
        #expect(text(mail.html) == "<title>T &lt;Z&gt;</title><p>&lt;Z&gt;</p>!-default")
    }

    @Test("What a job has to be is known without the texts, broken as they may be, until it is forgotten")
    func terms() throws {
        let folder = try Scratch([
            "mail/text.mustache": "{{#open}}", "mail/schema.json": #"{"required":["name"]}"#, "task/run": "#!/bin/sh\n",
            "bad/schema.json": "{", "plain/subject.mustache": "Hi",
        ])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path + "/task/run")
        let store = TemplateStore(directory: folder.path)
        let mail = try store.terms(named: "mail")
        #expect(!mail.isTask)
        #expect(mail.objection(to: .init())?.hasPrefix("the parameters do not fit mail: /params: ") == true)
        #expect(mail.objection(to: .init([("name", 1)])) == nil)
        #expect(throws: TemplateError.self) { try store.template(named: "mail") }
        #expect(try store.terms(named: "task").isTask)
        #expect(try store.terms(named: "plain").schema == nil)
        for name in ["bad", "none", "_x"] { #expect(throws: TemplateError.self) { try store.terms(named: name) } }
        try FileManager.default.removeItem(atPath: folder.path + "/mail/schema.json")
        #expect(try store.terms(named: "mail").schema != nil)
        store.invalidate()
        #expect(try store.terms(named: "mail").schema == nil)
    }

    @Test("A subject stays on one line whatever the parameters say")
    func subjectOnOneLine() throws {
        let folder = try Scratch(["t/subject.mustache": "{{a}}\n", "t/text.mustache": ""])
        let template = try TemplateStore(directory: folder.path).template(named: "t")
        let mail = try template.render(params: .init([("a", "x\r\nBcc: y\n\n\rz")]))
        #expect(mail.subject == "x Bcc: y z")
        #expect(mail.text == [])
        #expect(mail.html == nil)
    }

    @Test("A partial is looked for in the template's folder, then beside it, the part's own variant first")
    func lookup() throws {
        let folder = try Scratch([
            "t/subject.mustache": "{{>a}}", "t/text.mustache": "{{>a}} {{>b}} {{>c}}",
            "t/html.mustache": "{{>a}} {{>b}} {{>c}}",
            "t/a.mustache": "own", "t/a.html.mustache": "own-html", "_partials/a.text.mustache": "shared",
            "_partials/b.mustache": "b", "_layouts/b.html.mustache": "layout", "_layouts/c.mustache": "c",
        ])
        let mail = try TemplateStore(directory: folder.path).template(named: "t").render(params: .init())
        #expect(mail.subject == "own")
        #expect(text(mail.text) == "own b c")
        #expect(text(mail.html) == "own-html b c")
    }

    @Test(
        "Each part falls back on its own, from the locale to the language to the default",
        arguments: [
            (nil, "default", "default"), ("de", "de", "default"), ("de-AT", "de", "at"), ("DE-at", "de", "at"),
            ("de_AT", "de", "at"), ("de-CH", "de", "default"), ("de-AT-1996", "de", "at"), ("fr", "default", "default"),
            ("zh-Hant", "default", "hant"), ("zh-Hant-TW", "default", "hant"), ("zh", "default", "default"),
            ("", "default", "default"), ("../de", "default", "default"), ("d", "default", "default"),
        ] as [(String?, String, String)])
    func locales(locale: String?, subject: String, body: String) throws {
        let folder = try Scratch([
            "t/subject.mustache": "default", "t/subject.de.mustache": "de", "t/text.mustache": "default",
            "t/text.de-AT.mustache": "at", "t/text.zh-hant.mustache": "hant",
        ])
        let mail = try TemplateStore(directory: folder.path).template(named: "t").render(
            params: .init(), locale: locale)
        #expect(mail.subject == subject)
        #expect(text(mail.text) == body)
    }

    @Test("A hostile locale costs nothing")
    func longLocale() {
        #expect(LanguageTag.fallbacks(for: String(repeating: "aa-", count: 1_000_000)).isEmpty)
    }

    @Test(
        "What is not a name is unknown and never a path",
        arguments: [
            "", ".", "..", "../t", "t/", "t/../t", "_layouts", "/etc", "t\0", ".t", "ü",
            String(repeating: "a", count: 201),
        ])
    func badNames(name: String) throws {
        let folder = try Scratch([
            "t/subject.mustache": "", "t/text.mustache": "", "_layouts/subject.mustache": "",
        ])
        #expect(throws: TemplateError.unknown(name)) { try TemplateStore(directory: folder.path).template(named: name) }
    }

    @Test("Lists what can be a template")
    func names() throws {
        let folder = try Scratch(["b/x": "", "a/x": "", "_layouts/x": "", ".git/x": "", "README": ""])
        #expect(try TemplateStore(directory: folder.path).names() == ["a", "b"])
    }

    @Test(
        "A broken template says where",
        arguments: [
            (["text.mustache": ""], ": no subject.mustache"),
            (["subject.mustache": "", "subject.de.mustache": ""], ": neither text.mustache nor html.mustache"),
            (["text.mustache": "a\n {{#b}}"], "/text.mustache:2:2: 'b' is not closed"),
            (["text.mustache": "a\n {{>p}}"], "/text.mustache:2:2: partial or layout 'p' not found"),
            (["text.mustache": "{{<a/b}}{{/a/b}}"], "/text.mustache:1:1: partial or layout 'a/b' not found"),
            (
                ["text.mustache": "{{>../t/subject}}"],
                "/text.mustache:1:1: partial or layout '../t/subject' not found"
            ),
            (
                ["text.mustache": "{{>p}}", "p.mustache": "\n{{>q}}"],
                "/p.mustache:2:1: partial or layout 'q' not found"
            ),
            (
                ["text.mustache": "{{>p}}", "p.mustache": "\n{{>q}}", "q.mustache": "{{<p}}{{/p}}"],
                "/p.mustache:2:1: 'q' includes itself without end"
            ),
            (
                ["text.mustache": "{{>a}}", "a.mustache": "{{>b}}", "b.mustache": "{{>c}}", "c.mustache": "c{{>c}}"],
                "/c.mustache:1:2: 'c' includes itself without end"
            ),
            (["text.mustache": "{{>text}}"], "/text.mustache:1:1: 'text' includes itself without end"),
            (
                ["text.mustache": "", "text.d.mustache": ""],
                "/text.d.mustache: 'd' is not a language tag like de or de-AT"
            ),
            (
                ["text.mustache": "", "text.de.mustache": "", "text.DE.mustache": ""],
                "/text.de.mustache: of the same locale as text.DE.mustache"
            ),
            (
                ["text.mustache": "", "template.conf": "ttl = 15m\n\nlayuot = a"],
                "/template.conf:3: unknown key 'layuot'; did you mean 'layout'?"
            ),
            (
                ["text.mustache": "", "template.conf": "ttl = 0"],
                "/template.conf:1: 'ttl' is a length of time like 15m, more than 0, not '0'"
            ),
            (
                ["text.mustache": "", "template.conf": "[headers]\nX-A = 1\nx-a = 2"],
                "/template.conf:3: the header 'x-a' is set twice"
            ),
            (
                ["text.mustache": "", "template.conf": "[header]"],
                "/template.conf:1: unknown section [header]; did you mean 'headers'?"
            ),
            (["html.mustache": "", "template.conf": "\nlayout = a"], "/template.conf:2: layout 'a' not found"),
            (
                ["html.mustache": "", "template.conf": "\nlayout = a", "a.mustache": "{{$b}}{{/b}}"],
                "/template.conf:2: the layout 'a' has no block 'body'"
            ),
            (
                ["text.mustache": "", "template.conf": "layout = ../a"],
                "/template.conf:1: 'layout' is a name: letters, digits and . _ @ = + -, not '../a'"
            ),
            (["text.mustache": "", "schema.json": "{\n,"], "/schema.json:2:1: ',' where a member name should be"),
            (["text.mustache": "", "sample.json": "[]"], "/sample.json: not an object but of type array"),
        ] as [([String: String], String)])
    func broken(files: [String: String], description: String) throws {
        let folder = try Scratch()
        for (name, text) in files { try folder.write(text, to: "t/\(name)") }
        if !files.keys.contains("subject.mustache"), description != ": no subject.mustache" {
            try folder.write("s", to: "t/subject.mustache")
        }
        do {
            _ = try TemplateStore(directory: folder.path).template(named: "t")
            Issue.record("not broken")
        } catch {
            guard case .broken(let fault) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(fault.description == "\(folder.path)/t" + description)
        }
    }

    @Test("A file that is too large is not parsed")
    func tooLarge() throws {
        let folder = try Scratch(["t/subject.mustache": "s"])
        try folder.write(String(repeating: "x", count: TemplateFolder.fileSizeLimit + 1), to: "t/text.mustache")
        let fault = TemplateFault(file: folder.path + "/t/text.mustache", reason: "larger than 1048576 bytes")
        #expect(throws: TemplateError.broken(fault)) { try TemplateStore(directory: folder.path).template(named: "t") }
    }

    @Test("A partial may include itself where the parameters decide whether it does")
    func recursion() throws {
        let folder = try Scratch([
            "t/subject.mustache": "s", "t/text.mustache": "{{>p}}", "t/p.mustache": "{{n}}{{#next}}{{>p}}{{/next}}",
        ])
        let next: JSON = ["n": 2, "next": false]
        let mail = try TemplateStore(directory: folder.path).template(named: "t")
            .render(params: .init([("n", 1), ("next", next)]))
        #expect(text(mail.text) == "12")
    }

    @Test("Tells unknown from unreadable, and follows no link out of the directory")
    func unknownAndUnreadable() throws {
        let folder = try Scratch(["t/subject.mustache": "", "elsewhere/text.mustache": "secret"])
        let store = TemplateStore(directory: folder.path)
        #expect(throws: TemplateError.unknown("nothing")) { try store.template(named: "nothing") }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/t/text.mustache", withDestinationPath: "../elsewhere/text.mustache")
        #expect(throws: TemplateError.unreadable(file: folder.path + "/t/text.mustache", .loop)) {
            try store.template(named: "t")
        }
        #expect(throws: TemplateError.unreadable(file: folder.path + "/none", .noEntry)) {
            try TemplateStore(directory: folder.path + "/none").template(named: "t")
        }
    }

    @Test("What the parameters exceed is the job's fault and names the part")
    func exceeded() throws {
        let folder = try Scratch(["t/subject.mustache": "s", "t/text.mustache": "{{a}}"])
        let template = try TemplateStore(directory: folder.path).template(named: "t")
        var limits = RenderLimits()
        limits.output = 3
        #expect(throws: TemplateError.exceeded(.output(3), part: folder.path + "/t/text.mustache")) {
            try template.render(params: .init([("a", "1234")]), limits: limits)
        }
    }
}
