import Foundation
import Scratch
import Testing

/// What applications hear of their jobs, with real programs: an HTTP endpoint, a stream of lines, a drop box of another user.
@Suite("Outcomes for applications", .serialized, .ownThreads)
struct OutcomeDeliveryTests {
    private static let templates = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("etc/templates").path

    /// An endpoint that answers with the status in the file `status`, and writes what it got, and whether the signature is
    /// right by Python's own HMAC, as a line of JSON.
    private static let endpoint = """
        import base64, hashlib, hmac, http.server, json, sys
        root, port = sys.argv[1], int(sys.argv[2])
        key = base64.b64decode(open(root + "/templates/webhook/secret").read().strip()[len("whsec_"):])
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = int(open(root + "/status").read())
                signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
                right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
                with open(root + "/got", "a") as file:
                    file.write(json.dumps({
                        "status": status, "id": self.headers["webhook-id"], "body": json.loads(body),
                        "right": hmac.compare_digest(right, self.headers["webhook-signature"])}) + "\\n")
                self.send_response(status)
                self.end_headers()
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", port), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()

        """

    private static var hasTools: Bool { ["curl", "openssl", "python3"].allSatisfy { Machine.program($0) != nil } }

    private struct Got {
        let status: Int
        let id: String
        let event: String
        let job: String
        let isRight: Bool
    }

    private func got(_ place: Workplace) -> [Got] {
        place.text(place.root.appending(path: "got")).split(separator: "\n").compactMap { line in
            guard let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any],
                let body = object["body"] as? [String: Any]
            else { return nil }
            return Got(
                status: object["status"] as? Int ?? 0, id: object["id"] as? String ?? "",
                event: body["event"] as? String ?? "", job: body["job"] as? String ?? "",
                isRight: object["right"] as? Bool ?? false)
        }
    }

    private func webhook(_ place: Workplace, status: Int, port: Int = 0) throws -> RunningProgram {
        try place.write("status", "\(status)")
        let folder = "templates/webhook"
        for file in ["run", "schema.json", "template.conf"] {
            try place.write(
                "\(folder)/\(file)", String(contentsOfFile: "\(Self.templates)/webhook/\(file)", encoding: .utf8))
        }
        try place.allowRunning("\(folder)/run")
        try place.write(
            "\(folder)/secret", "whsec_" + Data((0..<32).map { UInt8($0 * 7 & 255) }).base64EncodedString() + "\n")
        try place.write("endpoint.py", Self.endpoint)
        return try endpoint(place, port: port)
    }

    private func endpoint(_ place: Workplace, port: Int) throws -> RunningProgram {
        let program = try place.start(
            "/usr/bin/env", ["python3", place.root.appending(path: "endpoint.py").path, place.root.path, "\(port)"],
            name: "endpoint\(port)")
        try place.wait("the endpoint to listen") { program.out.contains("\n") }
        let port = try #require(Int(program.out.prefix { $0 != "\n" }))
        try place.write("templates/webhook/endpoint", "url = \"http://127.0.0.1:\(port)/hook\"\n")
        return program
    }

    @Test(
        "The webhook is signed as its receiver checks it, tried again for a 500, and a dead letter for a 410",
        .enabled(if: Self.hasTools, "needs curl, openssl and python3"))
    func webhook() throws {
        let place = try Workplace()
        _ = try webhook(place, status: 500)
        try place.configure(
            port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No \"such\" user"),
            main: "on_event = webhook")
        _ = try place.daemon()
        try place.hello("gone", to: "gone@example.com", #","tags":["é%s\\n"],"metadata":{"n":"'$(x)'"}"#)
        try place.wait("the first try") { got(place).count >= 1 }
        try place.wait("the bucket") { place.names("retry/01-30s").count == 1 }
        try place.write("status", "204")
        #expect(try place.outspool("retry", "--all").status == 0)
        try place.wait("the second try") { place.names("done").count == 1 }
        try place.write("status", "410")
        try place.hello("fine")
        try place.wait("the dead letter") { place.names("dead").contains { $0.hasPrefix("event-sent-") } }
        let all = got(place)
        #expect(all.map(\.status) == [500, 204, 410] && all.allSatisfy { $0.isRight })
        #expect(all[0].id == all[1].id && all[0].event == "dead" && all[0].job == "gone")
        #expect(all[2].event == "sent" && all[2].job == "fine")
    }

    @Test(
        "An endpoint that is away, and a daemon that is killed ten times: each event comes, in order, under one id",
        .enabled(if: Self.hasTools, "needs curl, openssl and python3"))
    func kills() throws {
        let place = try Workplace(workers: 1)
        var program = try webhook(place, status: 204)
        let port = try #require(Int(program.out.prefix { $0 != "\n" }))
        program.kill()
        try place.configure(
            port: try place.sink("--fail", "rcpt(never@example.com)=550 5.7.1 No"), main: "on_event = webhook")
        let jobs = (0..<30).map { "job\($0)" }
        var daemon = try place.daemon()
        for (index, id) in jobs.enumerated() {
            try place.drop(
                id, #"{"template":"hello","to":["a@example.com","never@example.com"],"params":{"name":"x"}}"#)
            if index % 3 == 2 {
                // Whatever it is doing.
                try place.killAll(daemon)
                daemon = try place.daemon()
            }
        }
        // A job that was being sent at two of the kills is held.
        try place.wait("all to end", limit: .seconds(60)) {
            place.names("dead").count + place.names("hold").count == jobs.count
        }
        let ended = place.names("dead")
        #expect(ended.count > jobs.count / 2)
        program = try endpoint(place, port: port)
        try place.wait("all events", limit: .seconds(60)) {
            try place.outspool("retry", "--all", "--state", "retry")
            let told = Set(got(place).map { "\($0.event) \($0.job)" })
            return ended.allSatisfy { told.contains("sent \($0)") && told.contains("dead \($0)") }
        }
        let all = got(place)
        for id in ended {
            let own = all.filter { $0.job == id }
            #expect(own.first?.event == "sent" && own.last?.event == "dead", "\(own)")
            #expect(Set(own.map(\.id)).count == 2, "\(own)")
        }
        #expect(all.allSatisfy { $0.isRight })
        daemon.stop()
    }

    @Test("events prints what became of jobs, goes on from a cursor, and follows")
    func events() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt(gone@example.com)=550 5.1.1 No"))
        let daemon = try place.daemon()
        try place.hello("one")
        try place.hello("gone", to: "gone@example.com")
        try place.wait("both") { place.names("done").count == 1 && place.names("dead").count == 1 }
        func lines(_ words: String...) throws -> [[String: Any]] {
            let ran = try place.run(
                Program.built("outspool").path, ["events", "--json"] + words,
                environment: ["OUTSPOOL_SPOOL": place.spool.path])
            #expect(ran.status == 0, "\(ran.err)")
            return ran.out.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
        let first = try lines()
        #expect(Set(first.compactMap { $0["job"] as? String }) == ["one", "gone"])
        #expect(Set(first.compactMap { $0["event"] as? String }) == ["sent", "dead"])
        let cursor = try #require(first.last?["cursor"] as? String)
        #expect(try lines("--since", cursor).isEmpty)
        #expect(try lines("--since", "1h").count == 2)
        #expect(try lines("--since", "2120-01-01T00:00:00Z").isEmpty)
        let middle = try #require(first.first?["cursor"] as? String)
        #expect(try lines("--since", middle).compactMap { $0["id"] as? String } == [first[1]["id"] as? String])
        let follower = try place.start(
            Program.built("outspool").path, ["events", "--json", "--follow", "--since", cursor], name: "follower",
            environment: ["OUTSPOOL_SPOOL": place.spool.path])
        for index in 0..<20 { try place.hello("more\(index)") }
        try place.wait("all to be told") { follower.out.split(separator: "\n").count == 20 }
        #expect(!follower.out.contains("\"one\""))
        follower.stop()
        let text = try place.outspool("events", "--since", "1h")
        #expect(text.out.contains("  sent  one  zoe@example.com  ") && text.out.contains("  dead  gone  "))
        #expect(try place.outspool("events", "--since", "soon").status == 64)
        daemon.stop()
    }

    @Test(
        "The user of a drop box waits for its jobs, looks at them, and sees and changes nothing else",
        .enabled(if: Machine.isRoot, "needs root"))
    func box() throws {
        let place = try Workplace()
        try Program.shell("chmod 755 '\(place.root.path)'")
        #expect(try place.outspool("dropbox", "add", "shop", "--group", "54321").status == 0)
        try place.configure(
            port: try place.sink(
                "--fail", "rcpt(gone@example.com)=550 5.1.1 No", "--fail", "rcpt(later@example.com)=451 4.7.1 Later"))
        let daemon = try place.daemon()
        let path = place.spool.appending(path: "drop/shop").path
        let command = Program.built("outspool").path
        func asUser(_ words: String) throws -> Ran {
            try Program.shell("OUTSPOOL_SPOOL='\(path)' '\(command)' \(words)", as: (54321, 54321))
        }
        for (id, to) in [("fine", "zoe"), ("gone", "gone"), ("later", "later")] {
            let ran = try asUser("submit hello --to \(to)@example.com -p name=x --id \(id) --tag t")
            #expect(ran.status == 0, "\(ran.err)")
        }
        let waited = try asUser("wait --timeout 20s fine")
        #expect(waited.status == 0 && waited.out.hasPrefix("fine  sent"), "\(waited)")
        #expect(try asUser("wait --timeout 20s gone").status == 65)
        #expect(try asUser("wait --timeout 1s later").status == 75)
        #expect(try asUser("wait none").status == 66)
        let shown = try asUser("show --json gone")
        #expect(
            shown.status == 0 && shown.out.contains("\"code\":550") && shown.out.contains("\"tags\":[\"t\"]"),
            "\(shown)")
        #expect(try asUser("show none").status == 66)
        let listed = try asUser("ls --state retry --json")
        #expect(listed.out.contains("\"later\"") && !listed.out.contains("\"fine\""), "\(listed)")
        #expect(try asUser("ls").out.split(separator: "\n").count == 2)
        #expect(try asUser("status").out == "retry  1\ndead  1\ndone  1\n")
        // Another user sees nothing of it, and its own can write nothing there.
        #expect(try Program.shell("ls '\(path)/out' 2>/dev/null || echo no", as: (54322, 54322)).out == "no\n")
        let attack = "touch '\(path)/out/x' || rm '\(path)/out/gone' || mv '\(path)/out' '\(path)/x' || echo no"
        #expect(try Program.shell("(\(attack)) 2>/dev/null", as: (54321, 54321)).out == "no\n")
        // What the operator moves by hand is said anew, at a start.
        try place.wait("the job at rest") { place.names("retry/01-30s").contains("later@shop") }
        try FileManager.default.moveItem(
            at: try place.file("later@shop"), to: place.spool.appending(path: "hold/later@shop"))
        daemon.stop()
        let again = try place.daemon()
        try place.wait("the hold") { try asUser("wait --timeout 1s later").status == 69 }
        again.stop()
    }

    @Test("A box of all users has nothing to look at, and says so")
    func shared() throws {
        let place = try Workplace()
        let ran = try place.outspool("dropbox", "add", "local")
        try #require(ran.status == 0, "\(ran.err)")
        let shown = try place.run(
            Program.built("outspool").path, ["ls"],
            environment: ["OUTSPOOL_SPOOL": place.spool.appending(path: "drop/local").path])
        #expect(shown.status == 69 && shown.err.contains("has no out/"), "\(shown)")
    }
}
