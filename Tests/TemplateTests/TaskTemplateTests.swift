import Foundation
import JSON
import Scratch
import Testing
import Time

@testable import Template

/// A folder with a program in place of the mustache files.
@Suite("Templates that are tasks")
struct TaskTemplateTests {
    /// Where the umask lets every user write, nothing is run.
    private func folder(_ files: [String: String], mode: Int = 0o755) throws -> Scratch {
        let folder = try Scratch(["t/run": "#!/bin/sh\n"].merging(files) { $1 })
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path + "/t")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path + "/t/run")
        return folder
    }

    private func template(_ files: [String: String]) throws -> Template {
        let folder = try folder(files)
        return try TemplateStore(directory: folder.path).template(named: "t")
    }

    private func fault(_ files: [String: String], mode: Int = 0o755) throws -> String? {
        let folder = try folder(files, mode: mode)
        do {
            _ = try TemplateStore(directory: folder.path).template(named: "t")
            return nil
        } catch { return "\(error)".replacingOccurrences(of: folder.path + "/", with: "") }
    }

    @Test("It is a task, with its schema and its sample, and says how it is run")
    func task() throws {
        let template = try template([
            "t/schema.json": #"{"required":["a"]}"#, "t/sample.json": #"{"a":1}"#,
            "t/template.conf":
                "timeout = 2d\nconcurrency = 3\nmemory = 64 MiB\ncpu_time = 90s\nnice = 0\nttl = 1h\npriority = bulk\non_doubt = hold\n",
            "t/words.txt": "its own",
        ])
        #expect(template.isTask && template.run?.hasSuffix("/t/run") == true)
        let program = template.settings.program
        #expect(program.timeout == .days(2) && program.concurrency == 3 && program.memory == 64 << 20)
        #expect(program.cpu == 90 && program.niceness == 0)
        #expect(
            template.settings.ttl == .hours(1) && template.settings.priority == .bulk
                && template.settings.onDoubt == .hold)
        #expect(template.findings() == [])
        #expect(template.terms.objection(to: JSON.Object()) != nil)
    }

    @Test("Without a schema and a sample it is told so, and a sample has to fit")
    func findings() throws {
        #expect(
            try template([:]).findings().map(\.message) == [
                "no schema.json: parameters are not checked", "no sample.json",
            ])
        let misfit = try template(["t/schema.json": #"{"required":["a"]}"#, "t/sample.json": "{}"]).findings()
        #expect(misfit.map(\.severity) == [.error])
    }

    @Test(
        "A folder is a mail or a task, and so is its template.conf",
        arguments: [
            (["t/subject.mustache": "S"], "t/subject.mustache: next to run: a template is a mail or a task"),
            (["t/html.de.mustache": "S"], "t/html.de.mustache: next to run: a template is a mail or a task"),
            (
                ["t/template.conf": "ttl = 1h\nfrom = a@example.com"],
                "t/template.conf:2: 'from' is for a mail, and this is a task"
            ),
            (["t/template.conf": "layout = l"], "t/template.conf:1: 'layout' is for a mail, and this is a task"),
            (["t/template.conf": "[headers]\nX-A = b"], "t/template.conf:1: unknown section [headers]"),
            (
                ["t/template.conf": "timeout = 0s"],
                "t/template.conf:1: 'timeout' is a length of time like 90s or 2d, more than 0, not '0s'"
            ),
            (["t/template.conf": "memory = 1 KiB"], "t/template.conf:1: 'memory' is 1 MiB or more"),
            (
                ["t/template.conf": "cpu_time = 10ms"],
                "t/template.conf:1: 'cpu_time' is a length of time like 30s or 10m, 1s or more, not '10ms'"
            ),
            (["t/template.conf": "nice = 20"], "t/template.conf:1: 'nice' is a whole number from 0 to 19, not '20'"),
            (
                ["t/template.conf": "concurency = 2"],
                "t/template.conf:1: unknown key 'concurency'; did you mean 'concurrency'?"
            ),
        ])
    func faults(files: [String: String], fault text: String) throws { #expect(try fault(files) == text) }

    @Test("A program that cannot be run is broken, and so is one that is no file")
    func notExecutable() throws {
        #expect(try fault([:], mode: 0o644) == "t/run: not executable (chmod +x)")
        #expect(try fault([:], mode: 0o757) == "t/run: every user may change it (chmod o-w)")
        let open = try self.folder([:])
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open.path + "/t")
        let fault = #expect(throws: TemplateError.self) {
            _ = try TemplateStore(directory: open.path).template(named: "t")
        }
        #expect("\(fault!)".hasSuffix("/t: every user may replace run in it (chmod o-w)"))
        let folder = try Scratch(["t/run/x": ""])
        let error = #expect(throws: TemplateError.self) {
            _ = try TemplateStore(directory: folder.path).template(named: "t")
        }
        #expect("\(error!)".hasSuffix("t/run: a directory and not a regular file"))
    }

    @Test("The keys of a task have no place in a mail's template.conf")
    func mail() throws {
        let folder = try Scratch([
            "m/subject.mustache": "S", "m/text.mustache": "T", "m/template.conf": "ttl = 1h\ntimeout = 5m",
        ])
        let error = #expect(throws: TemplateError.self) {
            _ = try TemplateStore(directory: folder.path).template(named: "m")
        }
        #expect(
            "\(error!)".hasSuffix("m/template.conf:2: 'timeout' is for a program, and there is neither run nor data"))
    }

    @Test("A mode that changes is a change")
    func mended() throws {
        let folder = try folder([:], mode: 0o644)
        let store = TemplateStore(directory: folder.path)
        #expect(throws: TemplateError.self) { _ = try store.template(named: "t") }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path + "/t/run")
        #expect(store.reloadIfChanged("t"))
        #expect(try store.template(named: "t").isTask)
    }
}
