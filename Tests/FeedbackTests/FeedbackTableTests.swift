import Testing

@testable import Feedback

@Suite("The table of bounces")
struct FeedbackTableTests {
    @Test("The first line that fits decides")
    func first() throws {
        let own = try FeedbackTable(
            Array("# ours\n\n55x x.1.1 policy temporary  mailbox*gone away \n".utf8), name: "b.conf")
        let table = own.followed(by: .standard)
        let gone = table.reading(code: 550, status: Status(5, 1, 1), text: "The MAILBOX\r\n\thas gone  away".utf8)
        #expect(gone == FeedbackTable.Reading(class: .policy, isPermanent: false, line: "b.conf:3"))
        // The words have an order.
        let other = table.reading(code: 550, status: Status(5, 1, 1), text: "gone away, the mailbox".utf8)
        #expect(other?.class == .badAddress)
        #expect(other?.line.hasPrefix("built in:") == true)
        #expect(table.reading(code: 450, status: Status(5, 1, 1), text: "mailbox gone away".utf8)?.class == .badAddress)
        #expect(own.reading(code: nil, status: Status(5, 1, 1), text: "mailbox gone away".utf8) == nil)
        #expect(own.reading(code: 550, status: nil, text: "mailbox gone away".utf8) == nil)
    }

    @Test("Pieces do not overlap")
    func overlap() throws {
        let table = try FeedbackTable(Array("xxx - full - aba*bab".utf8), name: "t")
        #expect(table.reading(code: nil, status: nil, text: "abab".utf8) == nil)
        #expect(table.reading(code: nil, status: nil, text: "ababab".utf8)?.class == .full)
    }

    @Test("Replies of servers", arguments: serverReplies)
    func replies(text: String, class: Report.Class, isPermanent: Bool) {
        let evidence = Evidence(Array(text.utf8))
        let told = evidence.recipient("kijitora@example.jp", notice: [], by: .standard)
        #expect(told.class == `class`)
        #expect(told.isPermanent == isPermanent)
    }

    @Test("Names of hosts and addresses are no words")
    func names() {
        let text = "host antispam.example.com[192.0.2.1] said: 550 <blacklist@dmarc.example>: User unknown"
        #expect(FeedbackTable.standard.reading(code: 550, status: nil, text: text.utf8)?.class == .badAddress)
    }

    @Test(
        "A line that is wrong is named",
        arguments: [
            ("5x - full -", "t:2: the code is three digits or x, such as 5xx"),
            ("5xx 5.1 full -", "t:2: the status is like 5.1.1, 5.7.x or -"),
            ("5xx 5.a.1 full -", "t:2: the status is like 5.1.1, 5.7.x or -"),
            ("5xx - overfull - x", "t:2: 'overfull' is not a class"),
            ("5xx - full never x", "t:2: the fate is permanent, temporary or -"),
            ("5xx", "t:2: the status is like 5.1.1, 5.7.x or -"),
        ])
    func wrong(line: String, reason: String) {
        let error = #expect(throws: FeedbackTableError.self) {
            try FeedbackTable(Array("# bounces\n\(line)\n".utf8), name: "t")
        }
        #expect(error?.description == reason)
    }

    @Test("Phrases are found where they are, one inside another too")
    func phrases() {
        let automaton = PhraseAutomaton(["he", "she", "hers", "his"].map { Array($0.utf8) })
        var found: [String] = []
        automaton.find(in: "ushers".utf8) { phrase, range in found.append("\(phrase)@\(range.lowerBound)") }
        #expect(found == ["1@1", "0@2", "2@2"])
    }

    @Test(
        "Codes and statuses in a text",
        arguments: [
            ("550 5.1.1 user unknown", 550, "5.1.1"), ("smtp; 550-5.7.26 unauthenticated", 550, "5.7.26"),
            ("said: 452-4.2.2 full", 452, "4.2.2"), ("#5.4.4", nil, "5.4.4"),
            ("host mx [192.0.2.550] said 421", 421, nil),
            ("version 5.1.1.7 of 5.0.0", nil, "5.0.0"), ("5.0.0 then 5.1.0 then 5.1.2", nil, "5.1.2"),
            ("id 550abc and v5.1.1", nil, nil), ("", nil, nil), ("5.", nil, nil), ("550", 550, nil),
        ] as [(String, Int?, String?)])
    func codes(text: String, code: Int?, status: String?) {
        #expect(Status.first(in: Array(text.utf8)[...])?.description == status)
        #expect(firstReplyCode(in: Array(text.utf8)[...])?.code == code)
    }
}

private let serverReplies: [(String, Report.Class, Bool)] = [
    ("550 5.1.1 <kijitora@example.jp>... User Unknown", .badAddress, true),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", .badAddress, true),
    ("550 No such user here", .badAddress, true),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", .badAddress, true),
    ("550 Host unknown", .badAddress, true),
    ("556 5.1.10 Domain does not accept mail (nullMX)", .badAddress, true),
    ("550 5.2.1 The email account that you tried to reach is disabled.", .badAddress, false),
    ("552 5.2.2 The email account that you tried to reach is over quota", .full, true),
    ("452 4.2.2 Mailbox full", .full, false),
    ("550 5.1.1 mailbox kijitora is over quota temporarily", .full, true),
    ("552 5.3.4 Message size exceeds fixed limit", .content, true),
    ("554 5.7.1 Message identified as SPAM", .content, true),
    ("550 Virus found in message", .content, true),
    ("550 5.7.26 This mail is unauthenticated, which poses a security risk", .auth, true),
    ("550 5.7.1 Email rejected per DMARC policy for example.com", .auth, true),
    ("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.", .policy, true),
    ("554 5.7.1 Relay access denied", .policy, true),
    ("553 5.1.8 Sender address rejected: Domain not found", .policy, true),
    ("450 4.7.1 Greylisting in action, please come back later", .policy, false),
    ("451 4.3.0 Internal system error, try again later", .temporary, false),
    ("421 4.4.2 Connection timed out", .temporary, false),
    ("450 4.9.9 Something", .temporary, false),
    ("550 5.9.9 Something", .unknown, true),
    ("451 Something", .temporary, false),
]
