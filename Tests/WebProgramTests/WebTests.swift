import Foundation
import JSON
import Scratch
import Testing

@Suite("Pages of a spool", .serialized, .ownThreads)
struct WebPagesTests {
    private static let naughty = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"

    private func place(_ options: [String] = []) throws -> WebPlace {
        func prepare(_ scratch: Scratch) throws {
            let words = Self.naughty.replacingOccurrences(of: "\"", with: "\\\"")
            try scratch.write(
                #"{"subject":"\#(words)","text":"x","to":"\#(words) <zoe@example.com>","from":"shop@example.com"}"#
                    + "\n"
                    + #"{"at":"2026-11-23T17:44:11.000Z","event":"refused","to":"zoe@example.com","code":550,"dsn":"5.1.1","reply":"\#(words)"}"#
                    + "\n",
                to: "spool/dead/letter-1")
            try scratch.write(
                #"{"template":"hello","to":"a@example.com","params":{"token":"hidden-value"}}"# + "\n",
                to: "spool/hold/held-1")
            try scratch.write("not a job " + Self.naughty + "\n", to: "spool/new/odd-1")
        }
        switch options.count {
        case 0: return try WebPlace(prepare: prepare)
        case 1: return try WebPlace(options[0], prepare: prepare)
        default: return try WebPlace(options[0], options[1], options[2], prepare: prepare)
        }
    }

    @Test("Every page is there, has no script, and shows hostile text as text")
    func pages() throws {
        let place = try place()
        for path in [
            "/queue", "/queue/jobs", "/queue/jobs?state=dead", "/queue/dead", "/queue/jobs/letter-1",
            "/queue/jobs/odd-1",
            "/queue/jobs?template=%3Cscript%3E&to=%22%3E%3Cscript%3E",
        ] {
            let seen = try place.get(path)
            #expect(seen.status == 200, "\(path): \(seen.head)")
            #expect(
                !seen.body.contains("<script") && !seen.body.contains("<img")
                    && !seen.body.contains("onerror=alert(2)>\""))
            #expect(seen.head.contains("Content-Security-Policy: default-src 'none'; style-src 'self'"))
            #expect(!seen.head.lowercased().contains("set-cookie"))
        }
        let dead = try place.get("/queue/jobs?state=dead&error=5.1.1")
        #expect(dead.body.contains("letter-1") && !dead.body.contains("held-1"))
        #expect(try place.get("/queue/dead").body.contains("550 5.1.1"))
        #expect(try place.get("/style.css").head.contains("text/css"))
        #expect(try place.get("/").status == 303)
    }

    @Test("What a job hides is not shown, and cannot be revealed")
    func masks() throws {
        let place = try place()
        for path in ["/queue/jobs/held-1", "/queue/jobs/held-1?reveal=1", "/queue/jobs?state=hold"] {
            #expect(try !place.get(path).body.contains("hidden-value"))
        }
    }

    @Test(
        "What is not there, or is no request, has its status",
        arguments: [
            ("/nothing", 404), ("/queue/jobs/no-such-job", 404), ("/queue/jobs/..%2F..%2Fetc", 400), ("/mail", 404),
            ("/queue/jobs?state=nowhere", 400), ("/queue/%zz", 400), ("/templates", 404), ("/api/messages", 404),
            ("/queue/../../etc/passwd", 400),
        ])
    func statuses(_ path: String, _ status: Int) throws {
        #expect(try place().get(path, "--path-as-is").status == status)
    }

    @Test("Foreign names and sites are refused, other methods are not understood, large bodies are cut off")
    func refusals() throws {
        let place = try place(["--actions"])
        #expect(try place.get("/queue", "--header", "Host: evil.example").status == 421)
        #expect(try place.get("/queue", "--header", "Sec-Fetch-Site: cross-site").status == 403)
        #expect(try place.get("/queue", "--request", "DELETE").status == 405)
        let words = ["verb=rm", "id=letter-1"]
        #expect(try place.post("/queue/change", words, "--header", "Origin: http://evil.example").status == 403)
        #expect(try place.post("/queue/change", words, "--header", "Sec-Fetch-Site: same-site").status == 403)
        #expect(try place.post("/queue/change", words, "--header", "Content-Type: text/plain").status == 415)
        #expect(try place.get("/queue", "--header", "X: " + String(repeating: "a", count: 40_000)).status == 431)
        let large = place.scratch.path("large")
        #expect(FileManager.default.createFile(atPath: large, contents: Data(count: 3 << 20)))
        #expect(try place.post("/queue/change", [], "--data-binary", "@\(large)").status == 413)
        #expect(try place.scratch.list("spool/dead") == ["letter-1"])
    }

    @Test("Without --actions nothing changes")
    func unchanged() throws {
        let place = try place()
        let before = try place.snapshot()
        for path in [
            "/queue/change", "/queue/count", "/queue/pause", "/queue/resume", "/mail/delete", "/api/messages/delete",
            "/templates/hello/send",
        ] {
            let seen = try place.post(path, ["verb=rm", "id=letter-1", "word=all", "all=yes", "to=a@example.com"])
            #expect(seen.status == 403, "\(path)")
        }
        #expect(
            try place.get("/queue/jobs?state=dead").body.contains("<form class=\"inline\" method=\"post\"") == false)
        #expect(try place.snapshot() == before)
    }

    @Test("With --actions the verbs change jobs, after a count, and the log says who")
    func actions() throws {
        let place = try place(["--actions", "--user-header", "X-User"])
        let user = ["--header", "X-User: zoe m"]
        #expect(try place.post("/queue/count", ["verb=hold", "state=dead"]).status == 403)
        let count = try place.post("/queue/count", ["verb=hold", "state=dead"], user[0], user[1])
        #expect(count.status == 200 && count.body.contains("would be held: 1 job"), "\(count.body)")
        #expect(try place.scratch.list("spool/dead") == ["letter-1"])
        let done = try place.post("/queue/change", ["verb=hold", "state=dead"], user[0], user[1])
        #expect(done.body.contains("held: 1 job"), "\(done.body)")
        #expect(try place.scratch.list("spool/hold") == ["held-1", "letter-1"])
        #expect(try place.post("/queue/change", ["verb=rm", "id=letter-1"], user[0], user[1]).status == 200)
        #expect(try place.scratch.list("spool/hold") == ["held-1"])
        #expect(try place.post("/queue/change", ["verb=rm"], user[0], user[1]).status == 400)
        #expect(try place.post("/queue/change", ["verb=rm", "id=--all"], user[0], user[1]).status == 400)
        #expect(try place.post("/queue/pause", ["word=all"], user[0], user[1]).status == 303)
        #expect(try place.scratch.list("spool").contains("pause"))
        #expect(try place.get("/queue").body.contains("Paused: all"))
        #expect(try place.post("/queue/resume", ["word=all"], user[0], user[1]).status == 303)
        #expect(place.program.err.contains("user=\"zoe m\" hold in dead: held: 1 job"), "\(place.program.err)")
    }

    @Test("Over a UNIX socket it is the same")
    func unixSocket() throws {
        let scratch = try Scratch()
        #expect(try Program.built("outspool").run(["init", scratch.path("spool")]).status == 0)
        let path = scratch.path("s")
        let program = try RunningProgram(
            .built("outspool-web"), ["web", "--spool", scratch.path("spool"), "--listen", "unix:\(path)"])
        try waitUntil("the pages to be served", details: { program.err }) { program.out.hasSuffix("\n") }
        let curl = Program(try #require(Machine.program("curl")))
        let ran = try curl.run(["--silent", "--unix-socket", path, "http://localhost/queue"])
        #expect(ran.out.contains("<h1>Queue"))
        #expect(program.stop() == 0)
    }
}
