import Testing
import Web

@Suite("Markup")
struct HTMLTests {
    @Test("What is put into a literal is escaped, once")
    func escapes() {
        let name = "<script>\"a\" & 'b'\u{0}\u{9D}"
        let cell: HTML = "<td title=\"\(name)\">\(name)</td>"
        let text = "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\u{FFFD}\u{FFFD}"
        #expect(cell.source == "<td title=\"\(text)\">\(text)</td>")
        let row: HTML = "<tr>\(cell)\([cell, cell])\(7)</tr>"
        #expect(row.source == "<tr>\(cell.source)\(cell.source)\(cell.source)7</tr>")
    }

    @Test(
        "A link is percent-encoded, and what is empty is left out",
        arguments: [
            (["mail", "a/b"], [], "/mail/a%2Fb"),
            ([], [], "/"),
            (
                ["queue", "jobs"], [("to", "a&b=c d+é\""), ("state", nil), ("error", "")],
                "/queue/jobs?to=a%26b%3Dc%20d%2B%C3%A9%22"
            ),
        ] as [([String], [(String, String?)], String)])
    func links(_ path: [String], _ parameters: [(String, String?)], _ text: String) {
        #expect(Link(path, parameters.map { (name: $0.0, value: $0.1) }).text == text)
    }
}
