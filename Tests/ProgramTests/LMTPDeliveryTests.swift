import Foundation
import Scratch
import Testing

@Suite("Delivery by LMTP", .serialized, .ownThreads)
struct LMTPDeliveryTests {
    private func configure(_ place: Workplace, _ more: String = "") throws {
        try place.configure(relays: "[relay mailboxes]\nurl = lmtp:unix:\(place.scratch.path("lmtp"))\n\(more)")
    }

    private func drop(_ id: String, to recipients: [String], in place: Workplace) throws {
        let list = recipients.map { "\"\($0)\"" }.joined(separator: ",")
        try place.drop(id, "{\"subject\":\"Hi\",\"text\":\"Hello\",\"to\":[\(list)]}\n")
    }

    /// `recipient event` for each recipient of each event but the marker's, in order.
    private func outcomes(_ id: String, in place: Workplace) throws -> [String] {
        try place.history(id).filter { $0["event"] as? String != "sending" }.flatMap { event in
            let names = event["to"] as? [String] ?? [event["to"] as? String ?? "?"]
            return names.map { "\($0) \(event["event"] as? String ?? "?")" }
        }.sorted()
    }

    @Test(
        "Each recipient has the outcome of its reply to the dot, and only who was deferred gets the mail again",
        .enabled(if: Machine.program("python3") != nil, "needs python3"), arguments: [true, false])
    func mixed(pipelining: Bool) throws {
        let place = try Workplace()
        let server = try serve(pipelining: pipelining, in: place)
        try configure(place)
        _ = try place.daemon()
        try drop("mixed", to: ["a@x.example", "gone@x.example", "full@x.example", "b@x.example"], in: place)
        try place.wait(for: "mixed", in: "retry/01-30s")
        #expect(
            try outcomes("mixed", in: place)
                == ["a@x.example sent", "b@x.example sent", "full@x.example deferred", "gone@x.example refused"])
        try drop("all", to: ["c@x.example", "d@x.example"], in: place)
        try place.wait(for: "all", in: "done")
        let file = try place.file("mixed")
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
        try place.wait("the second attempt") {
            server.out.components(separatedBy: "RCPT TO:<full@x.example>").count > 2
        }
        let heard = server.out
        #expect(heard.contains("LHLO test.example") && !heard.contains("EHLO"))
        #expect(heard.components(separatedBy: "RCPT TO:<a@x.example>").count == 2)
    }

    @Test(
        "Who has no reply when the server hangs up is in doubt",
        .enabled(if: Machine.program("python3") != nil, "needs python3"))
    func hangup() throws {
        let place = try Workplace()
        _ = try serve(pipelining: true, in: place)
        try configure(place)
        _ = try place.daemon()
        try drop("cut", to: ["a@x.example", "hangup@x.example", "b@x.example"], in: place)
        try place.wait("the end") { try place.history("cut").contains { $0["event"] as? String == "in-doubt" } }
        #expect(
            try outcomes("cut", in: place) == ["a@x.example sent", "b@x.example in-doubt", "hangup@x.example in-doubt"])
    }

    @Test("A socket that nobody listens on is the relay's fault, and the mail waits for it")
    func absent() throws {
        let place = try Workplace()
        try configure(place)
        _ = try place.daemon()
        try drop("early", to: ["a@x.example"], in: place)
        try place.wait("the failure") {
            place.log.contains("relay mailboxes failed at connect: \(place.scratch.path("lmtp")): No such file")
        }
        #expect(place.places("early") == ["new"])
        _ = try serve(pipelining: true, in: place)
        try place.wait(for: "early", in: "done", limit: .seconds(40))
    }

    @Test("Postfix's smtp-sink", .enabled(if: Machine.program("smtp-sink") != nil, "needs Postfix's smtp-sink"))
    func smtpSink() throws {
        let place = try Workplace()
        _ = try place.start(
            try #require(Machine.program("smtp-sink")),
            (Machine.isRoot ? ["-u", "root"] : []) + ["-L", "-v", "unix:\(place.scratch.path("lmtp"))", "100"],
            name: "smtp-sink")
        try configure(place)
        _ = try place.daemon()
        for index in 0..<50 { try drop("job\(index)", to: (0...index % 3).map { "r\($0)@x.example" }, in: place) }
        try place.wait("50 jobs in done/", limit: .seconds(40)) { place.names("done").count == 50 }
    }

    @Test(
        "Dovecot: three recipients, one of whose mailboxes cannot be written",
        .enabled(
            if: Machine.isRoot && Machine.program("dovecot") != nil
                && FileManager.default.fileExists(atPath: "/usr/lib/dovecot/lmtp"), "needs root and dovecot-lmtpd"))
    func dovecot() throws {
        let place = try Workplace()
        try place.write("dovecot.conf", dovecotConfiguration(place.scratch.path))
        for (directory, mode) in [("mail", 0o777), ("mail/locked", 0o700), ("state", 0o755)] {
            try FileManager.default.createDirectory(
                atPath: place.scratch.path(directory), withIntermediateDirectories: true,
                attributes: [.posixPermissions: mode])
        }
        // The mailboxes belong to another user, who has to come by here.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.scratch.path)
        _ = try place.start(
            try #require(Machine.program("dovecot")), ["-F", "-c", place.scratch.path("dovecot.conf")], name: "dovecot")
        try place.wait("Dovecot to listen") { FileManager.default.fileExists(atPath: place.scratch.path("lmtp")) }
        try configure(place)
        _ = try place.daemon()
        try drop("three", to: ["one@x.example", "locked@x.example", "two@x.example"], in: place)
        try place.wait(for: "three", in: "retry/01-30s")
        #expect(
            try outcomes("three", in: place)
                == ["locked@x.example deferred", "one@x.example sent", "two@x.example sent"])
        for name in ["one", "two"] {
            let new = place.scratch.path("mail/\(name)/new")
            #expect(try FileManager.default.contentsOfDirectory(atPath: new).count == 1)
        }
    }

    /// Starts an LMTP server that answers the dot by the recipients' names, and returns when it listens.
    private func serve(pipelining: Bool, in place: Workplace) throws -> RunningProgram {
        try place.write("lmtp.py", server)
        let path = place.scratch.path("lmtp")
        let program = try place.start(
            try #require(Machine.program("python3")),
            [place.scratch.path("lmtp.py"), path, pipelining ? "PIPELINING" : "8BITMIME"], name: "lmtp")
        try place.wait("the server to listen") { program.out.contains("listening") }
        return program
    }

    private let server = """
        import socket, sys, threading

        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1])
        listener.listen(20)
        print("listening", flush=True)

        def answer(recipient):
            if recipient.startswith("gone"): return "550 5.1.1 <%s> No mailbox" % recipient
            if recipient.startswith("full"): return "452 4.2.2 Mailbox full"
            return "250 2.0.0 Saved"

        def converse(connection):
            stream = connection.makefile("rb")
            say = lambda text: connection.sendall(text.encode() + b"\\r\\n")
            say("220 test LMTP")
            recipients = []
            for line in stream:
                line = line.decode().rstrip()
                print(line, flush=True)
                verb = line[:4].upper()
                if verb == "LHLO": say("250-test\\r\\n250 " + sys.argv[2])
                elif verb in ("EHLO", "HELO"): say("500 5.5.1 LHLO")
                elif verb == "RCPT":
                    recipients.append(line.split("<")[1].split(">")[0])
                    say("250 2.1.5 Ok")
                elif verb == "DATA" and recipients:
                    say("354 Go")
                    while stream.readline() not in (b".\\r\\n", b""): pass
                    # All in one piece.
                    names = [name for name in recipients]
                    cut = next((place for place, name in enumerate(names) if name.startswith("hangup")), None)
                    replies = [answer(name) for name in names[:cut]]
                    if replies: say("\\r\\n".join(replies))
                    if cut is not None: break
                    recipients = []
                elif verb == "DATA": say("503 5.5.1 No recipients")
                elif verb == "QUIT":
                    say("221 2.0.0 Bye")
                    break
                else:
                    if verb in ("MAIL", "RSET"): recipients = []
                    say("250 2.1.0 Ok")
            stream.close()
            connection.close()

        while True:
            threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()
        """

    private func dovecotConfiguration(_ root: String) -> String {
        """
        base_dir = \(root)/run
        state_dir = \(root)/state
        protocols = lmtp
        log_path = \(root)/dovecot.log
        ssl = no
        mail_location = maildir:\(root)/mail/%n
        first_valid_uid = 1
        first_valid_gid = 1
        passdb {
          driver = static
          args = nopassword=y
        }
        userdb {
          driver = static
          args = uid=nobody gid=nogroup home=\(root)/mail/%n allow_all_users=yes
        }
        service lmtp {
          unix_listener \(root)/lmtp {
            mode = 0666
          }
        }

        """
    }
}
