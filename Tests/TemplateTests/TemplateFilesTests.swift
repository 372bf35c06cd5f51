import Foundation
import JSON
import Scratch
import Testing

@testable import Template

/// Files of a template that travel with its mails, and what `template.conf` renders.
@Suite("Files of a template")
struct TemplateFilesTests {
    private func template(_ files: [String: String]) throws -> Template {
        let folder = try Scratch(["t/subject.mustache": "S", "t/text.mustache": "T"].merging(files) { $1 })
        return try TemplateStore(directory: folder.path).template(named: "t")
    }

    /// The fault, its path without the folder's.
    private func fault(_ files: [String: String]) throws -> String? {
        let folder = try Scratch(["t/subject.mustache": "S", "t/text.mustache": "T"].merging(files) { $1 })
        do {
            _ = try TemplateStore(directory: folder.path).template(named: "t")
            return nil
        } catch { return "\(error)".replacingOccurrences(of: folder.path + "/", with: "") }
    }

    @Test("A file is looked for in the template's folder, then in _partials, then in _layouts; each once")
    func places() throws {
        let template = try template([
            "t/html.mustache": "<img src='cid:a.png'>{{>p}}", "t/html.de.mustache": "<img src=cid:de.png>",
            "t/template.conf": "layout = l\nattachments = x.pdf , y.pdf",
            "_partials/p.mustache": "<img src=\"cid:b.png\"><img src=\"cid:a.png\">",
            "_layouts/l.mustache": "<body background=cid:c.png>{{$body}}{{/body}}",
            "t/a.png": "own", "_partials/a.png": "no", "_layouts/a.png": "no", "_partials/b.png": "partials",
            "_layouts/b.png": "no", "_layouts/c.png": "layouts", "t/de.png": "de", "t/x.pdf": "x",
            "_layouts/y.pdf": "y",
            "t/unused.png": "no",
        ])
        let images = template.images.mapValues { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(images == ["a.png": "own", "b.png": "partials", "c.png": "layouts", "de.png": "de"])
        #expect(template.attachments.map(\.name) == ["x.pdf", "y.pdf"])
    }

    @Test(
        "Names that only the parameters or the job know are no files of the template",
        arguments: [
            "<img src='cid:{{x}}'>", "<img src='cid:a{{x}}.png'>", "<img src='cid:a.png{{x}}'>", "<img src=cid:qr>",
            "<img src='cid:a.png@example.com'>", "{{! <img src='cid:a.png'> }}", "(acid:a.png)", "cid:",
            "<p>placid:x.y</p>",
            "{{=<% %>=}}<img src='cid:<%x%>.png'>",
        ])
    func noFiles(html: String) throws {
        #expect(try fault(["t/html.mustache": html]) == nil)
    }

    @Test(
        "A file that is missing or cannot be sent is a fault of the template, and where",
        arguments: [
            (["t/html.mustache": "<p>\n <img src='cid:a.png'>"], "t/html.mustache:2:16: file 'a.png' not found"),
            (
                ["t/html.mustache": "{{#x}}\r\n{{^y}}é<img src=\"CID:a.png\">{{/y}}{{/x}}"],
                "t/html.mustache:2:23: file 'a.png' not found"
            ),
            (
                [
                    "t/html.mustache": "{{>p}}",
                    "_partials/p.html.mustache": "{{a}}\n<i style='background:url(cid:b.gif)'>",
                ],
                "_partials/p.html.mustache:2:30: file 'b.gif' not found"
            ),
            (
                ["t/html.de.mustache": "<img src=cid:a.png>", "t/html.mustache": ""],
                "t/html.de.mustache:1:14: file 'a.png' not found"
            ),
            (
                ["t/html.mustache": "<img src='cid:../t/a.png'>"],
                "t/html.mustache:1:15: '../t/a.png' is not the plain name of a file"
            ),
            (
                ["t/html.mustache": "<img src='cid:%2e%2e/a.png'>"],
                "t/html.mustache:1:15: '../a.png' is not the plain name of a file"
            ),
            (
                ["t/html.mustache": "<img src='cid:schema.json'>"],
                "t/html.mustache:1:15: 'schema.json' is a part of the template, which is not sent"
            ),
            (
                ["t/template.conf": "ttl = 1m\nattachments = a.pdf"],
                "t/template.conf:2: 'attachments': file 'a.pdf' not found"
            ),
            (
                ["t/template.conf": "attachments = a.pdf, a.pdf", "t/a.pdf": ""],
                "t/template.conf:1: 'attachments': 'a.pdf' is there twice"
            ),
            (
                ["t/template.conf": "attachments = a.pdf,", "t/a.pdf": ""],
                "t/template.conf:1: 'attachments': '' is not the plain name of a file"
            ),
            (
                ["t/template.conf": "attachments = ../x"],
                "t/template.conf:1: 'attachments': '../x' is not the plain name of a file"
            ),
            (
                ["t/template.conf": "attachments = .x"],
                "t/template.conf:1: 'attachments': '.x' is not the plain name of a file"
            ),
            (
                ["t/template.conf": "attachments = text.mustache"],
                "t/template.conf:1: 'attachments': 'text.mustache' is a part of the template, which is not sent"
            ),
            (
                ["t/template.conf": "attachments = a/b"],
                "t/template.conf:1: 'attachments': 'a/b' is not the plain name of a file"
            ),
            (["t/template.conf": "attachments = d", "t/d/x": ""], "t/d: a directory and not a regular file"),
        ])
    func faults(files: [String: String], reason: String) throws { #expect(try fault(files) == reason) }

    @Test("The files of a template have a size together")
    func size() throws {
        let half = String(repeating: "x", count: TemplateFile.sizeLimit / 2 + 1)
        #expect(try fault(["t/template.conf": "attachments = a", "t/a": half]) == nil)
        #expect(
            try fault(["t/template.conf": "attachments = a, b", "t/a": half, "_partials/b": half])
                == "_partials/b: with it the template's files are larger than 10485760 bytes")
        #expect(
            try fault(["t/template.conf": "attachments = a", "t/a": half + half]) == "t/a: larger than 10485760 bytes")
    }

    @Test("A link is not followed")
    func link() throws {
        let folder = try Scratch([
            "t/subject.mustache": "S", "t/html.mustache": "<img src=cid:a.png>", "x": "secret",
        ])
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/t/a.png", withDestinationPath: folder.path + "/x")
        #expect(throws: TemplateError.self) { try TemplateStore(directory: folder.path).template(named: "t") }
    }

    @Test("A file that changes, goes, or comes is noticed", arguments: ["t/a.png", "_partials/b.pdf"])
    func reload(file: String) throws {
        let folder = try Scratch([
            "t/subject.mustache": "S", "t/html.mustache": "<img src=cid:a.png>", "t/a.png": "1", "_partials/b.pdf": "1",
            "t/template.conf": "attachments = b.pdf",
        ])
        let store = TemplateStore(directory: folder.path)
        func bytes() throws -> [UInt8] {
            let template = try store.template(named: "t")
            return (file == "t/a.png" ? template.images["a.png"] : template.attachments.first)?.bytes ?? []
        }
        #expect(try bytes() == Array("1".utf8))
        while !store.isCurrent("t") { store.reloadIfChanged("t") }
        try folder.write("22", to: file)
        #expect(store.reloadIfChanged("t"))
        #expect(try bytes() == Array("22".utf8))
        try folder.remove(file)
        #expect(store.reloadIfChanged("t"))
        #expect(throws: TemplateError.self) { try store.template(named: "t") }
        try folder.write("3", to: file)
        #expect(store.reloadIfChanged("t"))
        #expect(try bytes() == Array("3".utf8))
    }

    @Test("A file that changes while the template is read is read again, so that all is of one moment")
    func atomic() throws {
        let folder = try Scratch([
            "t/subject.mustache": "1", "t/html.mustache": "<img src=cid:a.png>", "t/a.png": "1",
        ])
        var changes = 1
        let store = TemplateStore(directory: folder.path) {
            guard changes > 0 else { return }
            changes -= 1
            // A test that cannot write fails below.
            _ = try? folder.write("22", to: "t/a.png")
            _ = try? folder.write("22", to: "t/subject.mustache")
        }
        let template = try store.template(named: "t")
        #expect(try template.render(params: .init()).subject == "22")
        #expect(template.images["a.png"]?.bytes == Array("22".utf8))
    }

    @Test(
        "A fault in a value that is rendered has its line and column",
        arguments: [
            ("ttl = 1m\nlist_unsubscribe =  https://x/{{a", "t/template.conf:2:31: '{{' is not closed"),
            ("list_unsubscribe = https://x/, mailto:{{#a}}x", "t/template.conf:1:39: 'a' is not closed"),
            (
                "list_unsubscribe = https://x/,\tmailto:{{>a}}",
                "t/template.conf:1:39: a value of template.conf includes nothing"
            ),
            (
                "list_unsubscribe = https://x/, http://y/{{a}}",
                "t/template.conf:1:32: 'list_unsubscribe': 'http://y/{{a}}' begins with neither https:// nor mailto:"
            ),
            (
                "list_unsubscribe = javascript:x",
                "t/template.conf:1:20: 'list_unsubscribe': 'javascript:x' begins with neither https:// nor mailto:"
            ),
            (
                "list_unsubscribe = https://x/a b",
                "t/template.conf:1:20: 'list_unsubscribe': 'https://x/a b' has a character that an URI would have to encode"
            ),
            (
                "list_unsubscribe = https://x/, ,",
                "t/template.conf:1:32: 'list_unsubscribe': '' begins with neither https:// nor mailto:"
            ),
            ("[headers]\nX-A = 1\nX-B = é {{a b}}", "t/template.conf:3:10: 'a b' is not a name: white space inside"),
            (
                "list_unsubscribe = https://x/\n[headers]\nList-Unsubscribe = <https://y/>",
                "t/template.conf:3: 'List-Unsubscribe' follows from list_unsubscribe"
            ),
        ])
    func renderedFaults(conf: String, reason: String) throws { #expect(try fault(["t/template.conf": conf]) == reason) }

    @Test("What is rendered of template.conf can be looked at, with its place")
    func mustaches() throws {
        let template = try template([
            "t/template.conf": "list_unsubscribe = https://x/{{a}}, mailto:{{b}}\n[headers]\nX-C = é{{c}}"
        ])
        let places = template.settings.mustaches.flatMap { mustache in
            mustache.nodes.compactMap { node in
                if case .variable(let variable) = node { "\(variable.name.text) \(variable.position)" } else { nil }
            }
        }
        #expect(places == ["a 1:30", "b 1:44", "c 3:9"])
        let rendered = try template.render(params: .init([("a", "1"), ("b", "<2>"), ("c", "3")]))
        #expect(rendered.listUnsubscribe == ["https://x/1", "mailto:<2>"])
        #expect(rendered.headers == [.init(name: "X-C", value: "é3", isFixed: false)])
    }
}
