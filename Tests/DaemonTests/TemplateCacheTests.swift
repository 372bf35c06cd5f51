import JSON
import Linux
import Mail
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

@Suite("Template cache")
struct TemplateCacheTests {
    private let place: SpoolPlace
    private let cache: TemplateCache

    init() throws {
        place = try SpoolPlace()
        try place.scratch.write("Hello, {{name}}\n", to: "templates/hello/subject.mustache")
        try place.scratch.write("Hello {{name}}!\n", to: "templates/hello/text.mustache")
        cache = TemplateCache(place.scratch.path("templates"))
    }

    private func mail(_ object: String) throws -> OutgoingMail {
        try cache.mail(
            for: try Job(try JSON(parsing: object)), id: try #require(JobID("j")), date: .now,
            settings: try place.settings())
    }

    @Test("What a template says of its jobs is known, and of none that is not there")
    func facts() throws {
        #expect(try #require(cache.facts(of: "hello")).kind == .mail)
        #expect(cache.facts(of: "hello")?.ttl == nil && cache.facts(of: "absent") == nil)
        try place.scratch.write("#!/bin/sh\n", to: "templates/task/run", mode: 0o755)
        try place.scratch.write("ttl = 15m\nconcurrency = 3\n", to: "templates/task/template.conf")
        let task = try #require(cache.facts(of: "task"))
        #expect(task.kind == .task && task.ttl == .minutes(15) && task.concurrency == 3)
        try place.scratch.write("#!/bin/sh\n", to: "templates/hello/data", mode: 0o755)
        cache.invalidate()
        #expect(cache.facts(of: "hello")?.kind == .mailWithData)
        #expect(cache.refusal(of: "hello") == nil && cache.refusal(of: "absent") == nil)
    }

    @Test("A mail is rendered; a template at fault is ours, and a job without one needs none")
    func mails() throws {
        let rendered = try mail(#"{"template":"hello","to":"a@example.org","params":{"name":"Zoë"}}"#)
        #expect(rendered.recipients == ["a@example.org"])
        #expect(try mail(#"{"to":"a@example.org","subject":"s","text":"t"}"#).sender == "shop@example.com")
        for template in ["absent", "task"] {
            if template == "task" { try place.scratch.write("#!/bin/sh\n", to: "templates/task/run", mode: 0o755) }
            let error = try #require(throws: MailError.self) {
                try mail(#"{"template":"\#(template)","to":"a@example.org"}"#)
            }
            if case .job = error { Issue.record("\(error)") }
        }
        let error = try #require(throws: MailError.self) { try mail(#"{"template":"hello"}"#) }
        if case .ours = error { Issue.record("\(error)") }
    }

    @Test("A template that blocked jobs is told of once it has changed, and once only")
    func mended() throws {
        #expect(!cache.hasChanged())
        #expect(throws: MailError.self) { try mail(#"{"template":"new","to":"a@example.org"}"#) }
        #expect(!cache.hasChanged())
        #expect(cache.isNews("no template new") && !cache.isNews("no template new") && cache.isNews("another"))
        try place.scratch.write("s", to: "templates/new/subject.mustache")
        try place.scratch.write("t", to: "templates/new/text.mustache")
        #expect(cache.hasChanged())
        #expect(!cache.hasChanged())
        #expect(cache.isNews("no template new"))
        // One that can be read may be at fault with a job; then its next change counts.
        cache.noteFailing("new")
        #expect(!cache.hasChanged())
        try place.scratch.write("t, and longer", to: "templates/new/text.mustache")
        #expect(cache.hasChanged())
    }

    @Test("Another directory has other templates; the same one changes nothing")
    func moves() throws {
        try place.scratch.write("#!/bin/sh\n", to: "others/hello/run", mode: 0o755)
        #expect(cache.isNews("x"))
        cache.use(place.scratch.path("templates"))
        #expect(!cache.isNews("x"))
        #expect(cache.facts(of: "hello")?.kind == .mail)
        cache.use(place.scratch.path("others"))
        #expect(cache.isNews("x"))
        #expect(cache.facts(of: "hello")?.kind == .task)
    }

    @Test("Secrets are masked; where the template cannot be read, every parameter is taken for one")
    func masks() throws {
        try place.scratch.write(
            #"{"properties":{"code":{"writeOnly":true},"name":{}}}"#, to: "templates/hello/schema.json")
        func masked(_ template: String) throws -> String? {
            cache.masked(try JSON(parsing: #"{"template":"\#(template)","params":{"code":"1","name":"Zoë"}}"#))?.text
        }
        #expect(try masked("hello") == #"{"template":"hello","params":{"code":"***","name":"Zoë"}}"#)
        #expect(try masked("absent") == #"{"template":"absent","params":{"code":"***","name":"***"}}"#)
        #expect(cache.masked(try JSON(parsing: #"{"to":"a@example.org","subject":"s","text":"t"}"#)) == nil)
    }

    @Test("Of a template that has become a task, or has got data, no mail is made any more")
    func changes() throws {
        let task = #"{"template":"hello","to":"a@example.org","params":{"name":"Zoë"}}"#
        _ = try mail(task)
        try place.scratch.write("#!/bin/sh\necho '{}'\n", to: "templates/hello/data", mode: 0o755)
        cache.invalidate()
        let error = try #require(throws: MailError.self) { try mail(task) }
        #expect("\(error)".contains("'hello' has data now"))
        #expect(throws: MailError.self) { try cache.task("absent") }
        try place.scratch.write("#!/bin/sh\n", to: "templates/task/run", mode: 0o755)
        #expect(try cache.task("task").isTask)
    }
}
