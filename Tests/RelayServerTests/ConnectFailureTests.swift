import Foundation
import Relay
import SMTP
import Scratch
import Testing
import Time

/// What keeps a connection from being made, and whose fault it is.
@Suite("Connect failures", .serialized, .ownThreads)
struct ConnectFailureTests {
    @Test(
        "Names the phase, the code and whether it can mend itself",
        arguments: [
            ("421 greeting", ["send 421 4.3.2 busy\\r\\n", "close"], "failed greeting 421"),
            ("554 greeting", ["send 554 no\\r\\n", "close"], "failed greeting 554"),
            ("no greeting", ["close"], "failed greeting -"),
            ("silence", ["hang"], "failed greeting -"),
            (
                "EHLO and HELO refused",
                ["send 220 mx\\r\\n", "line:EHLO", "send 502 no\\r\\n", "line:HELO", "send 550 go away\\r\\n", "hang"],
                "failed ehlo 550"
            ),
            ("silence after EHLO", ["send 220 mx\\r\\n", "line:EHLO", "hang"], "failed ehlo -"),
        ] as [(String, [String], String)])
    func phases(name: String, steps: [String], event: String) throws {
        let server = try TestServer(["script"] + steps)
        let exchange = try Exchange(server)
        exchange.settings.greetingTimeout = .milliseconds(500)
        #expect(try exchange.run() == [event], "\(name)")
        #expect(exchange.failure?.reason.isEmpty == false)
    }

    @Test(
        "Gives up at once on what is no reply, or has no end",
        arguments: [
            ("nonsense for a greeting", ["send hello\\r\\n", "hang"], "failed greeting -", "not an SMTP reply: hello"),
            (
                "an endless greeting", ["send " + String(repeating: "220-mx\\r\\n", count: 300), "hang"],
                "failed greeting -", "more than 200 lines"
            ),
            (
                "a line without end", ["send 220 " + String(repeating: "x", count: 9000), "hang"], "failed greeting -",
                "bytes"
            ),
            (
                "an endless reply to EHLO",
                ["send 220 mx\\r\\n", "line:EHLO", "send " + String(repeating: "250-X\\r\\n", count: 300), "hang"],
                "failed ehlo -", "more than 200 lines"
            ),
        ] as [(String, [String], String, String)])
    func nonsense(name: String, steps: [String], event: String, reason: String) throws {
        let exchange = try Exchange(try TestServer(["script"] + steps))
        exchange.settings.greetingTimeout = .seconds(60)
        #expect(try exchange.run() == [event], "\(name)")
        let told = exchange.failure?.reason ?? "nothing"
        #expect(told.contains(reason), "\(told)")
    }

    @Test("Sends no password in clear when the offer of STARTTLS is hidden")
    func stripped() throws {
        let secret = try Secret("hunter22")
        let server = try TestServer(
            ["script"] + ConnectionTests.greeting + ["send 250-mx\\r\\n250 AUTH PLAIN\\r\\n", "hang"])
        let exchange = try Exchange(server)
        exchange.settings.tls = .opportunistic
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(secret.path)
        #expect(try exchange.run() == ["failed tls - config"])
        #expect(!(try server.heard().contains("AUTH")))
    }

    @Test("Nobody listens")
    func refused() throws {
        let exchange = try Exchange(port: Machine.freePort())
        let events = try exchange.run()
        #expect(events == ["failed connect -"])
    }

    @Test("The name does not exist")
    func unknownName() throws {
        let exchange = try Exchange(port: 25)
        exchange.settings = try RelaySettings(url: "smtp://relay.invalid:25")
        exchange.settings.connectTimeout = .seconds(10)
        let events = try exchange.run()
        #expect(events == ["failed connect -"])
    }

    @Test("Wants TLS where none is offered, or does without", arguments: [RelaySettings.TLS.require, .opportunistic])
    func noTLS(tls: RelaySettings.TLS) throws {
        let server = try TestServer(["script"] + ConnectionTests.plain + ["line:QUIT", "close"])
        let exchange = try Exchange(server)
        exchange.settings.tls = tls
        exchange.messages = 0
        exchange.onReady = { $0.quit() }
        #expect(try exchange.run() == (tls == .require ? ["failed tls - config"] : ["ready", "retired"]))
    }

    @Test(
        "Judges a refused login by its code",
        arguments: [
            ("535 5.7.8 bad", "failed auth 535 config"), ("454 4.7.0 later", "failed auth 454"),
            ("421 4.7.0 bye", "failed auth 421"),
        ])
    func login(reply: String, event: String) throws {
        let secret = try Secret("hunter22")
        let server = try TestServer(
            ["script"] + ConnectionTests.greeting
                + ["send 250-mx\\r\\n250 AUTH PLAIN\\r\\n", "line:AUTH", "send \(reply)\\r\\n", "close"])
        let exchange = try Exchange(server)
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(secret.path)
        let events = try exchange.run()
        #expect(events == [event])
    }

    @Test("Does not go on without a login that is configured")
    func loginNotOffered() throws {
        let secret = try Secret("hunter22")
        let server = try TestServer(["script"] + ConnectionTests.plain + ["hang"])
        let exchange = try Exchange(server)
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(secret.path)
        let events = try exchange.run()
        #expect(events == ["failed auth - config"])
    }

    @Test("Withholds what repeats the secret", arguments: ["hunter22", "AHUAaHVudGVyMjI=", "aHVudGVyMjI="])
    func withholds(echo: String) throws {
        let secret = try Secret("hunter22")
        let server = try TestServer(
            ["script"] + ConnectionTests.greeting
                + ["send 250-mx\\r\\n250 AUTH PLAIN\\r\\n", "line:AUTH", "send 535 bad \(echo) here\\r\\n", "close"])
        let exchange = try Exchange(server)
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(secret.path)
        try exchange.run()
        let reason = try #require(exchange.failure?.reason)
        #expect(!reason.contains(echo))
        #expect(reason.contains("withheld"))
    }

    @Test(
        "Says what is wrong with the password file, not what is in it",
        arguments: ["", "\n", "two\nlines", String(repeating: "x", count: 20000)])
    func badSecret(content: String) throws {
        let secret = try Secret(content)
        let exchange = try Exchange(port: Machine.freePort())
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(secret.path)
        let events = try exchange.run()
        #expect(events == ["failed auth - config"])
        #expect(exchange.failure?.reason.contains(secret.path) == true)
        #expect(exchange.failure?.reason.contains("two") == false)
    }

    @Test("A missing password file is a wrong configuration", arguments: ["/nonexistent", "/dev/null"])
    func missingSecret(path: String) throws {
        let exchange = try Exchange(port: Machine.freePort())
        exchange.settings.user = "u"
        exchange.settings.secret = .passwordFile(path)
        let events = try exchange.run()
        #expect(events == ["failed auth - config"])
    }

    @Test(
        "Parses URLs",
        arguments: [
            ("smtp://mx.example.net:587", "mx.example.net", 587, false), ("smtps://mx", "mx", 465, true),
            ("SMTP://mx/", "mx", 25, false), ("lmtp://mx", "mx", 24, false), ("lmtp://mx:2003", "mx", 2003, false),
            ("smtp://[::1]:2525", "[::1]", 2525, false),
        ] as [(String, String, Int, Bool)])
    func urls(text: String, host: String, port: Int, isImplicitTLS: Bool) throws {
        let settings = try RelaySettings(url: text)
        #expect(settings.host == host)
        #expect(settings.port == port)
        #expect(settings.isImplicitTLS == isImplicitTLS)
    }

    @Test(
        "A UNIX socket is written as in Postfix, and needs no TLS",
        arguments: [("smtp", .smtp), ("lmtp", .lmtp)]
            as [(String, MailProtocol)])
    func sockets(scheme: String, language: MailProtocol) throws {
        let settings = try RelaySettings(url: "\(scheme):unix:/run/dovecot/lmtp")
        #expect(settings.socket == "/run/dovecot/lmtp" && settings.language == language && settings.tls == .none)
        #expect(settings.url == "\(scheme):unix:/run/dovecot/lmtp")
        #expect(try RelaySettings(url: "\(scheme)://mx").tls == .require)
    }

    @Test(
        "Refuses other URLs",
        arguments: [
            "", "mx", "http://mx", "smtp://", "smtp://u:p@mx", "smtp://mx:", "smtp://mx:0", "smtp://mx:99999",
            "lmtp:///run/lmtp", "lmtp:unix:run/lmtp", "lmtp:unix:", "smtps:unix:/run/x", "lmtp:unix:/run/\n",
            "lmtp:unix:/" + String(repeating: "x", count: 107), "lmtp:inet:mx:24", "unix:/run/lmtp", "lmtps://mx",
            "smtp://mx/path", "smtp://mx\r\n", "smtp://[::1", "smtp://mx:+25",
        ])
    func badURLs(text: String) {
        #expect(throws: RelaySettingsError.self) { try RelaySettings(url: text) }
    }
}

/// A file with a secret, removed with the value.
final class Secret {
    let path: String
    private let scratch: Scratch

    init(_ content: String) throws {
        scratch = try Scratch()
        path = try scratch.write(content, to: "secret")
    }
}
