import Testing

@testable import Template

@Suite("What mail programs do not show")
struct ClientCheckTests {
    private func found(_ html: String) -> [String] {
        clientFindings(ofHTML: Array(html.utf8), file: "h").map { "\($0.line ?? 0):\($0.column ?? 0) \($0.message)" }
    }

    /// What is found within a whole document, which itself has nothing against it.
    private func inner(_ html: String) -> [String] { found("<html lang=\"en\">\n\(html)</html>") }

    @Test(
        "Each is found in its line and column, with the programs that leave it out",
        arguments: [
            ("<video src=\"x\"></video>", "2:1", "<video> is not shown by Outlook on Windows, Outlook.com, Gmail"),
            ("<p style=\"color: red; display:flex\">", "2:23", "display:flex is not shown by Outlook on Windows"),
            ("<p style=\"display: FLEX\">", "2:11", "display:flex is not shown by Outlook on Windows"),
            ("<p style=\"width: calc(1px)\">", "2:18", "calc() is not shown by Outlook on Windows"),
            ("<p style=\"width: 50vw\">", "2:18", "the unit vw is not shown by Outlook on Windows"),
            ("<style>\n@media (orientation: portrait) {}\n</style>", "3:8", "@media (orientation) is not shown by"),
            ("<style>@font-face { src: url(x) }</style>", "2:8", "@font-face is not shown by Outlook.com, Gmail"),
            ("<style>a:hover { color: red }</style>", "2:9", ":hover is not shown by Outlook on Windows, Gmail"),
            ("<style>p { box-shadow: none }</style>", "2:12", "box-shadow is not shown by Outlook on Windows, Gmail"),
            ("<style>@media print { p { opacity: 1 } }</style>", "2:27", "opacity is not shown by Outlook on Windows"),
            ("<img alt=\"\" srcset=\"x\" src=\"a\">", "2:13", "srcset= is not shown by"),
            ("<img alt=\"\" src=\"https://x.example/a.svg\">", "2:18", "a picture as .svg is not shown by Gmail"),
            ("<img src=\"https://x.example/a.png\">", "2:1", "<img> without alt"),
            ("<a href=\"http://x.example/\">x</a>", "2:10", "href= without https"),
            ("<a href='https://localhost:3000/x'>x</a>", "2:10", "href= leads to localhost:3000"),
            ("<img alt=\"\" src=\"http://127.0.0.1/x\">", "2:18", "src= leads to 127.0.0.1"),
            ("<div>\n<span>x\n</div>", "3:1", "<span> is not closed"),
        ])
    func finds(_ html: String, _ place: String, _ message: String) {
        let found = inner(html)
        #expect(found.contains { $0.hasPrefix("\(place) \(message)") }, "\(found)")
    }

    @Test(
        "What all programs show is not found, nor what Mustache stands for",
        arguments: [
            "<p>x<br>y<p>z", "<table><tr><td>x</table>", "<ul><li>a<li>b</ul>", "<a href=\"https://x.example/\">x</a>",
            "<a href=\"{{url}}\">x</a>", "<a href=\"mailto:a@x.example\">x</a>", "<img alt=\"x\" src=\"cid:a\">",
            "<p style=\"color: {{colour}}\">x</p>", "<!-- <video> display:flex -->", "<p>display:flex 50vw @media</p>",
            "<p style=\"color:#50e5e5\">x</p>", "<style>/* display:flex */ p { color: red }</style>",
        ])
    func passes(_ html: String) { #expect(inner(html) == []) }

    @Test("A document without a language, and one that Gmail cuts off, are found")
    func documents() {
        #expect(found("<p>x</p>").contains { $0.contains("no <html lang=…>") })
        #expect(found("<html><p>x</p></html>").contains { $0.hasPrefix("1:1 <html> without lang") })
        let long = inner(String(repeating: "<p>0123456789</p>", count: 7000))
        #expect(long.count == 1 && long[0].contains("Gmail cuts it off after 104448"))
    }

    @Test("One kind is told once for a file, and the time is linear")
    func once() {
        let html = String(repeating: "<video></video><p style=\"display:flex\">", count: 5000)
        #expect(inner(html).filter { $0.contains("<video>") }.count == 1)
        #expect(inner(html).filter { $0.contains("display:flex") }.count == 1)
        _ = found(String(repeating: "<a b=\"", count: 50_000))
        _ = found("<style>" + String(repeating: "a:b(@{", count: 50_000))
    }

    @Test("The table has features and all of their verdicts")
    func table() {
        let table = ClientTable()
        #expect(table.note("property", "BOX-SHADOW") != nil && table.note("element", "p") == nil)
        #expect(table.note("property", "display:flex") == nil && table.note("value", "display:flex") != nil)
    }
}
