import Spool
import Testing

@Suite("Pause files")
struct PausesTests {
    private static let longest = String(repeating: "n", count: 200)

    @Test(
        "A file's name and the operator's words say the same",
        arguments: [
            ("pause", PauseFile.all, ["all"]), ("pause.template.hello", .template("hello"), ["template", "hello"]),
            ("pause.relay.main", .relay("main"), ["relay", "main"]),
            ("pause.template.a.b..c", .template("a.b..c"), ["template", "a.b..c"]),
            ("pause.relay. ", .relay(" "), ["relay", " "]),
            ("pause.template." + longest, .template(longest), ["template", longest]),
        ] as [(String, PauseFile, [String])])
    func names(name: String, file: PauseFile, words: [String]) {
        #expect(PauseFile(name: name) == file)
        #expect(PauseFile(words: words) == file)
        #expect(file.name == name)
        #expect(file.words == words)
    }

    @Test(
        "Other files pause nothing",
        arguments: [
            "", "paus", "pause.", "Pause", "pause.all", "pause.template", "pause.template.", "pause.relay.", "pause..x",
            "pause.templates.x", ".pause", "pause~", "pause.template." + longest + "n",
        ])
    func otherNames(name: String) { #expect(PauseFile(name: name) == nil) }

    @Test(
        "Other words name no pause, nor does a name that no file can have",
        arguments: [
            [], ["pause"], ["all", "x"], ["template"], ["template", ""], ["template", "a/b"], ["relay", "a\0b"],
            ["relay", "a", "b"], ["box", "a"], ["template", longest + "n"],
        ] as [[String]])
    func otherWords(words: [String]) { #expect(PauseFile(words: words) == nil) }

    @Test("Each file keeps back what it names, until it is removed")
    func holds() {
        var pauses = Pauses()
        func insert(_ name: String) -> Bool { pauses.insert(name) }
        func remove(_ name: String) -> Bool { pauses.remove(name) }
        #expect(pauses.isEmpty && !pauses.all)
        for name in ["pause.template.a", "pause.relay.a", "pause.template.a"] { #expect(insert(name)) }
        #expect(!insert("status.json") && !remove("tmp"))
        #expect(pauses.cover(template: "a") && pauses.cover(relay: "a") && !pauses.all && !pauses.isEmpty)
        #expect(!pauses.cover(template: "b") && !pauses.cover(relay: "b") && !pauses.cover(template: nil))
        #expect(remove("pause.template.a") && remove("pause.template.a"))
        #expect(!pauses.cover(template: "a") && pauses.cover(relay: "a"))
        #expect(insert("pause") && pauses.all && !pauses.cover(template: "b"))
        #expect(remove("pause") && remove("pause.relay.a") && pauses == Pauses())
    }

    @Test("They are told in the order of what they stop")
    func order() {
        let files: Set<PauseFile> = [.relay("a"), .template("b"), .all, .template("a"), .relay("B")]
        #expect(files.sorted() == [.all, .template("a"), .template("b"), .relay("B"), .relay("a")])
    }
}
