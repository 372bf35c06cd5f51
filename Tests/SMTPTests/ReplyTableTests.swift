import SMTP
import Testing

@Suite("Table of replies")
struct ReplyTableTests {
    @Test(
        "Reads what relays say",
        arguments: [
            // Gmail and Google Workspace.
            (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail", Scope.account),
            (421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail", .account),
            (550, "5.1.1 The email account that you tried to reach does not exist.", .recipient),
            (530, "5.7.0 Authentication Required. For more information, go to", .account),
            (552, "5.2.2 The recipient's inbox is out of storage space and inactive.", .recipient),
            // Microsoft 365 and Exchange.
            (550, "5.7.60 SMTP; Client does not have permissions to send as this sender", .sender),
            (554, "5.2.252 SendAsDenied; svc@corp.example not allowed to send as x@corp.example", .sender),
            (530, "5.7.57 Client not authenticated to send mail", .account),
            (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", .recipient),
            (550, "5.7.705 Access denied, tenant has exceeded threshold", .account),
            // Amazon SES.
            (454, "Throttling failure: Maximum sending rate exceeded.", .account),
            (454, "Throttling failure: Daily message quota exceeded.", .account),
            (554, "Message rejected: Email address is not verified. The following identities failed", .sender),
            // SendGrid, Mailgun, Postmark.
            (550, "The from address does not match a verified Sender Identity.", .sender),
            (451, "Authentication failed: Maximum credits exceeded", .account),
            (421, "Domain x.example is not allowed to send: hourly limit exceeded", .account),
            // Postfix.
            (553, "5.7.1 <shop@example.com>: Sender address rejected: not owned by user svc", .sender),
            (554, "5.7.1 <x@example.net>: Relay access denied", .account),
            (
                550, "5.1.1 <x@example.net>: Recipient address rejected: User unknown in local recipient table",
                .recipient
            ),
            (450, "4.2.0 <x@example.net>: Recipient address rejected: Greylisted", .recipient),
            (452, "4.3.1 Insufficient system storage", .relay),
            (552, "5.3.4 Message size exceeds fixed limit", .message),
            (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example", .account),
        ] as [(Int, String, Scope)])
    func known(code: Int, text: String, scope: Scope) {
        #expect(ReplyTable.standard.reading(of: Reply(code: code, text)).scope == scope)
    }

    @Test("Leaves open what says nothing", arguments: ["5.7.1 Rejected", "Transaction failed", "5.0.0 No"])
    func open(text: String) {
        let reading = ReplyTable.standard.reading(of: Reply(code: 554, text))
        #expect(reading.scope == nil)
        #expect(reading.line == nil)
        #expect(reading.verdict == .asSaid)
    }

    @Test("An operator's line goes first, and names itself")
    func own() throws {
        let own = try ReplyTable(Array("# ours\n\n55x x.1.1 account defer  mailbox*gone away \n".utf8), name: "r.conf")
        let table = own.followed(by: .standard)
        let reading = table.reading(of: Reply(code: 550, "5.1.1 Mailbox x is Gone Away"))
        #expect(reading == ReplyTable.Reading(scope: .account, verdict: .putOff, line: "r.conf:3"))
        #expect(table.reading(of: Reply(code: 550, "5.1.1 gone away mailbox")).scope == .recipient)
    }

    @Test(
        "Says what is wrong with a line",
        arguments: [
            ("55 - account -", "the code"), ("550 5.1 account -", "the status"), ("550 y.1.1 account -", "the status"),
            ("550 - everybody -", "'everybody' is not a scope"), ("550 - account maybe", "the verdict"),
            ("550", "the status"),
        ])
    func wrong(line: String, fault: String) {
        let error = #expect(throws: ReplyTableError.self) { try ReplyTable(Array(line.utf8), name: "r.conf") }
        #expect(error?.description.hasPrefix("r.conf:1: ") == true)
        #expect(error?.description.contains(fault) == true)
    }

    @Test("The gist leaves out what changes from mail to mail")
    func gist() {
        let texts = [
            "Rejected <a@x.example> by mx1.example.net id 4F1C2 at 12:01",
            "Rejected <b@y.example> by mx2.example.net id 77 at 9",
        ]
        let gists = texts.map { Reply(code: 554, $0).gist }
        #expect(gists[0] == gists[1])
        #expect(gists[0] != Reply(code: 554, "Spam").gist)
        #expect(Reply(code: 550, "5.7.1 a").gist == Reply(code: 550, "5.7.1 b").gist)
    }
}
