import Foundation
import Scratch
import Testing

@Suite("Logins and TLS at the door", .serialized, .ownThreads)
struct DoorLoginTests {
    /// A directory with a certificate and the login zoe, whose password is `sécret`.
    private func guarded() throws -> (Scratch, [String]) {
        let scratch = try DoorProcess.spool()
        let ran = try Program("/usr/bin/openssl").run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", scratch.path("key.pem"), "-out",
            scratch.path("cert.pem"),
        ])
        try #require(ran.status == 0, "\(ran.err)")
        let hash = try Program("/usr/bin/openssl").run(["passwd", "-6", "sécret"]).lines.first ?? ""
        try scratch.write("# who\nzoe:\(hash):\(scratch.path("spool")):@example.com\n", to: "logins")
        return (scratch, ["login_file = logins", "tls_certificate = cert.pem", "tls_key = key.pem"])
    }

    private static let script = """
        import smtplib, ssl, sys
        context = ssl.create_default_context(cafile="cert.pem")
        server = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30)
        def mail(sender):
            try:
                return server.sendmail(sender, ["bob@example.org"], "Subject: x\\r\\n\\r\\nx\\r\\n")
            except smtplib.SMTPException as error:
                return getattr(error, "smtp_code", None) or error.recipients
        print(mail("zoe@example.com"))
        server.ehlo()
        print("auth" in server.esmtp_features, "starttls" in server.esmtp_features)
        server.starttls(context=context)
        server.ehlo()
        print(server.esmtp_features["auth"].split())
        try:
            server.login("zoe", "secret")
        except smtplib.SMTPAuthenticationError as error:
            print(error.smtp_code)
        server.user, server.password = "zoe", "sécret"
        import base64
        print(server.docmd("AUTH", "PLAIN " + base64.b64encode("\\0zoe\\0sécret".encode()).decode())[0])
        print(mail("ceo@example.org"))
        print(mail("zoe@example.com"))
        server.quit()
        """

    @Test("Mail after STARTTLS and a login only, with the login's senders")
    func starttls() throws {
        let (scratch, lines) = try guarded()
        let place = try DoorProcess(lines, in: scratch)
        let said = try place.python(Self.script)
        #expect(
            said.split(separator: "\n").map(String.init)
                == ["530", "False True", "['PLAIN', 'LOGIN']", "535", "235", "553", "{}"])
        #expect(try place.jobs().count == 1)
        try waitUntil("the log") { place.log.contains("disconnect from") }
        #expect(place.log.contains("sasl_method=PLAIN, sasl_username=zoe"))
        #expect(place.log.contains("TLSv1.3 connection established from localhost[127.0.0.1]"))
        #expect(!place.log.contains("cret"))
    }

    @Test(
        "No configuration makes an open relay, or takes passwords in clear unasked",
        arguments: [
            ["listen = 0.0.0.0:0"], ["listen = 0.0.0.0:0", "allow_remote = yes"], ["login_file = logins"],
            ["require_login = yes"],
            [
                "listen = 0.0.0.0:0", "allow_remote = yes", "require_login = no", "login_file = logins",
                "tls_certificate = cert.pem", "tls_key = key.pem",
            ],
            ["tls_certificate = cert.pem"], ["envelope_from = x"], ["senders = x"], ["listen = localhost"],
            ["bogus = 1"],
        ])
    func configurations(lines: [String]) throws {
        let (scratch, _) = try guarded()
        try scratch.write((["[listener test]", "box = shop"] + lines).joined(separator: "\n") + "\n", to: "smtpd.conf")
        let ran = try Program.built("outspool-smtpd").run(["--config", scratch.path("smtpd.conf"), "--check"])
        #expect(ran.status == 78, "\(ran)")
        #expect(ran.err.hasPrefix("outspool-smtpd: \(scratch.path("smtpd.conf")):"))
    }

    @Test("Another machine's address is served with a login only")
    func remote() throws {
        let (scratch, lines) = try guarded()
        let place = try DoorProcess(lines + ["allow_remote = yes"], in: scratch)
        let client = try RawClient(place.port)
        try client.ask("EHLO x", expect: 250)
        for sender in ["<>", "<root@host.example>", "<a@b.c>"] { try client.ask("MAIL FROM:\(sender)", expect: 530) }
        try client.ask("RCPT TO:<victim@example.org>", expect: 503)
        #expect(try place.jobs().isEmpty)
    }
}
