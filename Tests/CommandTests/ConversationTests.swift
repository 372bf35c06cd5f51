import Foundation
import JSON
import Scratch
import Testing

@Suite("sendmail -bs, and the fields of a job", .serialized, .ownThreads)
struct ConversationTests {
    private static let session =
        "EHLO client.example\r\nMAIL FROM:<zoe@example.com>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<root>\r\nDATA\r\n"
        + "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"

    private func codes(_ text: String) -> [String] {
        text.split(separator: "\r\n").filter { !$0.dropFirst(3).hasPrefix("-") }.map { String($0.prefix(3)) }
    }

    @Test("A session on standard input queues what it says", arguments: [["-bs"], ["-bs", "-i", "-f", "x@y"]])
    func session(words: [String]) throws {
        let place = try SendmailFixture()
        let ran = try place.run(words, input: Self.session)
        #expect(ran.status == 0 && ran.err == "", "\(ran)")
        #expect(codes(ran.out) == ["220", "250", "250", "250", "250", "354", "250", "221"])
        let job = try #require(place.jobs().first)
        #expect(place.envelope(job) == "zoe@example.com bob@example.org root@")
        #expect(place.message(job) == "Subject: x\nTo: undisclosed-recipients:;\n\n.dot\n")
        #expect(ran.out.contains("queued as \(try #require(place.spool.list("new").first))\r\n"))
    }

    @Test("The end of the input ends it; a message that has no end is no job")
    func ends() throws {
        let place = try SendmailFixture()
        let ran = try place.run(["-bs"], input: Self.session.replacing("\r\n.\r\nQUIT\r\n", with: "\r\n"))
        #expect(ran.status == 0, "\(ran)")
        #expect(try place.jobs().isEmpty)
    }

    @Test("A bare line end in the message is refused")
    func bare() throws {
        let place = try SendmailFixture()
        let ran = try place.run(
            ["-bs"], input: Self.session.replacing("..dot\r\n", with: "x\n.\r\ny\r\n"))
        #expect(codes(ran.out) == ["220", "250", "250", "250", "250", "354", "550", "221"])
        #expect(try place.jobs().isEmpty)
    }

    @Test("Without a spool it is to be tried again")
    func noSpool() throws {
        let place = try SendmailFixture()
        let ran = try place.program().with("OUTSPOOL_SPOOL", place.spool.scratch.path("nowhere")).run(
            ["-bs"], input: Self.session)
        #expect(ran.status == 75 && ran.out == "", "\(ran)")
    }

    @Test("Python's smtplib through a pipe", .enabled(if: Machine.program("python3") != nil))
    func pipe() throws {
        let place = try SendmailFixture()
        let script = """
            import smtplib, socket, subprocess, sys
            ours, theirs = socket.socketpair()
            child = subprocess.Popen([sys.argv[1], "-bs"], stdin=theirs, stdout=theirs)
            theirs.close()
            class Client(smtplib.SMTP):
                def _get_socket(self, host, port, timeout): return ours
            client = Client("localhost", 25)
            for index in range(3):
                client.sendmail("zoe@example.com", ["bob@example.org"], f"Subject: {index}\\r\\n\\r\\nx\\r\\n")
            client.quit()
            ours.close()
            sys.exit(child.wait(30))
            """
        var python = Program(try #require(Machine.program("python3")))
        python.environment = place.program().environment
        let ran = try python.run(["-c", script, place.program().path])
        #expect(ran.status == 0, "\(ran)")
        #expect(try place.jobs().count == 3)
    }

    @Test("sendmail takes the fields of a job, too")
    func fields() throws {
        let place = try SendmailFixture()
        let mail =
            "From: zoe@example.com\nTo: bob@example.org\nX-Outspool-Id: order-17\nX-Outspool-Tag: a, b\n"
            + "X-Outspool-Send-At: 2100-01-01T00:00:00Z\n\ntext\n"
        for _ in 0..<2 {
            let ran = try place.run(["-t"], input: mail)
            #expect(ran.status == 0, "\(ran)")
        }
        #expect(try place.spool.list("new") == ["order-17"])
        let job = try #require(place.jobs().first?.object)
        #expect(job["tags"] == ["a", "b"])
        #expect(job["sendAt"] == "2100-01-01T00:00:00Z")
        #expect(job["message"]?.string == "From: zoe@example.com\nTo: bob@example.org\n\ntext\n")
        let other = try place.run(["-t"], input: mail + "more\n")
        #expect(other.status == 65 && other.err.contains("order-17: another job of that id waits"), "\(other)")
    }

    @Test(
        "A mistake in them is the message's",
        arguments: [
            ("X-Outspool-Id: a/b", "X-Outspool-Id"), ("X-Outspool-Send-At: soon", "/sendAt"),
            ("X-Outspool-Params: {}", "X-Outspool-Params"),
        ])
    func mistakes(field: String, words: String) throws {
        let place = try SendmailFixture()
        let ran = try place.run(["-t"], input: "To: bob@example.org\n\(field)\n\ntext\n")
        #expect(ran.status == 65 && ran.err.contains(words), "\(ran)")
        #expect(try place.jobs().isEmpty)
    }
}
