import Linux
import Mail
import Scratch
import Spool
import Testing
import Time

@testable import Daemon

private let day = "2026-11-23"

@Suite("Feedback")
struct FeedbackIntakeTests {
    private let place: SpoolPlace
    private let settings: Settings
    private let intake: FeedbackIntake

    init() throws {
        place = try SpoolPlace()
        var settings = try place.settings("bounce_address = bounces+{token}@example.com")
        settings.loadBounceKey(in: place.spool, place.log)
        self.settings = settings
        let outcomes = Outcomes(spool: place.spool, log: place.log)
        outcomes.use(settings)
        intake = FeedbackIntake(
            spool: place.spool, loop: place.loop, ledger: place.ledger,
            suppressions: Suppressions(place.spool, place.log, policy: settings.suppression), outcomes: outcomes,
            watcher: nil, settings: settings)
    }

    /// Puts a job where it was sent to these recipients, as the daemon leaves it.
    private func sent(_ id: String, to recipients: [String] = ["zoe@example.org"], in state: String = "done/\(day)")
        throws
    {
        var text = #"{"template":"hello","to":"x@example.org","tags":["t"]}"# + "\n"
        for recipient in recipients {
            var event = Event(.sent, at: Timestamp(rfc3339: "2026-11-23T17:44:11Z")!)
            event.attempt = 1
            event.to = [recipient]
            event.reply = "2.0.0 Ok: queued as 4XYZ9876AB"
            text += String(decoding: event.line, as: UTF8.self)
        }
        try place.put("\(state)/\(id)", text)
    }

    private func token(_ id: String) throws -> String {
        let date = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!
        let id = try #require(JobID(id))
        return try #require(settings.mail.bounce?.address(for: id, date: date))
    }

    /// A bounce as RFC 3464 has it.
    private func bounce(
        to sender: String = "shop@example.com", of recipient: String = "zoe@example.org", original: String = ""
    ) -> String {
        """
        From: MAILER-DAEMON@mx.example.net
        To: \(sender)
        Subject: Undelivered Mail Returned to Sender
        Date: Tue, 24 Nov 2026 09:00:00 +0000
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"

        --b
        Content-Type: text/plain

        This is the mail system.

        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net

        Final-Recipient: rfc822; \(recipient)
        Action: failed
        Status: 5.1.1
        Diagnostic-Code: smtp; 550 5.1.1 <\(recipient)>: no such user

        --b
        Content-Type: text/rfc822-headers

        Subject: Hello
        \(original)
        --b--

        """
    }

    private func put(_ name: String, _ text: String) throws { try place.put("feedback/new/\(name)", text) }

    /// Takes in what is there.
    private func take() throws {
        intake.open()
        intake.readAll()
        try place.run(until: { try place.names("feedback/new").isEmpty })
    }

    private func events(_ id: String, in state: String = "done/\(day)") throws -> [Event] {
        try JobFile(Array(place.scratch.read("spool/\(state)/\(id)").utf8)).history.events
    }

    private func told(_ id: String, in state: String = "done/\(day)") throws -> [Event] {
        try events(id, in: state).filter(\.kind.isFeedback)
    }

    private func unmatched() throws -> [String] {
        try place.names("feedback/unmatched").flatMap { try place.names("feedback/unmatched/\($0)") }
    }

    @Test("A token finds the job among others, wherever it has ended", arguments: ["done/\(day)", "dead", "hold"])
    func token(state: String) throws {
        for index in 0..<20 { try sent("other-\(index)") }
        try sent("order-1", in: state)
        try put("a", bounce(to: token("order-1")))
        try take()
        let event = try #require(try told("order-1", in: state).first)
        #expect(event.kind == .bounced && event.to == ["zoe@example.org"] && event.class == "bad-address")
        #expect(event.dsn == "5.1.1" && event.code == 550 && event.report?.isEmpty == false)
        #expect(try unmatched() == [])
        #expect(try place.logged.contains("outspool/bounce"))
        #expect(try place.logged.contains("order-1: to=<zoe@example.org>, relay=report/mail, delay="))
        #expect(place.ledger.counters.reported[.bounced]?["bad-address"] == 1)
    }

    @Test("The Message-ID finds the job, and the relay's id does, where nothing else does")
    func clues() throws {
        try sent("order-2")
        try put("a", bounce(original: "Message-ID: <order-2@shop.example>\n"))
        try take()
        #expect(try told("order-2").count == 1)
        try sent("order-3")
        try put(
            "b",
            "Outspool-Webhook: ses\n\n"
                + #"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"zoe@example.org","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],"timestamp":"2026-11-24T09:00:00.000Z","feedbackId":"f1"},"mail":{"timestamp":"2026-11-23T17:44:11.000Z","messageId":"4XYZ9876AB","destination":["zoe@example.org"]}}"#
        )
        // Two jobs have that id in their reply's words; the first that is found is told.
        try take()
        #expect(try told("order-2").count + told("order-3").count == 2)
    }

    @Test("A report that comes again is told once, also after a restart")
    func again() throws {
        try sent("order-1", to: ["zoe@example.org", "bob@example.org"])
        for round in 0..<3 {
            try put("a\(round)", bounce(to: token("order-1")))
            try take()
        }
        try put("b", bounce(to: token("order-1"), of: "bob@example.org"))
        try take()
        #expect(try told("order-1").map(\.to) == [["zoe@example.org"], ["bob@example.org"]])
        #expect(try unmatched() == [])
    }

    @Test("A job that waits is told when it has ended", arguments: ["new", "retry/02-2m", "cur/main"])
    func busy(state: String) throws {
        let state = state == "retry/02-2m" ? "retry/02-1m" : state
        try sent("order-1", in: state)
        try put("a", bounce(to: token("order-1")))
        intake.open()
        try place.loop.pass(.milliseconds(300))
        #expect(try place.names("feedback/new") == ["a"])
        #expect(try told("order-1", in: state).isEmpty)
        try place.spool.root.rename("\(state)/order-1", into: place.spool.root, as: "dead/order-1")
        try place.run(until: { try place.names("feedback/new").isEmpty })
        #expect(try told("order-1", in: "dead").count == 1)
    }

    @Test("What tells of no job is kept, with its reason in the log")
    func unmatchedReports() throws {
        try put("a", bounce(original: "Message-ID: <nowhere@shop.example>\n"))
        try put("b", bounce(to: "bounces+0k6r0123456789abcdef@example.com"))
        try put("c", "Subject: hello\n\nno report\n")
        try put("d", "Outspool-Webhook: nobody\n\n{}")
        try put("e", "Outspool-Webhook: ses\n\n{")
        try take()
        #expect(try unmatched().count == 5)
        #expect(place.ledger.counters.unmatchedReports == 5)
        #expect(try place.logged.contains("no job is found that it is about; it is kept as feedback/unmatched/"))
    }

    @Test("A thousand forged reports cost a job's file no more than its recipients allow")
    func forged() throws {
        try sent("order-1")
        for index in 0..<200 {
            try put(
                "f\(index)",
                bounce(of: "victim-\(index)@example.net", original: "Message-ID: <order-1@shop.example>\nX: \(index)\n")
            )
        }
        try take()
        #expect(try told("order-1").count <= 8)
        #expect(try unmatched().count >= 192)
    }

    @Test("Only a proven report about who got the mail suppresses an address")
    func suppresses() throws {
        try sent("order-1", to: ["zoe@example.org", "bob@example.org"])
        try put("a", bounce(of: "zoe@example.org", original: "Message-ID: <order-1@shop.example>\n"))
        try put("b", bounce(to: token("order-1"), of: "victim@example.org"))
        try take()
        #expect(try place.names("suppressed") == [])
        try put("c", bounce(to: token("order-1"), of: "bob@example.org"))
        try take()
        #expect(try place.names("suppressed") == ["bob@example.org"])
    }

    @Test("A report of a recipient that the job had not names it as it is")
    func strangers() throws {
        try sent("order-1", to: ["a@example.org", "b@example.org"])
        try put("a", bounce(to: token("order-1"), of: "c@example.org"))
        try put("b", bounce(to: token("order-1"), of: "A@Example.ORG"))
        try take()
        #expect(Set(try told("order-1").map(\.to)) == [["c@example.org"], ["a@example.org"]])
        // One recipient, to whom the mail was forwarded.
        try sent("order-2", to: ["zoe@example.org"])
        try put("c", bounce(to: token("order-2"), of: "zoe@home.example"))
        try take()
        let event = try #require(try told("order-2").first)
        #expect(event.to == ["zoe@example.org"] && event.reason == "the report names zoe@home.example")
    }

    @Test("A program reads what our own reader does not understand, one mail after the other")
    func program() throws {
        var other = settings
        other.bounceReader = [
            try place.script(
                "reader",
                """
                grep -q odd || { echo nothing odd >&2; exit 1; }
                printf '{"recipients":[{"address":"zoe@example.org","class":"full"}],"jobIds":["order-1"]}'
                """)
        ]
        intake.use(other)
        try sent("order-1")
        try put("a", "Subject: odd\n\nThis is odd.\n")
        try put("b", "Subject: hello\n\nhello\n")
        try put("c", "Subject: odd, too\n\nAnd so is this.\n")
        try take()
        #expect(try told("order-1").map(\.class) == ["full", "full"])
        #expect(try unmatched().count == 1)
        #expect(try place.logged.contains("bounce_reader: exit status 1: nothing odd"))
    }

    @Test("A dead job with a bounce is tried again as if it had none")
    func retried() throws {
        try sent("order-1", in: "dead")
        try put("a", bounce(to: token("order-1")))
        try take()
        let history = History(try events("order-1", in: "dead"))
        #expect(history.isMovedByHand && history.last?.kind == .sent && history.open(of: ["zoe@example.org"]).isEmpty)
    }

    @Test("The key of the spool is made once, and is the owner's")
    func key() throws {
        let status = try place.spool.root.status(".bounce-key")
        #expect(status.permissions == 0o600)
        var again = try place.settings("bounce_address = bounces+{token}@example.com")
        again.loadBounceKey(in: place.spool, place.log)
        #expect(again.mail.bounce?.key == settings.mail.bounce?.key)
        try place.scratch.write("short\n", to: "spool/.bounce-key")
        again.mail.bounce?.key = nil
        again.loadBounceKey(in: place.spool, place.log)
        #expect(again.mail.bounce?.key == nil)
        #expect(try place.logged.contains("bounce_address is not used"))
    }
}
