import Foundation
import Scratch
import Testing

@Suite("mailq, and sendmail -q", .serialized, .ownThreads)
struct MailqTests {
    private let deferred =
        #"{"envelope":{"from":"s@x","to":["a@b","c@d"]},"message":"x"}"# + "\n"
        + #"{"at":"2026-11-23T17:44:11.000Z","event":"sending","attempt":1,"to":["a@b"],"submitted":"2026-11-23T17:44:11.000Z"}"#
        + "\n"
        + #"{"at":"2026-11-23T17:44:11.100Z","event":"deferred","attempt":1,"to":"a@b","code":451,"dsn":"4.7.1","reply":"Later\u001b[2J"}"#
        + "\n"

    @Test("An empty queue says so")
    func empty() throws {
        #expect(try SendmailFixture().run([], as: "mailq").out == "Mail queue is empty\n")
    }

    @Test("The queue reads as Postfix's does: marks, reasons, recipients, the sum; hostile text is escaped")
    func lists() throws {
        let place = try SendmailFixture()
        try place.spool.put(deferred, "retry/01-30s/late")
        try place.spool.put(deferred, "dead/gone")
        try place.spool.put(#"{"template":"x","to":"h@\u001b[31m"}"#, "hold/held")
        try place.spool.put("no json", "new/odd")
        #expect(try place.spool.run("dropbox", "add", "box", "--group", "0").status == (Machine.isRoot ? 0 : 77))
        try Program.shell("mkdir '\(place.spool.spool)/cur/main'")
        try place.spool.put(#"{"envelope":{"from":"","to":["z@b"]},"message":"x"}"#, "cur/main/busy")
        for (name, words) in [("mailq", []), ("sendmail", ["-bp"]), ("mailq", ["-v"])] as [(String, [String])] {
            let ran = try place.program(name).with("TZ", "UTC").run(words)
            #expect(ran.status == 0)
            #expect(isHarmless(ran.out))
            #expect(ran.lines.first?.hasPrefix("-------------Queue ID") == true)
            #expect(ran.lines.last == "-- 1 Kbytes in 4 Requests.")
            #expect(
                ran.lines.contains {
                    $0.hasPrefix("late ") && $0.hasSuffix(" \(deferred.utf8.count) Mon Nov 23 17:44:11  s@x")
                })
            #expect(ran.out.contains("(451 4.7.1 Later\\u{1b}[2J)\n" + String(repeating: " ", count: 41) + "a@b\n"))
            #expect(ran.lines.contains { $0.hasPrefix("busy* ") && $0.hasSuffix(" MAILER-DAEMON") })
            #expect(ran.lines.contains { $0.hasPrefix("held! ") })
            #expect(!ran.out.contains("gone"))
        }
    }

    @Test("Drop boxes are part of the queue", .enabled(if: Machine.isRoot))
    func boxes() throws {
        let place = try SendmailFixture()
        try place.spool.run("dropbox", "add", "local")
        try place.program().with("OUTSPOOL_SPOOL", place.spool.spool + "/drop/local").run(["a@b"], input: "x")
        #expect(try place.run([], as: "mailq").out.contains("-- 1 Kbytes in 1 Request."))
        let other = try place.program("mailq").as(user: 65533, group: 65533).run([])
        #expect(other.status == 77 && other.err.contains("for its owner and root"))
    }

    @Test(
        "-q makes deferred mail due: all, one, or one domain's",
        arguments: [
            (["-q"], ["a", "b", "ue"], 0), (["-qIa"], ["a"], 0), (["-qI", "a"], [], 64), (["-qIz"], [], 66),
            (["-qRB.example"], ["b"], 0), (["-qRü.example"], ["ue"], 0), (["-qRXN--tda.example"], ["ue"], 0),
            (["-qRb\u{301}.example"], [], 0),
        ] as [([String], [String], Int32)])
    func flush(words: [String], due: [String], status: Int32) throws {
        let place = try SendmailFixture()
        for (name, domain) in [("a", "a.example"), ("b", "b.example"), ("ue", "xn--tda.example")] {
            try place.spool.put(#"{"template":"x","to":"Q <q@\#(domain)>"}"#, "retry/04-4m/\(name)")
            try Program.shell("touch -d 'now + 1 hour' '\(place.spool.spool)/retry/04-4m/\(name)'")
        }
        #expect(try place.run(words).status == status)
        let found = try place.spool.list("retry/04-4m").filter {
            let path = place.spool.spool + "/retry/04-4m/\($0)"
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            return (date ?? .distantFuture) <= Date()
        }
        #expect(found == due)
    }
}
