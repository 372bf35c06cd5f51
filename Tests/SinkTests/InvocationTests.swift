import Testing
import Time

@testable import SMTPServer
@testable import ServerSocket
@testable import Sink

@Suite("Command line")
struct InvocationTests {
    @Test("Every option")
    func everyOption() throws {
        var settings = Settings()
        settings.addresses = [
            ListenAddress(host: "127.0.0.1", isV6: false, port: 2525), ListenAddress(host: "::1", isV6: true, port: 0),
        ]
        settings.maildir = "mail"
        settings.log = "-"
        settings.isQuiet = true
        settings.name = "mx.example"
        settings.offers = Extensions.all.subtracting([.pipelining, .size])
        settings.isStrict = true
        settings.maxSize = 25 << 20
        settings.maxRecipients = 5
        settings.maxSessions = 6
        settings.timeout = .seconds(90)
        settings.certificate = .files(certificate: "c.pem", key: "k.pem")
        settings.isImplicitTLS = true
        settings.credentials = [.password(user: "joe", password: "a:b"), .token(user: "joe", token: "t")]
        settings.credentialFiles = ["users"]
        settings.requiresAuth = true
        settings.allowsAuthWithoutTLS = true
        settings.faults = [Fault(phase: .dot, action: .close, limit: .first(1))]
        settings.delays[Phase.dot.index] = .milliseconds(20)
        settings.dripInterval = .milliseconds(5)
        let line =
            "--listen 127.0.0.1:2525 --listen [::1]:0 --maildir=mail --log - --quiet --name mx.example "
            + "--no-offer pipelining,SIZE --strict --max-size 25M --max-recipients 5 --max-sessions 6 --timeout 1m30s "
            + "--tls-cert c.pem --tls-key k.pem --tls-implicit --auth joe:a:b --xoauth2 joe:t --auth-file users "
            + "--require-auth --auth-without-tls --fail dot=close:1 --delay dot=20ms --drip-every 5ms"
        #expect(try Invocation(line.split(separator: " ").map(String.init)) == .serve(settings))
    }

    @Test("Help and version need nothing else", arguments: [("--help", Invocation.help), ("--version", .version)])
    func alone(argument: String, invocation: Invocation) throws {
        #expect(try Invocation([argument]) == invocation)
    }

    @Test(
        "Refuses what is wrong, and names it",
        arguments: [
            ("", "--listen"), ("--listen", "--listen"), ("--listen 2525", "2525"),
            ("--listen example.com:25", "example.com"),
            ("--listen ::1:25", "::1"), ("--listen [::1:25", "[::1"), ("--listen 127.0.0.1:65536", "65536"),
            ("--listen 192.0.2.1:25", "--allow-remote"), ("--listen 0.0.0.0:25", "--allow-remote"),
            ("--listen [::]:25", "--allow-remote"), ("--listen 127.0.0.1:0 --nonsense", "--nonsense"),
            ("--listen 127.0.0.1:0 extra", "extra"), ("--listen 127.0.0.1:0 --quiet=1", "--quiet"),
            ("--listen 127.0.0.1:0 --no-offer EVERYTHING", "EVERYTHING"),
            ("--listen 127.0.0.1:0 --tls-cert c", "--tls-key"),
            ("--listen 127.0.0.1:0 --tls-implicit", "--tls-implicit"),
            ("--listen 127.0.0.1:0 --require-auth", "--auth"),
            ("--listen 127.0.0.1:0 --max-size 0", "--max-size"), ("--listen 127.0.0.1:0 --max-size 5G", "--max-size"),
            ("--listen 127.0.0.1:0 --delay dot", "--delay"), ("--listen 127.0.0.1:0 --delay dot=1", "--delay"),
            ("--listen 127.0.0.1:0 --fail x=close", "--fail"), ("--listen 127.0.0.1:0 --auth joe", "--auth"),
            ("--listen 127.0.0.1:0 --name a/b", "--name"),
        ])
    func refused(line: String, names word: String) {
        do {
            let invocation = try Invocation(line.split(separator: " ").map(String.init))
            Issue.record("understood as \(invocation)")
        } catch {
            #expect(error.description.contains(word))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test(
        "Knows loopback addresses",
        arguments: [
            ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("[::1]:1", true), ("localhost:1", true),
            ("128.0.0.1:1", false), ("[::]:1", false), ("[::2]:1", false), ("[2001:db8::1]:1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try ListenAddress(text).isLoopback == isLoopback)
    }
}
