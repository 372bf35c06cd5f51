import Configuration
import JSON
import Mail
import Spool
import Template
import Testing

@testable import Daemon

@Suite("What drop boxes may ask for")
struct BoxPermissionTests {
    private func permissions(_ text: String) throws -> BoxPermissions {
        try Settings(
            ConfigurationFile(parsing: "\(text)\n[relay main]\nurl = smtp://127.0.0.1\n", name: "test.conf")
        ).boxes
    }

    @Test("The configuration names tasks and templates for each box")
    func reading() throws {
        let boxes = try permissions("[dropbox shop]\ntasks = a, b.c\ntemplates = hello\n[dropbox web]")
        #expect(boxes.tasks == ["shop": ["a", "b.c"]])
        #expect(boxes.templates == ["shop": ["hello"]])
        #expect(try permissions("") == BoxPermissions())
    }

    @Test(
        "The envelope's sender of a box takes the place of every sender but the null sender",
        arguments: [
            ("job@shop", #""from":"www-data@host""#, "bounces@example.com"),
            ("job@shop", #""envelope":{"from":"www-data@host"}"#, "bounces@example.com"),
            ("job@shop", #""envelope":{"from":""}"#, ""), ("job@shop", #""envelope":{"from":"<>"}"#, "<>"),
            ("job@web", #""envelope":{"from":"www-data@host"}"#, "www-data@host"),
            ("job", #""envelope":{"from":"www-data@host"}"#, "www-data@host"),
        ])
    func sender(id: String, fields: String, sender: String) throws {
        let boxes = try permissions("[dropbox shop]\nenvelope_from = bounces@example.com\n[dropbox web]")
        let job = try Job(JSON(parsing: #"{"subject":"s","text":"x","to":"a@b.example",\#(fields)}"#))
        #expect(boxes.withForcedSender(job, JobID(id)!).envelopeFrom == sender)
    }

    @Test(
        "What it cannot say is an error with its line",
        arguments: [
            ("[dropbox]\ntasks = a", ":1: a drop box"), ("[dropbox a.b]\ntasks = a", ":1: a drop box"),
            ("[dropbox shop]\ntasks = a,,b", ":2: 'tasks'"), ("[dropbox shop]\ntasks = ../a", ":2: 'tasks'"),
            ("[dropbox shop]\nenvelope_from = Zoe <a@b.example>", ":2: 'envelope_from'"),
            ("[dropbox shop]\ntemplates = ../a", ":2: 'templates'"),
            ("[dropbox shop]\ntask = a", ":2: unknown key 'task'; did you mean 'tasks'?"),
        ])
    func faults(text: String, fault: String) throws {
        let error = #expect(throws: ConfigurationError.self) { _ = try permissions(text) }
        #expect("\(error!)".hasPrefix("test.conf\(fault)"), "\(error!)")
    }

    @Test(
        "A program has to be granted, a template only where the box has a list",
        arguments: [
            ("job", .task, "a", true), ("job@shop", .task, "a", true), ("job@shop", .task, "b", false),
            ("job@web", .task, "a", false), ("x@shop@web", .task, "a", false), ("x@web@shop", .task, "a", true),
            ("zoe@example.com", .task, "b", true), ("job@", .task, "b", true),
            ("job", .mailWithData, "order", true), ("job@shop", .mailWithData, "order", true),
            ("job@shop", .mailWithData, "a", false), ("job@web", .mailWithData, "order", false),
            ("job", .mail, "hello", true), ("job@web", .mail, "hello", true), ("job@shop", .mail, "hello", false),
            ("job@shop", .mail, "order", true),
        ] as [(String, TemplateSettings.Kind, String, Bool)])
    func permission(id: String, kind: TemplateSettings.Kind, template: String, isPermitted: Bool) throws {
        let boxes = try permissions("[dropbox shop]\ntasks = a\ntemplates = order")
        #expect((boxes.objection(to: JobID(id)!, asking: template, for: kind) == nil) == isPermitted)
    }
}
