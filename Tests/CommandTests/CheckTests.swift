import Foundation
import JSON
import Scratch
import Testing

/// Templates in a directory of one test's own: `t`, which has no fault, and what the test changes.
struct TemplateRoot {
    let scratch: Scratch

    /// `id`, `name` and what is added from line 4 on, a property on each line.
    static func schema(_ more: String..., required: String = "", defs: String = "") -> String {
        let properties = [#""id": {"type": "integer"}"#, #""name": {"type": "string"}"#] + more
        return #"{"type": "object", "required": ["id", "name"\#(required)], \#(defs)"properties": {"# + "\n"
            + properties.joined(separator: ",\n") + "\n}}\n"
    }

    /// - Parameter files: by path; one that is nil is not there.
    init(_ files: [String: String?]) throws {
        scratch = try Scratch()
        let base: [String: String?] = [
            "t/subject.mustache": "Order {{id}}\n", "t/text.mustache": "Hello {{name}}\n",
            "t/schema.json": Self.schema(), "t/sample.json": #"{"id": 1, "name": "Zoë"}"#,
        ]
        for (name, text) in base.merging(files, uniquingKeysWith: { $1 }) {
            guard let text else { continue }
            let folder = URL(fileURLWithPath: scratch.path(name)).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try scratch.write(text, to: name)
        }
    }

    func check(_ arguments: String...) throws -> Ran {
        try Program.built("outspool").run(["check", "--templates", scratch.path] + arguments)
    }

    /// The lines that check prints, paths without the directory.
    func lines(_ arguments: String...) throws -> [String] {
        try Program.built("outspool").run(["check", "--templates", scratch.path] + arguments).lines
            .map { $0.replacingOccurrences(of: scratch.path + "/", with: "") }
    }
}

@Suite("outspool check", .serialized, .ownThreads)
struct CheckTests {
    @Test("A template without a fault has no line")
    func clean() throws {
        let ran = try TemplateRoot([:]).check("--strict")
        #expect(ran.status == 0 && ran.out == "" && ran.err == "")
    }

    @Test("The templates that come with the project have none")
    func samples() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let ran = try Program.built("outspool").run(["check", "--strict", "--templates", root + "/etc/templates"])
        #expect(ran.status == 0 && ran.out == "" && ran.err == "", "\(ran)")
    }

    @Test("Warnings do not fail, unless they are to be strict about")
    func strict() throws {
        let root = try TemplateRoot(["t/sample.json": nil as String?])
        #expect(try root.lines() == ["t: warning: no sample.json: nothing is rendered"])
        #expect(try root.check().status == 0)
        #expect(try root.check("--strict").status == 78)
    }

    @Test("Finds all faults of all templates, by file and line; a partial's once")
    func many() throws {
        let root = try TemplateRoot([
            "t/text.mustache": "{{b}}\n{{a}} {{a}}\n{{>sign}}", "t/html.mustache": "{{name}}{{>sign}}",
            "_partials/sign.mustache": "{{sign}}",
            "u/subject.mustache": "{{#x}}", "v/subject.mustache": "s", "v/text.mustache": "{{>sign}}",
            "v/schema.json": "{}", "v/sample.json": "{}",
        ])
        #expect(
            try root.lines() == [
                "_partials/sign.mustache:1:1: error: 'sign' is not declared in schema.json [t]",
                "t/text.mustache:1:1: error: 'b' is not declared in schema.json",
                "t/text.mustache:2:1: error: 'a' is not declared in schema.json",
                "t/text.mustache:2:7: error: 'a' is not declared in schema.json",
                "u/subject.mustache:1:1: error: 'x' is not closed",
                "_partials/sign.mustache:1:1: error: 'sign' is not declared in schema.json [v]",
            ])
        #expect(try root.check().status == 78)
        #expect(try root.lines("v", "u").count == 2)
        #expect(try root.check("t").out.contains("[v]") == false)
    }

    @Test("Writes JSON Lines for programs")
    func json() throws {
        let root = try TemplateRoot([
            "t/text.mustache": "{{nmae}} {{name}}\n{{>p}}", "t/extra": "", "_partials/p.mustache": "{{\u{1B}}}",
        ])
        let ran = try root.check("--json")
        #expect(ran.status == 78)
        #expect(isHarmless(ran.out))
        let objects = try ran.lines.map { try JSON(parsing: $0) }
        #expect(objects.map { $0.object?["severity"] } == ["error", "warning", "error"])
        let path = root.scratch.path
        #expect(
            objects == [
                [
                    "severity": "error", "file": .string("\(path)/_partials/p.mustache"), "line": 1, "column": 1,
                    "message": "'\u{1B}' is not declared in schema.json", "template": "t",
                ],
                ["severity": "warning", "file": .string("\(path)/t/extra"), "message": "not used"],
                [
                    "severity": "error", "file": .string("\(path)/t/text.mustache"), "line": 1, "column": 1,
                    "message": "'nmae' is not declared in schema.json", "suggestion": "name",
                ],
            ])
        #expect(isHarmless(try root.check().out))
    }

    @Test("Operands are templates of the configuration, and then the spool is not looked at")
    func operands() throws {
        let root = try TemplateRoot(["t/text.mustache": "{{x}}", "u/subject.mustache": ""])
        let configuration = try root.scratch.write("templates = .\n", to: "outspool.conf")
        let outspool = Program.built("outspool")
        let ran = try outspool.run(["check", "--config", configuration, "--spool", "/nonexistent", "t"])
        #expect(ran.status == 78)
        #expect(ran.lines.count == 2, "\(ran)")
        #expect(try outspool.run(["check", "--config", configuration, "--spool", "/nonexistent"]).status == 69)
        let unknown = try outspool.run(["check", "--config", configuration, "tt", "t"])
        #expect(unknown.status == 66)
        #expect(unknown.err.hasPrefix("outspool: no template tt in "))
        #expect(unknown.err.hasSuffix("; did you mean u?\n") == false)
        #expect(try root.check("t/../t").status == 66)
        let none = try root.scratch.write("", to: "empty.conf")
        #expect(try outspool.run(["check", "--templates", none]).lines == ["\(none): error: Not a directory"])
    }
}
