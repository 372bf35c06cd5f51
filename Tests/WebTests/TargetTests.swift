import Testing
import Web

@Suite("Paths, queries and forms")
struct TargetTests {
    @Test(
        "A path is read as its segments",
        arguments: [
            ("/", []), ("/mail", ["mail"]), ("/mail/a%20b%C3%A9", ["mail", "a bé"]), ("/a+b", ["a+b"]),
            ("/queue/jobs?state=dead", ["queue", "jobs"]), ("/a/...", ["a", "..."]),
        ] as [(String, [String])])
    func paths(_ text: String, _ path: [String]) { #expect(Target(text.utf8)?.path == path) }

    @Test(
        "What is no path of a page is refused",
        arguments: [
            "", "mail", "http://localhost/mail", "*", "//", "/mail/", "/mail//x", "/.", "/..", "/mail/../queue",
            "/mail/%2e%2e/x", "/mail/%2E", "/a%2Fb", "/a%00", "/a%0Ab", "/a%7F", "/%", "/%2", "/%zz", "/%FF", "/%C3",
            "/x?a=%zz", "/x?a=%FF", "/" + String(repeating: "a", count: 8192),
        ])
    func refuses(_ text: String) { #expect(Target(text.utf8) == nil) }

    @Test("A form's fields are read in their order; empty ones are there and have no value")
    func forms() throws {
        let form = try #require(Form("a=1&b=c+d%26&a=2&e&=f&g=%3D&h=".utf8))
        #expect(form.fields.map(\.name) == ["a", "b", "a", "e", "", "g", "h"])
        #expect(form["a"] == "1" && form["b"] == "c d&" && form["g"] == "=" && form["h"] == nil && form["e"] == nil)
        #expect(form.has("e") && form.has("h") && !form.has("x"))
        #expect(Form("a=%".utf8) == nil && Form("%FF=1".utf8) == nil)
        #expect(Form("".utf8)?.fields.isEmpty == true && Form("&&&".utf8)?.fields.isEmpty == true)
    }

    @Test("A form has so many fields and no more")
    func limit() {
        let fields = Array(repeating: "a=1", count: Form.limit)
        #expect(Form(fields.joined(separator: "&").utf8)?.fields.count == Form.limit)
        #expect(Form((fields + ["a=1"]).joined(separator: "&").utf8) == nil)
    }

    @Test(
        "What a link says is what a target reads",
        arguments: ["a b", "é/\u{202E}", "<&\"'>", "100%", "a+b=c&d", "ẞ\u{301}"])
    func roundTrip(_ text: String) throws {
        let link = Link(["x", "y"], [("q", text)])
        let target = try #require(Target(link.text.utf8))
        #expect(target.path == ["x", "y"] && target.query["q"] == text)
    }
}
