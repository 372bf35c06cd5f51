import Foundation
import JSON
import Message
import Scratch
import Spool
import Template
import Testing
import Time

@testable import Mail

/// What a template's files and its `template.conf` add to a mail.
@Suite("Mail from a template's folder")
struct TemplateMailTests {
    /// The message of a job for a template of these files; `job` is what stands beside its template.
    private func message(
        _ files: [String: String], _ job: String = #""params":{}"#
    ) throws -> String {
        let scratch = try Scratch()
        for (name, text) in ["t/subject.mustache": "S"].merging(files, uniquingKeysWith: { $1 }) {
            let folder = scratch.path(String(name.prefix { $0 != "/" }))
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try scratch.write(text, to: name)
        }
        let template = try TemplateStore(directory: scratch.path).template(named: "t")
        let (mail, _) = try SampleMailTests.mail(template, #"{"template":"t","to":"a@example.com",\#(job)}"#)
        return String(decoding: mail.bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    private func fault(_ files: [String: String], _ job: String) throws -> MailError? {
        do { _ = try message(files, job) } catch let error as MailError { return error }
        return nil
    }

    private func ids(_ message: String) -> [String] {
        message.split(separator: "\n").filter { $0.hasPrefix("Content-ID: ") }.map { String($0.dropFirst(12)) }
    }

    @Test("A file that the HTML shows goes with the mail under a name that is unique in the world")
    func image() throws {
        let message = try message([
            "t/html.mustache": #"<p>Hi<img src="cid:a.png"><img src='CID:b.gif'>{{>p}}"#, "t/a.png": "A",
            "t/c.png": "C",
            "_partials/b.gif": "B",
            "_partials/p.mustache": #"<td background=cid:d.jpg style="background:url(cid:a.png)">"#,
            "_layouts/d.jpg": "D", "_partials/a.png": "not this one",
        ])
        let ids = ids(message)
        #expect(ids.map { String($0.prefix(6)) } == ["<a.png", "<b.gif", "<d.jpg"])
        for id in ids {
            #expect(id.hasSuffix("@mail.example.com>"))
            #expect(message.replacing("=\n", with: "").contains(String(id.dropFirst().dropLast())))
        }
        #expect(message.contains("multipart/related"))
        #expect(message.contains("Content-Type: image/gif\n"))
        #expect(message.contains("\nQQ==\n"))
        #expect(!message.contains("Qw==\n"))
    }

    @Test("Only what the HTML shows this time is sent")
    func shown() throws {
        let files = ["t/html.mustache": #"{{#x}}<img src="cid:a.png">{{/x}}<p>Hi"#, "t/a.png": "A"]
        #expect(try ids(message(files, #""params":{"x":true}"#)).count == 1)
        #expect(try ids(message(files)).isEmpty)
        // What a text says is no reference.
        #expect(try ids(message(files, #""params":{"x":false,"y":"<img src=cid:a.png>"}"#)).isEmpty)
    }

    @Test("The job's attachment of that cid comes first, and others are its own to bring")
    func jobsImage() throws {
        let files = ["t/html.mustache": #"<img src="cid:a.png"><img src="cid:qr">"#, "t/a.png": "A"]
        let qr = #"{"cid":"qr","filename":"q.png","content":"UVI="}"#
        let both = try message(files, #""attachments":[\#(qr)]"#)
        #expect(ids(both).map { $0.prefix(4) } == ["<qr.", "<a.p"])
        let own = try message(files, #""attachments":[\#(qr),{"cid":"a.png","content":"T1dO"}]"#)
        #expect(own.contains("\nT1dO\n") && !own.contains("\nQQ==\n"))
        guard case .job(let reason)? = try fault(files, #""params":{}"#) else { return #expect(Bool(false)) }
        #expect(reason == #"/attachments: none has the cid "qr" that the template's HTML shows"#)
    }

    @Test(
        "A parameter reaches no file that the template does not name itself",
        arguments: ["secret.txt", "../t/secret.txt", "/etc/passwd", "schema.json", "template.conf", "%2e%2e/x"])
    func parameter(name: String) throws {
        let files = [
            "t/html.mustache": #"<img src="cid:{{x}}"><img src="cid:a.png">"#, "t/a.png": "A", "t/secret.txt": "S",
        ]
        guard case .job? = try fault(files, #""params":{"x":"\#(name)"}"#) else {
            return #expect(Bool(false), "\(name) was sent")
        }
        #expect(try ids(message(files, #""params":{"x":"a.png"}"#)).count == 1)
    }

    @Test("Attachments of template.conf, in their order, behind the job's; their types by their endings")
    func attachments() throws {
        let message = try message(
            [
                "t/text.mustache": "T", "t/template.conf": "attachments = Größe 1.pdf,b.csv", "t/Größe 1.pdf": "P",
                "_partials/b.csv": "ä",
            ], #""attachments":[{"filename":"job.txt","content":"Sg=="},{"filename":"unknown","content":"VQ=="}]"#)
        let types = message.split(separator: "\n").filter { $0.hasPrefix("Content-Type: ") }.dropFirst()
        #expect(
            types == [
                "Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain; charset=utf-8",
                "Content-Type: application/octet-stream", "Content-Type: application/pdf; name=\"Gr__e 1.pdf\"",
                "Content-Type: text/csv; charset=utf-8",
            ])
        #expect(message.contains("filename*=utf-8''Gr%C3%B6%C3%9Fe%201.pdf"))
    }

    @Test(
        "List-Unsubscribe, and its click where there is a page for it",
        arguments: [
            (
                "https://x.example/u?t={{t}}, mailto:u@x.example?subject={{t}}", #"{"t":"a&b,c"}"#,
                [
                    "List-Unsubscribe: <https://x.example/u?t=a&b,c>, <mailto:u@x.example?subject=a&b,c>",
                    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
                ]
            ),
            ("mailto:u@x.example", "{}", ["List-Unsubscribe: <mailto:u@x.example>"]),
            (
                "{{#t}}https://x.example/{{t}}{{/t}}", #"{"t":1}"#,
                ["List-Unsubscribe: <https://x.example/1>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
            ),
            ("{{#t}}https://x.example/{{t}}{{/t}}", "{}", []),
            (
                "{{{url}}}", #"{"url":"https://x.example/?a=1&b=2"}"#,
                ["List-Unsubscribe: <https://x.example/?a=1&b=2>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
            ),
        ] as [(String, String, [String])])
    func unsubscribe(value: String, params: String, fields: [String]) throws {
        let message = try message(
            ["t/text.mustache": "T", "t/template.conf": "list_unsubscribe = \(value)"], "\"params\":\(params)")
        #expect(
            message.replacing("\n ", with: " ").split(separator: "\n").filter { $0.hasPrefix("List-") }.map(String.init)
                == fields)
    }

    @Test(
        "What a parameter cannot put into a header field is the job's fault",
        arguments: [
            ("list_unsubscribe = https://x.example/{{v}}", "a b"), ("list_unsubscribe = https://x.example/{{v}}", "a>"),
            ("list_unsubscribe = https://x.example/{{v}}", #"a\r\nX: y"#),
            ("list_unsubscribe = https://x.example/{{v}}", "ä"),
            ("list_unsubscribe = {{v}}", "javascript:x"), ("list_unsubscribe = {{v}}", "http://x.example/"),
            ("[headers]\nX-V = {{v}}", #"a\nBcc: b@example.com"#), ("[headers]\nX-V = {{v}}", #"a\u0000"#),
            ("[headers]\nX-V = a {{v}}", #"\r"#),
        ])
    func injection(conf: String, value: String) throws {
        guard case .job? = try fault(["t/text.mustache": "T", "t/template.conf": conf], #""params":{"v":"\#(value)"}"#)
        else { return #expect(Bool(false), "\(value) was sent") }
    }

    @Test("A header field of the template follows the parameters; an empty one is left out; the job's word goes first")
    func headers() throws {
        let files = [
            "t/text.mustache": "T",
            "t/template.conf": """
            list_unsubscribe = https://x.example/
            [headers]
            X-Order = {{id}}
            X-Empty = {{nothing}}
            List-Id = <orders.{{shop}}.example>
            """,
        ]
        let message = try message(files, #""params":{"id":7,"shop":"tea & <co>"}"#)
        #expect(message.contains("\nX-Order: 7\n"))
        #expect(message.contains("\nList-Id: <orders.tea & <co>.example>\n"))
        #expect(!message.contains("X-Empty"))
        let own = try self.message(
            files, #""params":{},"headers":{"list-unsubscribe":"<mailto:a@example.com>","x-order":"8"}"#)
        #expect(own.contains("\nlist-unsubscribe: <mailto:a@example.com>\n"))
        #expect(!own.contains("One-Click"))
        #expect(own.contains("\nx-order: 8\n") && !own.contains("X-Order"))
    }

    @Test("A field that no parameters can mend is the template's fault")
    func brokenHeader() throws {
        for conf in ["[headers]\nContent-Type = {{x}}", "[headers]\nTo = {{x}}", "[headers]\nTo = a@example.com"] {
            guard case .ours? = try fault(["t/text.mustache": "T", "t/template.conf": conf], #""params":{"x":"y"}"#)
            else { return #expect(Bool(false), "\(conf)") }
        }
    }
}
