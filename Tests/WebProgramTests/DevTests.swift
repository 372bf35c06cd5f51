import Foundation
import JSON
import Scratch
import Testing

@Suite("A place to develop in", .serialized, .ownThreads)
struct DevTests {
    private func json(_ seen: WebPlace.Seen) throws -> JSON.Object {
        try #require(try JSON(parsing: seen.body).object, "\(seen.head)")
    }

    @Test("A mail that is submitted is caught, and is shown with what it was made of")
    func catches() throws {
        let place = try WebPlace.dev()
        let variables = try place.said("submit").replacingOccurrences(of: "export ", with: "")
        let shell = Program("/bin/sh")
        let ran = try shell.run([
            "-c",
            "\(variables) exec \(Program.built("outspool").path) submit hello --to zoe@example.com -p 'name=<b>Zoë</b>'",
        ])
        let id = ran.out.trimmingCharacters(in: .newlines)
        #expect(ran.status == 0, "\(ran.err)")
        let found = try json(try place.get("/api/messages?to=zoe@example.com&wait=60"))
        let mail = try #require(found["messages"]?.array?.first?.object)
        #expect(mail["subject"]?.string == "Hello, <b>Zoë</b>" && mail["template"]?.string == "hello")
        #expect(mail["job"]?.string == id)
        let name = try #require(mail["id"]?.string)
        let whole = try json(try place.get("/api/messages/\(name)"))
        #expect(whole["links"]?.array?.map(\.string) == ["https://example.com/start"])
        #expect(whole["text"]?.string?.contains("Hello <b>Zoë</b>") == true)
        let list = try place.get("/mail")
        #expect(list.body.contains("Hello, &lt;b&gt;Zoë&lt;/b&gt;") && !list.body.contains("<b>Zoë"))
        for view in ["text", "source", "header", "parts", "job"] {
            let seen = try place.get("/mail/\(name)?view=\(view)")
            #expect(seen.status == 200 && !seen.body.contains("<b>Zoë"), "\(view)")
        }
        #expect(try place.get("/mail/\(name)?view=job").body.contains(id))
        #expect(try place.get("/mail?q=nobody").body.contains("No mail has this text."))
        #expect(try place.get("/api/messages?to=nobody@example.com&wait=0").status == 404)
        #expect(try place.post("/api/messages/delete", ["id=\(name)"]).body.contains("\"deleted\":1"))
        #expect(try json(try place.get("/api/messages"))["total"]?.int == 0)
    }

    @Test("HTML is framed without rights, with the pictures that it carries; files are only saved")
    func html() throws {
        let place = try WebPlace.dev()
        let port = try #require(place.said("SMTP").split(separator: ":").last.flatMap { UInt16($0) })
        let client = try RawClient(port)
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<shop@example.com>", expect: 250)
        try client.ask("RCPT TO:<zoe@example.com>", expect: 250)
        try client.ask("DATA", expect: 354)
        let lines = [
            "From: shop@example.com", "To: zoe@example.com", "Subject: picture", "MIME-Version: 1.0",
            "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "",
            "<script>x()</script><img src=\"cid:a@b\"><a href=\"https://example.com/?a=1&amp;b=2\">x</a>", "--b",
            "Content-Type: image/png", "Content-ID: <a@b>", "Content-Transfer-Encoding: base64", "", "iVBORw0KGgo=",
            "--b",
            "Content-Type: text/html", "Content-Disposition: attachment; filename=\"evil.html\"", "",
            "<script>y()</script>",
            "--b--", ".",
        ]
        let reply = try client.ask(lines.joined(separator: "\r\n"))
        #expect(reply.hasPrefix("250"), "\(reply)")
        let found = try json(try place.get("/api/messages?subject=picture&wait=60"))
        let name = try #require(found["messages"]?.array?.first?.object?["id"]?.string)
        let page = try place.get("/mail/\(name)")
        #expect(page.body.contains("<iframe sandbox src=\"/mail/\(name)/html\"") && !page.body.contains("<script"))
        let frame = try place.get("/mail/\(name)/html")
        #expect(frame.body.contains("src=\"data:image/png;base64,"))
        #expect(frame.head.contains("img-src data:;") && frame.head.contains("; sandbox"))
        let whole = try json(try place.get("/api/messages/\(name)"))
        #expect(whole["links"]?.array?.map(\.string) == ["https://example.com/?a=1&b=2"])
        let file = try #require(whole["attachments"]?.array?.first?.object)
        #expect(file["name"]?.string == "evil.html")
        let part = try place.get(try #require(file["url"]?.string))
        #expect(part.head.contains("Content-Disposition: attachment; filename=\"evil.html\""))
        #expect(part.head.contains("Content-Type: application/octet-stream") && part.head.contains("nosniff"))
    }

    @Test("A template that is changed is used at once, and is sent through the daemon")
    func templates() throws {
        let place = try WebPlace.dev()
        #expect(try place.get("/templates").body.contains("Hello, Zoë"))
        try place.scratch.write("{\"name\":\"Other <i>\"}\n", to: "templates/hello/samples/other.json")
        try place.scratch.write("Changed {{name}}\n", to: "templates/hello/subject.mustache")
        let seen = try place.get("/templates/hello?sample=other")
        #expect(seen.body.contains("Changed Other &lt;i&gt;") && seen.body.contains("sample=other"))
        #expect(try place.get("/templates/hello?p.name=Typed").body.contains("Changed Typed"))
        try place.scratch.write("Broken {{name\n", to: "templates/hello/text.mustache")
        #expect(try place.get("/templates/hello").body.contains("finding bad"))
        #expect(try place.get("/templates").body.contains("broken"))
        try place.scratch.write("Mended {{name}}\n", to: "templates/hello/text.mustache")
        let sent = try place.post("/templates/hello/send", ["to=you@example.com", "p.name=Sent"])
        #expect(sent.status == 303, "\(sent.body)")
        let found = try json(try place.get("/api/messages?subject=Changed%20Sent&wait=60"))
        #expect(found["total"]?.int == 1)
        #expect(try place.post("/templates/hello/send", ["to=not an address"]).status == 400)
    }

    @Test("--fail reaches the relay, and the end leaves nothing behind")
    func ends() throws {
        let place = try WebPlace.dev("--fail", "rcpt(no@example.com)=550 5.1.1 No such user")
        let variables = try place.said("submit").replacingOccurrences(of: "export ", with: "")
        _ = try Program("/bin/sh").run([
            "-c", "\(variables) exec \(Program.built("outspool").path) submit hello --to no@example.com -p name=x",
        ])
        try waitUntil("the dead letter to be listed", limit: .seconds(60)) {
            (try? place.get("/queue/dead").body.contains("550 5.1.1")) == true
        }
        func children(_ pid: Int32) -> [Substring] {
            (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8))?.split(separator: " ")
                ?? []
        }
        let others = children(place.program.pid)
        #expect(others.count == 3)
        place.program.send(SIGINT)
        #expect(place.program.status == 0)
        for pid in others { #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)")) }
        #expect(try place.scratch.list(".").filter { $0.hasPrefix("outspool-dev-") }.isEmpty)
    }
}
