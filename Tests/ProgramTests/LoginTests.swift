import Foundation
import Scratch
import Testing

@Suite("TLS, logins and extensions", .serialized, .ownThreads)
struct LoginTests {
    /// A relay on the sink that trusts the sink's own certificate, in DIR/tls.
    func relay(_ scheme: String, _ port: Int, _ more: String) -> String {
        "[relay main]\nurl = \(scheme)://localhost:\(port)\nca_file = tls/cert.pem\n\(more)\n"
    }

    @Test("XOAUTH2 with a token that is read again for each connection")
    func token() throws {
        let place = try Workplace()
        let port = try place.sink(
            "--tls-self-signed", place.root.appending(path: "tls").path, "--xoauth2", "shop:fresh", "--require-auth")
        try place.write("token", "stale\n")
        try place.configure(relays: relay("smtp", port, "user = shop\ntoken_file = token\nauth = xoauth2"))
        _ = try place.daemon()
        try place.hello("waits")
        try place.wait("the refusal") { place.log.contains("relay main failed at auth") }
        #expect(place.places("waits") == ["new"])
        try place.write("token", "fresh\n")
        try place.wait(for: "waits", in: "done", limit: .seconds(40))
        #expect(try place.events("waits") == ["sending", "sent"])
        try place.wait("the log to tell") { place.log.contains("relay main: works again") }
        #expect(place.mails().first?.contains("user=shop") == true)
        #expect(!place.log.contains("fresh"))
    }

    @Test("A wrong password is one login, whatever waits; the right one ends the pause")
    func wrongPassword() throws {
        let place = try Workplace()
        let port = try place.sink(
            "--auth", "shop:right", "--require-auth", "--auth-without-tls", "--log", place.scratch.path("sink.json"))
        try place.write("password", "wrong\n")
        try place.configure(port: port, relay: "tls = none\nuser = shop\npassword_file = password")
        _ = try place.daemon()
        for index in 0..<50 { try place.hello("job\(index)") }
        try place.wait("the refusal") { place.log.contains("no login is tried for 2m") }
        // Long enough for probes that follow after seconds.
        pass(.seconds(4))
        #expect(place.log.components(separatedBy: "failed at auth").count == 2)
        try place.write("password", "right\n")
        try place.wait("all to be delivered") { place.names("done").count == 50 }
        let log = try String(contentsOfFile: place.scratch.path("sink.json"), encoding: .utf8)
        #expect(log.components(separatedBy: "\"reply\":\"535 ").count <= 2, "\(log.prefix(2000))")
    }

    @Test("A reload ends the pause of logins")
    func reloaded() throws {
        let place = try Workplace()
        let port = try place.sink(
            "--auth", "shop:right", "--require-auth", "--auth-without-tls", "--fail", "auth=535 no:1")
        try place.write("password", "right\n")
        try place.configure(port: port, relay: "tls = none\nuser = shop\npassword_file = password")
        let daemon = try place.daemon()
        try place.hello("waits")
        try place.wait("the refusal") { place.log.contains("no login is tried for 2m") }
        daemon.send(SIGHUP)
        try place.wait(for: "waits", in: "done")
    }

    @Test("A token of a program is kept until the relay refuses it, and then printed anew at once")
    func tokenCommand() throws {
        let place = try Workplace()
        let port = try place.sink("--xoauth2", "shop:fresh", "--require-auth", "--auth-without-tls")
        let first = try #require(place.lastStarted)
        try place.write("token", "fresh\n")
        try place.scratch.write(
            "#!/bin/sh\necho run >> \"$0.runs\"\ncat \"${0%/*}/token\"\n", to: "print-token", mode: 0o755)
        try place.configure(
            port: port, relay: "tls = none\nuser = shop\ntoken_command = ./print-token\nidle_timeout = 100ms")
        _ = try place.daemon()
        for name in ["one", "two"] {
            try place.hello(name)
            try place.wait(for: name, in: "done")
            pass(.milliseconds(300))
        }
        #expect(try place.scratch.read("print-token.runs") == "run\n")
        // The relay takes another one now: the old one is refused, and no job waits for that.
        first.kill()
        try place.write("token", "newer\n")
        let sink = try place.start(
            Program.built("outspool-sink").path,
            [
                "--listen", "127.0.0.1:\(port)", "--maildir", place.root.appending(path: "Maildir").path, "--xoauth2",
                "shop:newer", "--require-auth", "--auth-without-tls",
            ], name: "second")
        try place.wait("the sink to listen") { sink.out.contains("\n") }
        try place.hello("three")
        try place.wait(for: "three", in: "done")
        #expect(try place.scratch.read("print-token.runs") == "run\nrun\n")
        #expect(!place.log.contains("failed at auth"))
        #expect(!place.log.contains("newer"))
    }

    @Test("smtps:// is TLS from the first byte")
    func implicit() throws {
        let place = try Workplace()
        let port = try place.sink("--tls-self-signed", place.root.appending(path: "tls").path, "--tls-implicit")
        try place.configure(relays: relay("smtps", port, ""))
        _ = try place.daemon()
        try place.hello("tls")
        try place.wait(for: "tls", in: "done")
        #expect(place.mails().first?.contains("tls=TLSv1.3") == true)
    }

    @Test("A relay that offers no STARTTLS gets nothing where TLS is required")
    func stripped() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), relay: "")
        _ = try place.daemon()
        try place.hello("careful")
        try place.wait("the failure") { place.log.contains("relay main failed at tls") }
        #expect(place.places("careful") == ["new"])
        #expect(place.mails().isEmpty)
    }

    @Test("A relay that offers no login gets nothing where there is a user")
    func noLogin() throws {
        let place = try Workplace()
        let port = try place.sink("--tls-self-signed", place.root.appending(path: "tls").path)
        try place.write("password", "secret\n")
        try place.configure(relays: relay("smtp", port, "user = shop\npassword_file = password"))
        _ = try place.daemon()
        try place.hello("careful")
        try place.wait("the failure") { place.log.contains("relay main failed at auth") }
        #expect(place.mails().isEmpty)
    }

    @Test("SMTPUTF8 where it is needed and offered; else a dead letter that says so")
    func utf8() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        try place.hello("needed", to: "jörg@example.com")
        try place.hello("domain", to: "zoe@bücher.example")
        try place.wait(for: "needed", in: "done")
        try place.wait(for: "domain", in: "done")
        let mails = place.mails()
        #expect(mails.contains { $0.contains("jörg@example.com") && $0.contains("smtputf8=yes") })
        #expect(mails.contains { $0.contains("zoe@xn--bcher-kva.example") && $0.contains("smtputf8=no") })
        daemon.stop()
        try place.configure(port: try place.sink("--no-offer", "SMTPUTF8"))
        _ = try place.daemon()
        try place.hello("impossible", to: "jörg@example.com")
        try place.wait(for: "impossible", in: "dead")
        #expect(try place.history("impossible").last?["dsn"] as? String == "5.6.7")
    }

    @Test("A message over the relay's SIZE is a dead letter without a transaction")
    func size() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--max-size", "20k"))
        _ = try place.daemon()
        try place.drop(
            "huge", #"{"to":"a@example.com","subject":"x","text":"\#(String(repeating: "0123456789", count: 5000))"}"#)
        try place.wait(for: "huge", in: "dead")
        #expect(try place.history("huge").last?["dsn"] as? String == "5.3.4")
    }

    @Test("Without PIPELINING, commands go one by one")
    func lockstep() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--no-offer", "PIPELINING"))
        _ = try place.daemon()
        for index in 0..<5 { try place.hello("job\(index)") }
        try place.wait("all to be delivered") { place.names("done").count == 5 }
        #expect(place.mails().count == 5)
    }

    @Test("A whole message passes through: its lines mended, its Bcc gone, its dots kept")
    func wholeMessage() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--strict"))
        _ = try place.daemon()
        try place.drop(
            "whole",
            #"{"message":"From: a@example.com\nTo: b@example.com\nBcc: c@example.com\nSubject: as it is\n\n.leading\n..two\rbare\n.\nend"}"#
        )
        try place.wait(for: "whole", in: "done")
        let mail = try #require(place.mails().first)
        #expect(mail.contains("X-Original-To: c@example.com"))
        #expect(!mail.contains("Bcc"))
        #expect(mail.contains("\r\n\r\n.leading\r\n..two\r\nbare\r\n.\r\nend\r\n"))
        #expect(mail.contains("Message-ID: <whole@test.example>"))
    }
}
