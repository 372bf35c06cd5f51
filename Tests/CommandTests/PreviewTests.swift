import Foundation
import JSON
import Scratch
import Testing

/// A spool, a configuration, and templates: one plain, one with a secret, one in two languages with a picture.
struct PreviewFixture {
    let fixture: Fixture

    init() throws {
        fixture = try Fixture()
        try Program.shell("mkdir -p '\(fixture.scratch.path)'/templates/hello '\(fixture.scratch.path)'/templates/otp")
        for (name, text) in [
            (
                "outspool.conf",
                "spool = spool\ntemplates = templates\nfrom = Shop <shop@example.com>\nhostname = test.example\n"
            ),
            ("templates/hello/subject.mustache", "Hello, {{name}}"), ("templates/hello/text.mustache", "Hi {{name}}\n"),
            ("templates/hello/html.mustache", "<p>Hi <b>{{name}}</b> & \"all\"</p>"),
            ("templates/hello/text.de.mustache", "Hallo {{name}}\n"), ("templates/hello/subject.de.mustache", "Hallo"),
            ("templates/hello/sample.json", #"{"name":"Zoë"}"#),
            (
                "templates/hello/schema.json",
                #"{"properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#
            ),
            ("templates/otp/subject.mustache", "Code"), ("templates/otp/text.mustache", "Your code: {{code}}\n"),
            ("templates/otp/sample.json", #"{"code":"SAMPLE1"}"#),
            (
                "templates/otp/schema.json",
                #"{"properties":{"code":{"type":"string","pattern":"^[A-Z0-9]+$","writeOnly":true}}}"#
            ),
        ] { try fixture.scratch.write(text, to: name) }
    }

    func run(_ arguments: String..., input: String = "") throws -> Ran {
        try fixture.outspool.run(["--config", fixture.scratch.path("outspool.conf")] + arguments, input: input)
    }

    /// Whatever lies in /etc, here is no configuration, and so no template in sight.
    func blind(_ arguments: String...) throws -> Ran {
        try fixture.outspool.with("OUTSPOOL_CONFIG", fixture.scratch.path("none.conf")).run(arguments)
    }
}

@Suite("outspool preview", .serialized, .ownThreads)
struct PreviewTests {
    @Test("The sample's mail: who, what, how large, and the text")
    func summary() throws {
        let ran = try PreviewFixture().run("preview", "hello")
        #expect(ran.status == 0)
        #expect(ran.err == "")
        #expect(
            ran.lines.prefix(3) == [
                "From      Shop <shop@example.com>", "To        recipient@example.com", "Subject   Hello, Zoë",
            ])
        #expect(ran.out.contains("text 9 B, HTML 31 B"))
        #expect(ran.out.contains("Locales   default, de\n"))
        #expect(ran.out.hasSuffix("\n\nHi Zoë\n"))
    }

    @Test("Each part alone, byte for byte; a locale; parameters")
    func parts() throws {
        let place = try PreviewFixture()
        #expect(try place.run("preview", "hello", "--text").out == "Hi Zoë\n")
        #expect(try place.run("preview", "hello", "--html").out == "<p>Hi <b>Zoë</b> & \"all\"</p>\n")
        #expect(try place.run("preview", "hello", "--locale", "de-AT", "-p", "name=<b>", "--text").out == "Hallo <b>\n")
        #expect(try place.run("preview", "hello", "-p", "name=<b>", "--html").out.contains("&lt;b&gt;"))
        #expect(
            try place.run("preview", "hello", "--params", "-", "--text", input: #"{"name":"Ada"}"#).out == "Hi Ada\n")
        #expect(try place.run("preview", "otp", "--html").status == 65)
        let raw = try place.run("preview", "hello", "--raw", "--to", "Ö <o@example.com>").out
        #expect(raw.contains("\r\nTo: =?utf-8?b?w5Y=?= <o@example.com>\r\n"))
        #expect(raw.contains("\r\nMessage-ID: <preview@test.example>\r\n"))
        #expect(try place.run("preview", "hello", "--raw", "--text").status == 64)
    }

    @Test("What is wrong is told as submit and the daemon tell it")
    func faults() throws {
        let place = try PreviewFixture()
        let misfit = try place.run("preview", "hello", "-p", "nmae=x")
        #expect(misfit.status == 65)
        #expect(
            misfit.err
                == (try place.run("submit", "hello", "--to", "a@example.com", "-p", "name=x", "-p", "nmae=x").err))
        #expect(misfit.err.contains("/params/nmae"))
        let unknown = try place.run("preview", "helo")
        #expect(unknown.status == 66)
        #expect(unknown.err.contains("did you mean hello?"))
        try place.fixture.scratch.write("Hello\n  {{#open}}", to: "templates/hello/text.mustache")
        let broken = try place.run("preview", "hello")
        #expect(broken.status == 78)
        #expect(broken.err.contains("templates/hello/text.mustache:2:3: "), "\(broken.err)")
        #expect(try place.blind("preview", "hello").status == 78)
        #expect(try place.run("preview").status == 64)
    }

    @Test("Without a sender in sight there is one that says so")
    func placeholder() throws {
        let place = try PreviewFixture()
        try place.fixture.scratch.write("templates = templates\n", to: "outspool.conf")
        let ran = try place.run("preview", "hello")
        #expect(ran.status == 0)
        #expect(ran.lines[0] == "From      sender@example.com")
        #expect(ran.err.contains("sender@example.com"))
    }

    @Test("The page has every locale and needs no other file; nothing in it runs")
    func page() throws {
        let place = try PreviewFixture()
        let file = place.fixture.scratch.path("page.html")
        #expect(try place.run("preview", "hello", "--page", file).out == "")
        let page = try place.fixture.scratch.read("page.html")
        #expect(try place.run("preview", "hello", "--page", "-").out.count == page.count)
        for text in [
            "<h2>Hello, Zoë</h2>", "<h2 lang=\"de\">Hallo</h2>", "<pre>Hi Zoë\n</pre>",
            "<pre lang=\"de\">Hallo Zoë\n</pre>",
            "<iframe sandbox ", "srcdoc=\"&lt;p&gt;Hi &lt;b&gt;Zoë&lt;/b&gt; &amp; &quot;all&quot;&lt;/p&gt;",
            "default-src 'none'",
        ] { #expect(page.contains(text), "\(text)") }
        #expect(!page.contains("<script"))
        // A locale that was asked for is the only one.
        #expect(!(try place.run("preview", "hello", "--locale", "de", "--page", "-").out.contains("Hello, Zoë")))
        #expect(try place.run("preview", "hello", "--page", "/nonexistent/x").status == 66)
        let full = try place.run("preview", "hello", "--page", "/dev/full")
        #expect(full.status == 74)
    }

    @Test("A file that the HTML shows is in the page")
    func inlineImage() throws {
        let place = try PreviewFixture()
        let job = """
            {"subject":"x","html":"<img src=\\"cid:logo\\">","to":"a@example.com",
             "attachments":[{"filename":"l.png","contentType":"image/png","cid":"logo","content":"aGVsbG8="},
             {"filename":"Rechnung ü.pdf","contentType":"application/pdf","content":"aGVsbG8="}]}
            """
        let page = try place.run("preview", "--job", "-", "--page", "-", input: job).out
        #expect(page.contains("&lt;img src=&quot;data:image/png;base64,aGVsbG8=&quot;&gt;"))
        #expect(page.contains("<li>Rechnung ü.pdf <small>application/pdf, 5 B</small></li>"))
        let summary = try place.run("preview", "--job", "-", input: job)
        #expect(summary.out.contains("Files     Rechnung ü.pdf\n"))
    }

    @Test("The page of a job loads nothing from other hosts unless asked")
    func remote() throws {
        let place = try PreviewFixture()
        let job = #"{"subject":"x","html":"<img src='https://x.example/p.png'>","to":"a@example.com"}"#
        func policy(_ words: String...) throws -> Substring {
            let page = try place.fixture.outspool.run(
                ["--config", place.fixture.scratch.path("outspool.conf"), "preview", "--page", "-"] + words, input: job
            ).out
            let line = try #require(page.split(separator: "\n").first { $0.contains("Content-Security-Policy") })
            #expect(page.contains("nothing loaded from other hosts") == !line.contains("http:"))
            return line
        }
        #expect(try !policy("--job", "-").contains("https:"))
        #expect(try policy("--job", "-", "--remote").contains("img-src data: https: http:"))
        #expect(try policy("hello").contains("img-src data: https: http:"))
    }

    @Test("--open hands the page to the browser")
    func browser() throws {
        let place = try PreviewFixture()
        var outspool = place.fixture.outspool.with("TMPDIR", place.fixture.scratch.path)
        // $BROWSER may have arguments.
        outspool = outspool.with("BROWSER", "cat -u")
        let ran = try outspool.run([
            "--config", place.fixture.scratch.path("outspool.conf"), "preview", "hello", "--open",
        ])
        #expect(ran.status == 0)
        #expect(ran.out.hasPrefix("<!DOCTYPE html>"))
        outspool = outspool.with("BROWSER", "false")
        #expect(
            try outspool.run(["--config", place.fixture.scratch.path("outspool.conf"), "preview", "hello", "--open"])
                .status
                == 69)
    }

    @Test("A sample's secrets are shown, a job's are not, but on demand")
    func secrets() throws {
        let place = try PreviewFixture()
        let job = #"{"template":"otp","to":"a@example.com","params":{"code":"TOP4711"}}"#
        #expect(try place.run("preview", "otp").out.contains("SAMPLE1"))
        for way in [[], ["--text"], ["--raw"], ["--page", "-"]] as [[String]] {
            let conf = ["--config", place.fixture.scratch.path("outspool.conf"), "preview", "--job", "-"]
            let masked = try place.fixture.outspool.run(conf + way, input: job)
            #expect(masked.status == 0, "\(masked.err)")
            #expect(masked.out.contains("***") && !masked.out.contains("TOP4711"), "\(way)")
            #expect(try place.fixture.outspool.run(conf + way + ["--reveal"], input: job).out.contains("TOP4711"))
        }
    }
}

@Suite("outspool show and secrets", .serialized, .ownThreads)
struct ShowSecretTests {
    private let job = #"{"template":"otp","to":"a@example.com","params":{"code":"TOP4711","note":"x"}}"# + "\n"

    @Test("Secrets are masked; where the template is out of sight, all parameters are")
    func masks() throws {
        let place = try PreviewFixture()
        try place.fixture.put(job, "dead/a")
        try place.fixture.put(
            #"{"template":"nowhere","to":"a@example.com","params":{"code":"TOP4711"}}"# + "\n", "dead/b")
        let shown = try place.run("show", "a")
        #expect(shown.out.contains("\"code\": \"***\"") && shown.out.contains("\"note\": \"x\""))
        #expect(shown.out.contains("(secrets are masked; --reveal shows them)"))
        #expect(try place.run("show", "--json", "a").out.contains(#""params":{"code":"***","note":"x"}"#))
        let blind = try place.run("show", "b")
        #expect(blind.out.contains("\"code\": \"***\"") && blind.out.contains("all parameters are masked"))
        #expect(!(try place.run("show", "--json", "a", "b").out.contains("TOP4711")))
        #expect(try place.run("show", "--reveal", "a").out.contains("TOP4711"))
        #expect(try place.run("show", "--reveal", "--json", "b").out.contains("TOP4711"))
        #expect(!(try place.run("ls", "--json").out.contains("TOP4711")))
    }

    @Test("--mail is the mail as it would be sent now, byte for byte, its secrets masked")
    func mail() throws {
        let place = try PreviewFixture()
        try place.fixture.put(
            job + #"{"at":"2026-11-23T17:44:11.502Z","event":"deferred","submitted":"2026-11-23T17:44:11.498Z"}"#
                + "\n",
            "retry/01-30s/a")
        let mail = try place.run("show", "--mail", "a")
        #expect(mail.status == 0, "\(mail.err)")
        #expect(mail.out.hasPrefix("Date: Mon, 23 Nov 2026 17:44:11 +0000\r\nFrom: Shop <shop@example.com>\r\n"))
        #expect(mail.out.contains("\r\nMessage-ID: <a@test.example>\r\n"))
        #expect(mail.out.hasSuffix("\r\nYour code: ***\r\n"))
        #expect(try place.run("show", "--mail", "--reveal", "a").out.hasSuffix("\r\nYour code: TOP4711\r\n"))
        #expect(try place.run("show", "--mail", "--json", "a").status == 64)
        try place.fixture.put("{\"template\":", "dead/bad")
        #expect(try place.run("show", "--mail", "bad").status == 65)
    }
}
