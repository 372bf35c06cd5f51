import Foundation
import Scratch
import Testing

/// Mails whose view a program makes.
@Suite("Data for a mail", .serialized, .ownThreads)
struct DataTests {
    /// A template `order` with that program.
    private func order(_ place: Workplace, _ body: String, conf: String = "") throws {
        try place.write("templates/order/subject.mustache", "Order {{number}} of {{customer.name}}\n")
        try place.write("templates/order/text.mustache", "{{#rows}}* {{.}}\n{{/rows}}")
        try place.write("templates/order/schema.json", #"{"required":["id"],"properties":{"id":{"type":"integer"}}}"#)
        try place.write("templates/order/data", "#!/bin/sh\n\(body)\n")
        try place.allowRunning("templates/order/data")
        if !conf.isEmpty { try place.write("templates/order/template.conf", conf + "\n") }
    }

    private func ask(_ place: Workplace, _ id: String, params: String = #"{"id":7}"#) throws {
        try place.drop(id, #"{"template":"order","to":"zoe@example.com","params":\#(params)}"# + "\n")
    }

    static let view = #"echo '{"number":1042,"customer":{"name":"Zoë"},"rows":["tea","pot"]}'"#

    @Test("The mail is rendered with what the program gives, which gets the job's parameters")
    func view() throws {
        let place = try Workplace()
        try order(place, "cat > ../../in; env > ../../env; echo talk >&2; \(Self.view)")
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try ask(place, "one")
        try place.wait(for: "one", in: "done")
        #expect(place.text(place.root.appending(path: "in")) == #"{"id":7}"# + "\n")
        #expect(place.text(place.root.appending(path: "env")).contains("OUTSPOOL_ID=one\n"))
        let mail = try #require(place.mails().first)
        #expect(mail.contains("1042_of_Zo=C3=AB") || mail.contains("Order 1042 of"), "\(mail)")
        #expect(mail.contains("* tea"))
        #expect(try place.events("one") == ["sending", "sent"])
        try place.wait("it to be reaped") { place.hasNoChildren(daemon) }
        daemon.stop()
    }

    @Test(
        "Whose fault its failure is",
        arguments: [
            ("echo 'no order 7' >&2; exit 65", "dead", "dead", "data: exit status 65 (EX_DATAERR): no order 7"),
            ("echo busy >&2; exit 75", "retry/01-30s", "deferred", "data: exit status 75 (EX_TEMPFAIL): busy"),
            ("echo crash >&2; exit 1", "retry/01-30s", "blocked", "data: exit status 1: crash"),
            ("sleep 100", "retry/01-30s", "blocked", "data: did not end within 1s"),
            ("echo nonsense", "retry/01-30s", "blocked", "data gave no JSON: "),
            ("echo 5", "retry/01-30s", "blocked", "data gave number, not an object"),
            ("head -c 20000000 /dev/zero", "retry/01-30s", "blocked", "data gave more than 16777216 bytes"),
            (
                #"echo '{"number":"x"}'"#, "retry/01-30s", "blocked",
                "what data gave does not fit view.schema.json: /number"
            ),
        ])
    func failures(script: String, state: String, word: String, reason: String) throws {
        let place = try Workplace()
        try order(place, script, conf: script.hasPrefix("sleep") ? "timeout = 1s" : "")
        try place.write("templates/order/view.schema.json", #"{"properties":{"number":{"type":"integer"}}}"#)
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try ask(place, "one")
        try place.hello("other")
        try place.wait(for: "one", in: state)
        try place.wait(for: "other", in: "done")
        #expect(try place.events("one") == [word])
        let last = try place.last("one")
        #expect((last["reason"] as? String)?.contains(reason) == true, "\(last)")
        #expect((last["attempt"] as? Int) == (word == "deferred" ? 1 : nil))
        #expect(place.mails().count == 1)
        if word == "blocked" {
            // A repair sends what waited.
            try order(place, Self.view)
            try place.wait(for: "one", in: "done")
            #expect(place.mails().count == 2)
        }
        daemon.stop()
    }

    @Test("What does not fit the schema never reaches the program; no relay, no program")
    func before() throws {
        let place = try Workplace()
        try order(place, "echo run >> ../../runs; \(Self.view)")
        let port = try Machine.freePort()
        try place.configure(port: port)
        let daemon = try place.daemon()
        try place.hello("first")
        try place.wait("the breaker to open") { place.log.contains("no attempt is counted") }
        try ask(place, "one")
        try ask(place, "wrong", params: #"{"id":"x"}"#)
        try place.wait("all to be lined up") { place.status["waiting"] as? Int == 3 }
        #expect(place.text(place.root.appending(path: "runs")) == "")
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path], name: "late")
        try place.wait(for: "one", in: "done")
        try place.wait(for: "wrong", in: "dead")
        #expect(place.text(place.root.appending(path: "runs")) == "run\n")
        daemon.stop()
    }

    @Test("A relay that failed is tried with such a mail where there is no other")
    func probe() throws {
        let place = try Workplace()
        try order(place, "sleep 0.2; \(Self.view)")
        let port = try Machine.freePort()
        try place.configure(port: port, relay: "tls = none\nidle_timeout = 100ms")
        let daemon = try place.daemon()
        for index in 0..<3 { try ask(place, "order\(index)") }
        try place.wait("the breaker to open") { place.log.contains("no attempt is counted") }
        _ = try place.start(
            Program.built("outspool-sink").path,
            ["--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path], name: "late")
        try place.wait("all") { place.names("done").count == 3 }
        #expect(place.mails().count == 3)
        daemon.stop()
    }

    @Test("A daemon that stops or dies while it runs leaves no doubt, and sends once")
    func dies() throws {
        let place = try Workplace()
        try order(place, "touch ../../begun; while [ ! -e ../../go ]; do sleep 0.05; done; \(Self.view)")
        try place.configure(port: try place.sink())
        let begun = place.root.appending(path: "begun")
        var daemon = try place.daemon()
        try ask(place, "one")
        try place.wait("it to begin") { FileManager.default.fileExists(atPath: begun.path) }
        try FileManager.default.removeItem(at: begun)
        #expect(daemon.stop() == 0)
        #expect(place.names("new") == ["one"])
        daemon = try place.daemon()
        try place.wait("it to begin again") { FileManager.default.fileExists(atPath: begun.path) }
        try place.killAll(daemon)
        try place.write("go", "")
        daemon = try place.daemon()
        try place.wait(for: "one", in: "done")
        #expect(try place.events("one") == ["returned", "recovered", "sending", "sent"])
        #expect(place.mails().count == 1)
        #expect(place.processes(with: place.mark) == [])
        daemon.stop()
    }

    @Test("So many run at a time, and no other mail waits for them")
    func concurrency() throws {
        let place = try Workplace()
        try order(place, "while [ ! -e ../../go ]; do sleep 0.05; done; \(Self.view)")
        try place.configure(port: try place.sink(), main: "data_concurrency = 3")
        let daemon = try place.daemon()
        for index in 0..<8 { try ask(place, "order\(index)") }
        try place.wait("three to run") { place.names("cur/main").count == 3 }
        for index in 0..<10 { try place.hello("mail\(index)") }
        try place.wait("the mails") { place.names("done").count == 10 }
        #expect(place.names("cur/main").count == 3)
        try place.write("go", "")
        try place.wait("all") { place.names("done").count == 18 }
        daemon.stop()
    }

    @Test("check and preview show its sample, and run nothing")
    func sample() throws {
        let place = try Workplace()
        try order(place, "touch ../../run")
        try place.write("templates/order/sample.json", #"{"id":7}"#)
        try place.write("templates/order/view.sample.json", #"{"number":1,"customer":{"name":"Ada"},"rows":["tea"]}"#)
        try place.write(
            "templates/order/view.schema.json",
            #"{"required":["number","rows"],"properties":{"number":{"type":"integer"},"rows":{"type":"array","items":{"type":"string"}}}}"#
        )
        try place.configure(port: 9)
        let templates = place.root.appending(path: "templates").path
        let check = try place.outspool("check", "--templates", templates, "order")
        #expect(
            check.out.contains("subject.mustache:1:21: error: 'customer.name' is not declared in view.schema.json"))
        let preview = try place.outspool("--config", place.configuration.path, "preview", "order", "--text")
        #expect(preview.out == "* tea\n", "\(preview.err)")
        #expect(preview.err.contains("data is not run here"))
        try ask(place, "one")
        let show = try place.outspool("--config", place.configuration.path, "show", "--mail", "one")
        #expect(show.status == 65 && show.err.contains("only the daemon runs"))
        #expect(!FileManager.default.fileExists(atPath: place.root.appending(path: "run").path))
    }
}
