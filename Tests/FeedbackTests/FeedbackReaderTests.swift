import Testing
import Time

@testable import Feedback

@Suite("Mails that tell of others")
struct FeedbackReaderTests {
    private func read(_ text: String) -> Report? { FeedbackReader.read(Array(text.utf8)).first }

    private func status(
        _ recipients: String, message: String = "", original: String = "Message-ID: <job@example.com>\n"
    ) -> String {
        """
        From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
        To: bounces+token@example.com
        Delivered-To: bounces+token@example.com
        Subject: Undelivered Mail Returned to Sender
        Message-ID: <b1@mx.example.net>
        Date: Mon, 23 Nov 2026 17:44:11 +0000
        Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"

        --b/1
        Content-Type: text/plain

        Your mail could not be delivered.

        --b/1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net
        \(message)
        \(recipients)
        --b/1
        Content-Type: text/rfc822-headers

        \(original)To: kijitora@example.net

        --b/1--

        """
    }

    @Test("A delivery status notification tells of every recipient")
    func everyRecipient() throws {
        let report = try #require(
            read(
                status(
                    """

                    Original-Recipient: rfc822;kiji+2Btora@example.net
                    Final-Recipient: rfc822; kijitora@forward.example
                    Action: failed
                    Status: 5.1.1
                    Diagnostic-Code: smtp; 550 5.1.1 <kijitora@forward.example>: User
                     unknown
                    Last-Attempt-Date: Mon, 23 Nov 2026 18:44:11 +0100

                    Final-Recipient: rfc822;<mikeneko@example.net>
                    Action: delayed
                    Status: 4.2.2

                    Final-Recipient: RFC822; SABATORA@EXAMPLE.NET
                    Action: delivered
                    Status: 2.0.0

                    """, message: "Original-Envelope-Id: QQ+2B314\nX-Postfix-Queue-ID: 4XyZ",
                    original: "Message-ID:\n <job@example.com>\nX-Outspool-Id: 20261123T174411Z-7f3a\n")))
        #expect(
            report.recipients.map(\.address) == [
                "kiji+tora@example.net", "mikeneko@example.net", "SABATORA@EXAMPLE.NET",
            ])
        #expect(report.recipients.map(\.kind) == [.bounced, .delayed, .delivered])
        #expect(report.recipients.map(\.class) == [.badAddress, .full, .delivered])
        #expect(report.recipients.map(\.isPermanent) == [true, false, false])
        #expect(report.recipients[0].code == 550 && report.recipients[0].dsn == "5.1.1")
        #expect(report.recipients[0].reply == "550 5.1.1 <kijitora@forward.example>: User unknown")
        #expect(report.clues.envelopeID == "QQ+314")
        #expect(report.clues.messageIDs == ["job@example.com"])
        #expect(report.clues.jobIDs == ["20261123T174411Z-7f3a"])
        #expect(report.clues.relayIDs == ["4XyZ"])
        #expect(report.clues.sentTo == ["bounces+token@example.com"])
        #expect(report.at?.rfc3339Seconds == "2026-11-23T17:44:11Z")
        #expect(report.source == "mail" && !report.isVerified)
    }

    @Test("What makes a report another one")
    func identity() throws {
        let one = "\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n"
        let report = try #require(read(status(one)))
        #expect(read("Received: from x by y; now\n" + status(one))?.id == report.id)
        #expect(read("X-Spam-Flag: no\n" + status(one))?.id == report.id)
        #expect(read(status(one.replacing("a@", with: "b@")))?.id != report.id)
        #expect(read(status(one.replacing("failed", with: "delayed")))?.id != report.id)
        #expect(read(status(one).replacing("<b1@", with: "<b2@"))?.id != report.id)
        #expect(read(status(one, original: "Message-ID: <other@example.com>\n"))?.id != report.id)
    }

    @Test(
        "Complaints",
        arguments: [
            (
                "abuse", "Original-Rcpt-To: <kijitora@example.net>\nOriginal-Rcpt-To: mikeneko@example.net\n",
                ["kijitora@example.net", "mikeneko@example.net"]
            ),
            ("opt-out", "Removal-Recipient: kijitora@example.net\n", ["kijitora@example.net"]),
            // Hidden by the loop: the original's header names whom it can.
            ("abuse", "Original-Rcpt-To: redacted\n", ["to@example.net"]),
        ] as [(String, String, [String])])
    func complaints(type: String, fields: String, addresses: [String]) throws {
        let report = try #require(read(complaint(type, fields, to: "to@example.net")))
        #expect(report.recipients.map(\.address) == addresses)
        #expect(report.recipients.allSatisfy { $0.kind == .complained && $0.class == .complaint && !$0.isPermanent })
        #expect(report.clues.messageIDs == ["job@example.com"])
        #expect(report.at?.rfc3339Seconds == "2026-11-23T17:44:11Z")
    }

    @Test("A complaint that hides its recipient is one all the same")
    func hidden() throws {
        let report = try #require(read(complaint("abuse", "", to: "redacted@example.net")))
        #expect(report.recipients.map(\.address) == [""])
        #expect(report.recipients.map(\.kind) == [.complained])
    }

    @Test(
        "Reports of authentication, and what is no spam, are no complaints",
        arguments: ["auth-failure", "not-spam", "NOT-SPAM"])
    func noComplaint(type: String) {
        #expect(read(complaint(type, "Original-Rcpt-To: a@example.net\n", to: "a@example.net")) == nil)
    }

    private func complaint(_ type: String, _ fields: String, to: String) -> String {
        """
        From: fbl@isp.example
        To: complaints@example.com
        Subject: FW: Nyaan
        Content-Type: multipart/report; report-type=feedback-report; boundary=b

        --b

        This is an abuse report.
        --b
        Content-Type: message/feedback-report

        Feedback-Type: \(type)
        User-Agent: SomeGenerator/1.0
        Version: 1
        Arrival-Date: Mon, 23 Nov 2026 17:44:11 GMT
        \(fields)
        --b
        Content-Type: message/rfc822

        From: shop@example.com
        To: \(to)
        Message-ID: <job@example.com>

        Nyaan
        --b--
        """
    }

    @Test(
        "Answers of programs",
        arguments: [
            "Auto-Submitted: auto-replied (vacation)\nSubject: Re: Nyaan\n", "X-Autoreply: yes\nSubject: Nyaan\n",
            "Subject: Automatic reply: Nyaan\n", "Subject: =?utf-8?Q?R=C3=A9ponse_automatique?=\n",
            "Precedence: auto_reply\nSubject: hi\n",
        ])
    func answers(header: String) throws {
        let report = try #require(
            read(
                "From: Kijitora <kijitora@example.net>\nTo: shop@example.com\n\(header)In-Reply-To: <job@example.com>\n\nI am away.\n"
            ))
        #expect(report.recipients.map(\.kind) == [.autoReply])
        #expect(report.recipients.map(\.address) == ["kijitora@example.net"])
        #expect(report.clues.messageIDs == ["job@example.com"])
    }

    @Test("A disposition")
    func disposition() throws {
        let report = try #require(
            read(
                """
                From: kijitora@example.net
                Subject: Read: Nyaan
                Content-Type: multipart/report; report-type=disposition-notification; boundary=b

                --b

                Your message was displayed.
                --b
                Content-Type: message/disposition-notification

                Original-Recipient: rfc822;kijitora@example.org
                Final-Recipient: rfc822;kijitora@example.net
                Original-Message-ID: <job@example.com>
                Disposition: manual-action/MDN-sent-manually; displayed

                --b--
                """))
        #expect(report.recipients.map(\.address) == ["kijitora@example.org"])
        #expect(report.recipients.map(\.kind) == [.autoReply])
        #expect(report.clues.messageIDs == ["job@example.com"])
    }

    @Test(
        "Mails that tell nothing of another",
        arguments: [
            "", "\n", "Nyaan", "From: kijitora@example.net\nSubject: Hello\n\nHow are you?\n",
            "From: kijitora@example.net\nSubject: Re: Your order\n\nIt could not be delivered yesterday: nobody was at home.\n",
            "From: news@example.net\nSubject: News\nAuto-Submitted: auto-generated\n\nNews.\n",
            "From: List <list@example.net>\nSubject: [list] Delivery of parcels\nPrecedence: list\n\nParcels.\n",
        ])
    func nothing(mail: String) { #expect(read(mail) == nil) }

    @Test("Bounces in forms of their own", arguments: ownForms)
    func ownForm(mail: String, addresses: [String], kind: Report.Kind, class: Report.Class) throws {
        let report = try #require(read(mail))
        #expect(report.recipients.map(\.address) == addresses)
        #expect(report.recipients.first?.kind == kind)
        #expect(report.recipients.first?.class == `class`)
        #expect(report.clues.messageIDs == ["job@example.com"])
    }

    @Test("Hostile mails end", arguments: 0..<8)
    func hostile(number: Int) {
        let fill = [
            String(repeating: "@", count: 100_000), String(repeating: "a@b ", count: 30_000),
            String(repeating: "<", count: 100_000),
            String(repeating: "5.1.", count: 30_000), String(repeating: "user unknown * ", count: 8000),
            String(repeating: "Final-Recipient: rfc822; a@b.c\n\n", count: 4000),
            String(repeating: "=?utf-8?q?", count: 12_000),
            String(repeating: "--b\nContent-Type: multipart/mixed; boundary=b\n\n", count: 3000),
        ][number]
        _ = read("From: mailer-daemon@x\nSubject: failure notice\n\n\(fill)")
        _ = read("From: mailer-daemon@x\nSubject: \(fill)\nX-Failed-Recipients: \(fill)\n\n\(fill)")
        _ = read("Content-Type: multipart/mixed; boundary=b\n\n\(fill)")
        _ = read(status(fill))
        _ = read(complaint("abuse", "Original-Rcpt-To: \(fill)\n", to: fill))
    }
}

private let ownForms: [(String, [String], Report.Kind, Report.Class)] = [
    (
        """
        From: MAILER-DAEMON@mx.example.net
        Subject: failure notice

        Hi. This is the qmail-send program at mx.example.net.
        I'm afraid I wasn't able to deliver your message to the following addresses.

        <kijitora@example.net>:
        192.0.2.1 does not like recipient.
        Remote host said: 550 5.1.1 User unknown
        Giving up on 192.0.2.1.

        <mikeneko@example.net>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Below this line is a copy of the message.

        Return-Path: <shop@example.com>
        Message-ID: <job@example.com>
        To: kijitora@example.net
        """, ["kijitora@example.net", "mikeneko@example.net"], .bounced, .badAddress
    ),
    (
        """
        From: Mail Delivery System <Mailer-Daemon@mx.example.net>
        Subject: Warning: message 1X-2Y-3Z delayed 24 hours
        Auto-Submitted: auto-replied

        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue on mx.example.net.

        The message identifier is:     1X-2Y-3Z

        The address to which the message has not yet been delivered is:

          kijitora@example.net
            Delay reason: Connection timed out

        No action is required on your part. Delivery attempts will continue for
        some time.

        ------ This is a copy of the message, including all the headers. ------

        Return-path: <shop@example.com>
        Message-ID: <job@example.com>
        """, ["kijitora@example.net"], .delayed, .temporary
    ),
    (
        """
        From: postmaster@example.net
        Subject: Undeliverable: Nyaan
        Content-Type: text/html

        <html><body><p>Delivery has failed to these recipients:</p><p><a href="x">kijitora@example.net</a></p>
        <p>The recipient&#39;s mailbox is full.</p><pre>
        Original message headers:
        Received: from mx.example.net by x; now
        Message-ID: &lt;job@example.com&gt;
        </pre></body></html>
        """, ["kijitora@example.net"], .bounced, .full
    ),
]
