import Foundation
import Scratch
import Testing

/// Python's smtplib as a client that knows nothing of this server.
@Suite("Python's smtplib", .serialized, .ownThreads, .enabled(if: Machine.program("python3") != nil, "needs python3"))
struct LibraryTests {
    private static let login = """
        import smtplib, ssl, sys
        port, how, mechanism = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        context = ssl.create_default_context(cafile='tls/cert.pem') if how != 'plain' else None
        if how == 'implicit':
            smtp = smtplib.SMTP_SSL('localhost', port, context=context, timeout=10)
        else:
            smtp = smtplib.SMTP('localhost' if how == 'starttls' else '127.0.0.1', port, timeout=10)
        if how == 'starttls':
            smtp.starttls(context=context)
        smtp.ehlo('python.example')
        if mechanism:
            smtp.user, smtp.password = 'joe', 'secret'
            smtp.auth(mechanism, getattr(smtp, 'auth_' + mechanism.lower()))
        smtp.sendmail('a@example.com', ['b@example.com'], b'Subject: hello\\r\\n\\r\\n.\\r\\n')
        print('sent')
        smtp.quit()
        """

    @Test(
        "Sends in clear, by STARTTLS and by implicit TLS, with PLAIN and LOGIN",
        arguments: ["plain", "starttls", "implicit"], ["", "PLAIN", "LOGIN"])
    func sends(how: String, mechanism: String) throws {
        var options = ["--maildir", "mail", "--tls-self-signed", "tls", "--auth", "joe:secret", "--auth-without-tls"]
        if how == "implicit" { options.append("--tls-implicit") }
        let sink = try SinkProcess(options)
        #expect(try sink.python(Self.login, how, mechanism) == "sent\n")
        let message = try #require(try sink.messages().first)
        #expect(
            message.contains("tls=\(how == "plain" ? "none" : "TLSv1.3"); user=\(mechanism.isEmpty ? "none" : "joe");"))
        let name = "ESMTP" + (how == "plain" ? "" : "S") + (mechanism.isEmpty ? "" : "A")
        #expect(message.contains(" with \(name) id "))
        #expect(message.hasSuffix("Subject: hello\r\n\r\n.\r\n"))
    }

    @Test("Random messages arrive as they were sent, in clear and through TLS", arguments: ["plain", "tls"])
    func roundTrip(how: String) throws {
        let sink = try SinkProcess(["--maildir", "mail", "--tls-self-signed", "tls"])
        let script = """
            import glob, random, smtplib, ssl, sys
            smtp = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=10)
            if sys.argv[2] == 'tls':
                smtp.starttls(context=ssl.create_default_context(cafile='tls/cert.pem'))
            sent = []
            for index in range(60):
                count = random.choice([0, 1, 5, 200, 9000])
                lines = [bytes(random.choices(b'..a\\xe9 =', k=random.randrange(0, 70))) for _ in range(count)]
                body = b'Subject: %d\\r\\n\\r\\n' % index + b''.join(line + b'\\r\\n' for line in lines)
                smtp.sendmail('a@example.com', ['b@example.com'], body, mail_options=['BODY=8BITMIME'])
                sent.append(body)
            smtp.quit()
            got = []
            for path in glob.glob('mail/new/*'):
                with open(path, 'rb') as file:
                    content = file.read()
                    got.append(content[content.index(b'Subject: '):])
            print('same' if sorted(got) == sorted(sent) else 'different')
            """
        #expect(try sink.python(script, how) == "same\n")
    }

    @Test("XOAUTH2 is refused with a challenge, and accepted")
    func bearer() throws {
        let sink = try SinkProcess([
            "--tls-self-signed", "tls", "--tls-implicit", "--xoauth2", "joe:token", "--require-auth",
        ])
        let script = """
            import base64, smtplib, ssl, sys
            smtp = smtplib.SMTP_SSL('localhost', int(sys.argv[1]), timeout=10,
                                    context=ssl.create_default_context(cafile='tls/cert.pem'))
            smtp.ehlo('c')
            print(smtp.mail('a@example.com')[0])
            for token in ['wrong', 'token']:
                text = 'user=joe\\x01auth=Bearer %s\\x01\\x01' % token
                code, reply = smtp.docmd('AUTH', 'XOAUTH2 ' + base64.b64encode(text.encode()).decode())
                print(code)
                if code == 334:
                    print(smtp.docmd('')[0])
            print(smtp.mail('a@example.com')[0])
            """
        #expect(try sink.python(script) == "530\n334\n535\n235\n250\n")
    }

    @Test("What is injected before the handshake is not obeyed after it")
    func injection() throws {
        let sink = try SinkProcess(["--tls-self-signed", "tls"])
        let client = try RawClient(sink.port)
        try client.ask("EHLO c", expect: 250)
        try client.send("STARTTLS\r\nRSET\r\n")
        #expect(try client.codes(2) == ["554", "250"])
        try client.ask("STARTTLS", expect: 220)
        try client.send("RSET\r\nNOOP\r\n")
        #expect(client.end().text.contains("250") == false)
    }

    @Test(
        "Faults of STARTTLS and of the handshake reach the client as such",
        arguments: [
            ("starttls=454 4.7.0 Not now", ["SMTPResponseException", "SMTPNotSupportedError", "454"]),
            ("starttls=close", ["SMTPServerDisconnected"]), ("starttls=reset", ["SMTPServerDisconnected"]),
            ("tls=close", ["SSLEOFError", "SSLError", "SSLZeroReturnError"]), ("tls=reset", ["ConnectionResetError"]),
            ("tls=garbage", ["SSLError"]), ("tls=silence", ["timeout", "TimeoutError"]),
        ])
    func faults(fault: String, expected: [String]) throws {
        let sink = try SinkProcess(["--tls-self-signed", "tls", "--fail", fault])
        let script = """
            import smtplib, ssl, sys
            try:
                smtp = smtplib.SMTP('localhost', int(sys.argv[1]), timeout=10)
                smtp.ehlo('c')
                smtp.sock.settimeout(0.2 if sys.argv[2] == 'tls=silence' else 10)
                code, reply = smtp.starttls(context=ssl.create_default_context(cafile='tls/cert.pem'))
                print('secure' if code == 220 else code)
            except Exception as error:
                print(type(error).__name__)
            """
        let said = try sink.python(script, fault).trimmingCharacters(in: .newlines)
        #expect(expected.contains(said), "\(said)")
    }
}
