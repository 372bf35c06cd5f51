import Testing
import Web

@Suite("Responses")
struct ResponseTests {
    private func value(_ name: String, _ response: Response) -> String? {
        response.fields.first { $0.name == name }?.value
    }

    @Test("No response may run a script, and none may be stored or sniffed")
    func policies() {
        let responses = [
            Response(page: "<p>x</p>"), Response(text: "x"), Response(json: ["a": 1]),
            .foreign(html: "<script>x()</script>"),
            .download([1], type: "text/html", filename: "x.html"), .redirect(to: Link(["mail"])),
        ]
        for response in responses {
            let policy = value("Content-Security-Policy", response) ?? ""
            #expect(
                policy.hasPrefix("default-src 'none'") && !policy.contains("script") && !policy.contains("unsafe-eval"))
            #expect(
                value("X-Content-Type-Options", response) == "nosniff" && value("Cache-Control", response) == "no-store"
            )
        }
        let foreign = value("Content-Security-Policy", .foreign(html: "")) ?? ""
        #expect(foreign.contains("; sandbox") && foreign.contains("img-src data:;") && !foreign.contains("allow-"))
    }

    @Test(
        "A file is saved under its name, whatever is in it, and never as a document",
        arguments: [
            ("report.pdf", "application/pdf", "application/pdf", "report.pdf", "report.pdf"),
            ("a.html", "text/html", "application/octet-stream", "a.html", "a.html"),
            ("a.svg", "image/svg+xml", "application/octet-stream", "a.svg", "a.svg"),
            (
                "a\"\r\nSet-Cookie: x", "text/plain", "application/octet-stream", "a___Set-Cookie__x",
                "a%22%0D%0ASet-Cookie%3A%20x"
            ),
            ("é.png", "image/png", "image/png", "__.png", "%C3%A9.png"),
            ("../../etc", "x/y", "application/octet-stream", ".._.._etc", "..%2F..%2Fetc"),
        ])
    func downloads(_ name: String, _ type: String, _ shown: String, _ plain: String, _ encoded: String) {
        let response = Response.download([], type: type, filename: name)
        #expect(value("Content-Type", response) == shown)
        #expect(
            value("Content-Disposition", response)
                == "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)")
    }

    @Test("A curve has a point for each value, within its box")
    func curve() {
        let svg = Curve.svg([.init("sent", [0, 5, 10]), .init("deferred", [1, 1, 1])], title: "<t>").source
        #expect(svg.contains("points=\"0.0,116.0 360.0,60.0 720.0,4.0\"") && svg.contains("aria-label=\"&lt;t&gt;\""))
        #expect(Curve.svg([.init("sent", [3])], title: "x").isEmpty)
        #expect(!Curve.svg([.init("sent", [0, 0])], title: "x").isEmpty)
    }
}
