import Foundation
import Relay
import SMTP
import Scratch
import Testing

/// TLS and AUTH against aiosmtpd, with a certificate made for the run.
@Suite(
    "TLS and login", .serialized, .ownThreads,
    .enabled(
        if: Machine.python(with: "aiosmtpd") != nil && Machine.program("openssl") != nil,
        "needs python3-aiosmtpd and openssl"))
struct CredentialTests {
    private let scratch: Scratch
    private var certificate: String { scratch.path("cert.pem") }
    private var key: String { scratch.path("key.pem") }

    init() throws {
        scratch = try Scratch()
        let made = try Program(try #require(Machine.program("openssl"))).run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=mx.test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ])
        try #require(made.status == 0, "\(made.err)")
    }

    private func exchange(_ server: TestServer, password: Secret, implicit: Bool = false) throws -> Exchange {
        let exchange = try Exchange(server, scheme: implicit ? "smtps" : "smtp")
        exchange.settings.tls = .require
        exchange.settings.caFile = certificate
        exchange.settings.user = "shop"
        exchange.settings.secret = .passwordFile(password.path)
        return exchange
    }

    private func server(implicit: Bool = false, demands: Bool = false) throws -> TestServer {
        try TestServer(
            ["login", certificate, key, "shop", "hunter22"] + (implicit ? ["ssl"] : []) + (demands ? ["demand"] : []))
    }

    @Test("Shows a certificate of ours to who demands one", arguments: [false, true])
    func clientCertificate(implicit: Bool) throws {
        let server = try server(implicit: implicit, demands: true)
        let password = try Secret("hunter22")
        let shown = try exchange(server, password: password, implicit: implicit)
        shown.settings.certificate = .init(file: certificate, key: key)
        #expect(try shown.run() == ["ready", "sent", "retired"])
        let hidden = try exchange(server, password: password, implicit: implicit)
        #expect(try hidden.run() == ["failed tls -"])
        #expect(hidden.failure?.reason.contains("tls_certificate") == true, "\(hidden.failure?.description ?? "")")
        let missing = try exchange(server, password: password, implicit: implicit)
        missing.settings.certificate = .init(file: "/nonexistent.pem", key: key)
        #expect(try missing.run() == ["failed tls - config"])
    }

    @Test(
        "A relay that demands a certificate is told as one, whatever the version of TLS",
        arguments: ["-tls1_2", "-tls1_3"])
    func demanded(version: String) throws {
        let port = try Machine.freePort()
        let server = try RunningProgram(
            Program(try #require(Machine.program("openssl"))),
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-Verify", "1",
                "-verify_return_error", "-www", version,
            ])
        try waitUntil("openssl to listen", details: { server.err }) { server.out.contains("ACCEPT") }
        let exchange = try Exchange(port: port, scheme: "smtps")
        exchange.settings.caFile = certificate
        let events = try exchange.run()
        #expect(events == [version == "-tls1_3" ? "failed tls - config" : "failed tls -"])
        #expect(exchange.failure?.reason.contains("tls_certificate") == true, "\(exchange.failure?.description ?? "")")
        server.kill()
    }

    @Test("Passes an HTTP proxy, in clear and with TLS", arguments: [false, true])
    func proxy(implicit: Bool) throws {
        let server = try server(implicit: implicit)
        let proxy = try TestServer(["proxy", String(server.port)])
        let password = try Secret("hunter22")
        let exchange = try exchange(server, password: password, implicit: implicit)
        exchange.settings.proxy = "http://127.0.0.1:\(proxy.port)"
        #expect(try exchange.run() == ["ready", "sent", "retired"])
        #expect(try proxy.line().hasPrefix("\"CONNECT 127.0.0.1:\(server.port) HTTP/1.1"))
    }

    @Test(
        "Delivers through STARTTLS or TLS with a login", arguments: [false, true],
        [nil, .plain, .login] as [LoginMechanism?])
    func delivers(implicit: Bool, mechanism: LoginMechanism?) throws {
        let server = try server(implicit: implicit)
        let password = try Secret("hunter22\n")
        let exchange = try exchange(server, password: password, implicit: implicit)
        exchange.settings.mechanism = mechanism
        exchange.messages = 3
        let events = try exchange.run()
        #expect(events == ["ready", "sent", "sent", "sent", "retired"])
        for _ in 0..<3 {
            #expect(try server.line() == #"["s@example.com", ["r@example.com"], 22]"#)
        }
        #expect(try String(contentsOfFile: certificate + ".mail", encoding: .utf8) == "Subject: x\r\n\r\n.Hello\r\n")
    }

    @Test("Carries a large message through TLS unchanged")
    func large() throws {
        let server = try server()
        let password = try Secret("hunter22")
        let exchange = try exchange(server, password: password)
        let lines = (0..<100_000).map { "\($0 % 7 == 0 ? "." : "")line \($0)\r\n" }.joined()
        exchange.body = Array(lines.utf8)
        let events = try exchange.run()
        #expect(events == ["ready", "sent", "retired"])
        let received = try Data(contentsOf: URL(fileURLWithPath: certificate + ".mail"))
        #expect(received == Data(lines.utf8))
    }

    @Test("A wrong password is a wrong configuration")
    func wrongPassword() throws {
        let password = try Secret("hunter23")
        let exchange = try exchange(try server(), password: password)
        let events = try exchange.run()
        #expect(events == ["failed auth 535 config"])
        #expect(exchange.failure?.description.contains("hunter") == false)
    }

    @Test("A certificate that does not verify is a wrong configuration", arguments: [false, true])
    func wrongCertificate(implicit: Bool) throws {
        let password = try Secret("hunter22")
        let exchange = try exchange(try server(implicit: implicit), password: password, implicit: implicit)
        exchange.settings.caFile = "/etc/ssl/certs/ca-certificates.crt"
        let events = try exchange.run()
        #expect(events == ["failed tls - config"])
    }

    @Test("A missing bundle is a wrong configuration")
    func missingBundle() throws {
        let password = try Secret("hunter22")
        let exchange = try exchange(try server(), password: password)
        exchange.settings.caFile = "/nonexistent.pem"
        let events = try exchange.run()
        #expect(events == ["failed tls - config"])
    }
}
