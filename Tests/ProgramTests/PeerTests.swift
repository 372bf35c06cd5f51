import Foundation
import Scratch
import Testing

@Suite("Delivery to servers of others", .serialized, .ownThreads)
struct PeerTests {
    @Test("Postfix's smtp-sink", .enabled(if: Machine.program("smtp-sink") != nil, "needs Postfix's smtp-sink"))
    func smtpSink() throws {
        let place = try Workplace()
        let port = try Machine.freePort()
        // As root, smtp-sink wants to become somebody else.
        _ = try place.start(
            try #require(Machine.program("smtp-sink")),
            (Machine.isRoot ? ["-u", "root"] : []) + ["-v", "127.0.0.1:\(port)", "100"],
            name: "smtp-sink")
        try place.configure(port: port)
        _ = try place.daemon()
        for index in 0..<200 { try place.hello("job\(index)") }
        try place.wait("200 jobs in done/") { place.names("done").count == 200 }
        #expect(try place.history("job7").last?["code"] as? Int == 250)
    }

    @Test(
        "aiosmtpd with STARTTLS and AUTH",
        .enabled(if: Machine.python(with: "aiosmtpd") != nil, "needs python3-aiosmtpd"),
        arguments: ["plain", "login"])
    func aiosmtpd(mechanism: String) throws {
        let place = try Workplace()
        try place.write("server.py", server)
        let certificate = try place.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", place.root.appending(path: "key.pem").path, "-out",
                place.root.appending(path: "cert.pem").path,
            ])
        try #require(certificate.status == 0, "\(certificate.err)")
        let port = try Machine.freePort()
        _ = try place.start(
            "/usr/bin/python3", [place.root.appending(path: "server.py").path, String(port), place.root.path],
            name: "server")
        try place.wait("aiosmtpd to listen") {
            place.text(place.root.appending(path: "server.out")).contains("listening")
        }
        try place.write("password", "s3cret word\n")
        func relay(_ port: Int, _ more: String) -> String {
            "[relay main]\nurl = smtp://localhost:\(port)\nca_file = cert.pem\nuser = shop\npassword_file = password\n\(more)\n"
        }
        try place.configure(relays: relay(port, "auth = \(mechanism)"))
        let daemon = try place.daemon()
        try place.hello("secret")
        try place.wait(for: "secret", in: "done")
        #expect(place.text(place.root.appending(path: "mail.txt")).contains("this is a test."))
        // A certificate that nobody vouches for: the job waits, and nothing is said to that server.
        try place.configure(
            relays: relay(port, "ca_file = /etc/ssl/certs/ca-certificates.crt").replacingOccurrences(
                of: "ca_file = cert.pem\n", with: ""))
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("configuration reloaded") }
        try place.hello("unsafe")
        try place.wait("the failure") { place.log.contains("relay main failed at tls") }
        #expect(place.places("unsafe") == ["new"])
        // The wrong password: the relay's fault, not the job's; read again for each connection.
        try place.write("password", "wrong\n")
        try place.configure(relays: relay(port, "auth = \(mechanism)"))
        daemon.send(SIGHUP)
        try place.wait("the refusal") { place.log.contains("relay main failed at auth") }
        #expect(place.places("unsafe") == ["new"])
        try place.write("password", "s3cret word\n")
        try place.wait(for: "unsafe", in: "done", limit: .seconds(40))
        #expect(!place.log.contains("s3cret"))
    }

    private let server = """
        import ssl, sys, time
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

        port, root = int(sys.argv[1]), sys.argv[2]

        class Keep:
            async def handle_DATA(self, server, session, envelope):
                with open(root + "/mail.txt", "ab") as file:
                    file.write(envelope.content)
                return "250 2.0.0 kept"

        def check(server, session, envelope, mechanism, data):
            good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"shop", b"s3cret word")
            return AuthResult(success=good, handled=False)

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(root + "/cert.pem", root + "/key.pem")
        controller = Controller(
            Keep(), hostname="127.0.0.1", port=port, require_starttls=True, tls_context=context,
            authenticator=check, auth_required=True)
        controller.start()
        print("listening", flush=True)
        time.sleep(600)
        """
}
