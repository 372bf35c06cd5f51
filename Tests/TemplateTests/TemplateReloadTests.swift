import Foundation
import JSON
import Scratch
import Testing

@testable import Template

@Suite("Template reload")
struct TemplateReloadTests {
    private func text(_ store: TemplateStore) throws -> String {
        let mail = try store.template(named: "t").render(params: .init())
        return mail.subject + " " + String(decoding: mail.text ?? [], as: UTF8.self)
    }

    /// Reloads until nothing changes any more: a file written within the last tick of the
    /// filesystem's clock is not yet taken for current.
    private func settle(_ store: TemplateStore) {
        while !store.isCurrent("t") { store.reloadIfChanged("t") }
    }

    @Test("A template stays as it was read until it is told to look again")
    func cached() throws {
        let folder = try Scratch(["t/subject.mustache": "a", "t/text.mustache": "a"])
        let store = TemplateStore(directory: folder.path)
        #expect(!store.isCurrent("t"))
        #expect(!store.reloadIfChanged("t"))
        #expect(try text(store) == "a a")
        settle(store)
        #expect(!store.reloadIfChanged("t"))
        try folder.write("b", to: "t/text.mustache")
        #expect(try text(store) == "a a")
        #expect(!store.isCurrent("t"))
        #expect(store.reloadIfChanged("t"))
        #expect(try text(store) == "a b")
        try folder.write("c", to: "t/text.mustache")
        store.invalidate()
        #expect(try text(store) == "a c")
    }

    @Test(
        "Every kind of change is noticed",
        arguments: [
            ("t/subject.de.mustache", "new"), ("t/p.mustache", "new"), ("_partials/p.mustache", "new"),
            ("_layouts/other.mustache", "new"), ("t/template.conf", "ttl = 1m"), ("t/schema.json", "true"),
        ])
    func changes(file: String, content: String) throws {
        let folder = try Scratch([
            "t/subject.mustache": "a", "t/text.mustache": "{{>p}}", "_layouts/p.mustache": "p",
        ])
        let store = TemplateStore(directory: folder.path)
        #expect(try text(store) == "a p")
        settle(store)
        try folder.write(content, to: file)
        #expect(!store.isCurrent("t"))
        #expect(store.reloadIfChanged("t"))
    }

    @Test("A removed file and a removed template are noticed")
    func removals() throws {
        let folder = try Scratch([
            "t/subject.mustache": "a", "t/text.mustache": "{{>p}}", "_partials/p.mustache": "p",
        ])
        let store = TemplateStore(directory: folder.path)
        #expect(try text(store) == "a p")
        settle(store)
        try folder.remove("_partials/p.mustache")
        #expect(store.reloadIfChanged("t"))
        #expect(throws: TemplateError.self) { try text(store) }
        settle(store)
        try folder.remove("t")
        #expect(store.reloadIfChanged("t"))
        #expect(throws: TemplateError.unknown("t")) { try store.template(named: "t") }
    }

    @Test("A broken template is remembered until it is repaired")
    func repair() throws {
        let folder = try Scratch(["t/subject.mustache": "a", "t/text.mustache": "{{#a}}"])
        let store = TemplateStore(directory: folder.path)
        #expect(throws: TemplateError.self) { try text(store) }
        settle(store)
        #expect(!store.reloadIfChanged("t"))
        try folder.write("fine", to: "t/text.mustache")
        #expect(store.reloadIfChanged("t"))
        #expect(try text(store) == "a fine")
    }

    @Test("Files that change while they are read are read again, so that old and new never mix")
    func changedMeanwhile() throws {
        let folder = try Scratch(["t/subject.mustache": "old", "t/text.mustache": "{{#half"])
        var reads = 0
        let store = TemplateStore(directory: folder.path) {
            reads += 1
            guard reads == 1 else { return }
            // Whoever deploys goes on writing after the first reading.
            #expect(throws: Never.self) {
                try folder.write("new text", to: "t/text.mustache")
                try folder.write("new", to: "t/subject.mustache")
            }
        }
        #expect(try text(store) == "new new text")
        #expect(reads == 2)
    }

    @Test("A template that never holds still is an error, and the next call tries again")
    func neverStill() throws {
        let folder = try Scratch(["t/subject.mustache": "a", "t/text.mustache": "0"])
        var reads = 0
        let store = TemplateStore(directory: folder.path) {
            reads += 1
            guard reads <= 5 else { return }
            #expect(throws: Never.self) {
                try folder.write(String(repeating: "x", count: reads + 1), to: "t/text.mustache")
            }
        }
        #expect(
            throws: TemplateError.broken(.init(file: folder.path + "/t", reason: "keeps changing while it is read"))
        ) {
            try text(store)
        }
        #expect(try text(store) == "a xxxxxx")
    }
}
