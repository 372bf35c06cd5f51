import Foundation
import Scratch
import Testing

/// Clients as they come, with host and port alone.
@Suite("Clients of the door", .serialized, .ownThreads)
struct DoorClientTests {
    private func expect(_ place: DoorProcess, _ location: SourceLocation = #_sourceLocation) throws {
        let message = try place.message(location)
        #expect(message.contains("Subject: "), sourceLocation: location)
        let job = try #require(try place.jobs().values.first)
        let envelope = try #require(job["envelope"] as? [String: Any])
        #expect(envelope["from"] as? String == "zoe@example.com", sourceLocation: location)
        #expect(envelope["to"] as? [String] == ["bob@example.org"], sourceLocation: location)
        try waitUntil("the log") { place.log.contains("disconnect from localhost[127.0.0.1]") }
        #expect(place.log.contains("client=localhost[127.0.0.1]"), sourceLocation: location)
    }

    @Test("Python's smtplib")
    func smtplib() throws {
        let place = try DoorProcess()
        let said = try place.python(
            """
            import smtplib, sys
            from email.message import EmailMessage
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "zoe@example.com", "bob@example.org", "hällo"
            mail.set_content("täxt\\n.\\n")
            mail.add_attachment(b"x" * 100000, maintype="application", subtype="octet-stream", filename="ä.bin")
            with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as server:
                server.send_message(mail)
            """)
        #expect(said == "")
        try expect(place)
    }

    @Test("Python's aiosmtplib", .enabled(if: Machine.python(with: "aiosmtplib") != nil))
    func aiosmtplib() throws {
        let place = try DoorProcess()
        let said = try place.python(
            """
            import aiosmtplib, asyncio, sys
            from email.message import EmailMessage
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "zoe@example.com", "bob@example.org", "x"
            mail.set_content("text\\n")
            asyncio.run(aiosmtplib.send(mail, hostname="127.0.0.1", port=int(sys.argv[1])))
            """, with: "aiosmtplib")
        #expect(said == "")
        try expect(place)
    }

    @Test("swaks", .enabled(if: Machine.program("swaks") != nil))
    func swaks() throws {
        let place = try DoorProcess()
        let ran = try Program("/usr/bin/swaks").run([
            "--server", "127.0.0.1:\(place.port)", "--from", "zoe@example.com", "--to", "bob@example.org", "--pipeline",
            "--h-Subject", "x",
        ])
        #expect(ran.status == 0, "\(ran.out)")
        try expect(place)
    }

    @Test("curl", .enabled(if: Machine.program("curl") != nil))
    func curl() throws {
        let place = try DoorProcess()
        let mail = try place.scratch.write("Subject: x\r\n\r\ntext\r\n", to: "mail")
        let ran = try Program("/usr/bin/curl").run([
            "--silent", "--show-error", "--mail-from", "zoe@example.com", "--mail-rcpt", "bob@example.org",
            "--upload-file", mail, "smtp://127.0.0.1:\(place.port)",
        ])
        #expect(ran == Ran(status: 0, out: "", err: ""))
        try expect(place)
    }

    @Test("mutt", .enabled(if: Machine.program("mutt") != nil))
    func mutt() throws {
        let place = try DoorProcess()
        let ran = try Program("/usr/bin/mutt").with("HOME", place.scratch.path).run(
            [
                "-n", "-F", "/dev/null", "-e", "set smtp_url=smtp://127.0.0.1:\(place.port)/", "-e",
                "set ssl_force_tls=no",
                "-e", "set from=zoe@example.com", "-e", "set use_envelope_from=yes", "-e", "set copy=no", "-s", "x",
                "--",
                "bob@example.org",
            ], input: "text\n")
        #expect(ran.status == 0, "\(ran.out)\(ran.err)")
        try expect(place)
    }

    @Test("msmtp", .enabled(if: Machine.program("msmtp") != nil))
    func msmtp() throws {
        let place = try DoorProcess()
        let ran = try Program("/usr/bin/msmtp").run(
            [
                "--host=127.0.0.1", "--port=\(place.port)", "--from=zoe@example.com", "--auth=off", "--tls=off",
                "bob@example.org",
            ], input: "Subject: x\n\ntext\n")
        #expect(ran.status == 0, "\(ran.err)")
        try expect(place)
    }

    @Test("Perl's Net::SMTP", .enabled(if: Machine.can(["/usr/bin/perl", "-MNet::SMTP", "-e", "1"])))
    func perl() throws {
        let place = try DoorProcess()
        let script = """
            use Net::SMTP;
            my $server = Net::SMTP->new("127.0.0.1", Port => $ARGV[0], Timeout => 20) or die "no server";
            $server->mail('zoe@example.com') or die;
            $server->to('bob@example.org') or die;
            $server->data("Subject: x\\n\\ntext\\n") or die $server->message;
            $server->quit;
            """
        let ran = try Program("/usr/bin/perl").run(["-e", script, "\(place.port)"])
        #expect(ran == Ran(status: 0, out: "", err: ""))
        try expect(place)
    }

    @Test("A UNIX socket", .enabled(if: Machine.program("python3") != nil))
    func unixSocket() throws {
        let scratch = try DoorProcess.spool()
        let path = scratch.path("door")
        let place = try DoorProcess(["senders = @example.com"], in: scratch)
        let running = try RunningProgram(
            .built("outspool-smtpd"), ["--listen", path, "--box", scratch.path("spool")], in: scratch, name: "unix")
        try waitUntil("the socket") { running.out.contains("listening on") }
        let said = try place.python(
            """
            import smtplib, socket
            class Client(smtplib.SMTP):
                def _get_socket(self, host, port, timeout):
                    made = socket.socket(socket.AF_UNIX)
                    made.settimeout(20)
                    made.connect("\(path)")
                    return made
            Client("localhost", 25).sendmail("zoe@example.com", ["bob@example.org"], "Subject: x\\r\\n\\r\\nx\\r\\n")
            """)
        #expect(said == "")
        #expect(try place.message().contains("Subject: x"))
        try waitUntil("the log") { running.err.contains("client=localhost[unix]") }
    }
}
