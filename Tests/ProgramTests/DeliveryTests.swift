import Foundation
import Scratch
import Testing

@Suite("From the spool to the relay", .serialized, .ownThreads)
struct DeliveryTests {
    @Test("A job that printf, sync and mv drop is rendered and delivered")
    func shell() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        let daemon = try place.daemon()
        let script = """
            cd "$1" && printf '{"template":"hello","to":"Zoë Müller <zoe@example.com>","params":{"name":"Zoë"}}\\n' > tmp/x &&
            sync tmp/x && mv -n tmp/x new/
            """
        #expect(try place.run("/bin/sh", ["-c", script, "sh", place.spool.path]).status == 0)
        try place.wait(for: "x", in: "done")
        let mail = try #require(place.mails().first)
        #expect(mail.contains("X-Original-To: zoe@example.com") || mail.contains("Delivered-To: zoe@example.com"))
        #expect(mail.contains("Message-ID: <x@test.example>"))
        #expect(mail.contains("Auto-Submitted: auto-generated"))
        #expect(mail.contains("this is a test."))
        #expect(try place.events("x") == ["sending", "sent"])
        #expect(place.places("x") == ["done"])
        #expect(daemon.stop() == 0)
    }

    @Test("What was submitted while the daemon was down is delivered when it starts")
    func backlog() throws {
        let place = try Workplace()
        for index in 0..<50 { try place.hello("job\(index)") }
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.wait("50 jobs in done") { place.names("done").count == 50 }
        #expect(place.mails().count == 50)
    }

    @Test("A deferred recipient waits in its bucket with the reply; touched, it is sent")
    func greylisted() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=451 4.7.1 Greylisted:1"))
        _ = try place.daemon()
        try place.hello("grey")
        try place.wait(for: "grey", in: "retry/01-30s")
        let file = try place.file("grey")
        let due = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date)
        #expect(due > Date(timeIntervalSinceNow: 20) && due < Date(timeIntervalSinceNow: 34))
        let event = try #require(try place.history("grey").last)
        #expect(event["event"] as? String == "deferred")
        #expect(event["code"] as? Int == 451)
        #expect(event["dsn"] as? String == "4.7.1")
        #expect(event["reply"] as? String == "Greylisted")
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
        try place.wait(for: "grey", in: "done")
        #expect(try place.history("grey").last?["attempt"] as? Int == 2)
    }

    @Test("After k failures a job is in bucket k")
    func climbs() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "dot=451 4.3.0 Not now"))
        _ = try place.daemon()
        try place.hello("climber")
        for (index, bucket) in ["01-30s", "02-1m", "03-2m", "04-4m", "05-8m"].enumerated() {
            try place.wait(for: "climber", in: "retry/\(bucket)")
            #expect(try place.history("climber").last?["attempt"] as? Int == index + 1)
            try FileManager.default.setAttributes(
                [.modificationDate: Date()], ofItemAtPath: try place.file("climber").path)
        }
        try place.wait(for: "climber", in: "retry/06-16m")
    }

    @Test("A refused recipient makes a dead letter with the reply")
    func refused() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=550 5.1.1 No such user"))
        _ = try place.daemon()
        try place.hello("gone")
        try place.wait(for: "gone", in: "dead")
        let event = try #require(try place.history("gone").last)
        #expect(event["event"] as? String == "refused")
        #expect(event["code"] as? Int == 550)
        #expect(event["reply"] as? String == "No such user")
        #expect(place.log.contains("status=bounced (550 5.1.1 No such user)"))
    }

    @Test("Of three recipients exactly the deferred one is tried again")
    func mixed() throws {
        let place = try Workplace()
        try place.configure(
            port: try place.sink(
                "--fail", "rcpt(later@example.com)=451 4.7.1 Later:2", "--fail",
                "rcpt(never@example.com)=550 5.1.1 Never"))
        _ = try place.daemon()
        try place.drop(
            "mixed",
            #"{"template":"hello","to":["now@example.com","later@example.com","never@example.com"],"params":{"name":"x"}}"#
        )
        try place.wait(for: "mixed", in: "retry/01-30s")
        #expect(Set(try place.events("mixed").suffix(3)) == ["sent", "deferred", "refused"])
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: try place.file("mixed").path)
        try place.wait(for: "mixed", in: "dead")
        let second = try place.history("mixed").filter { $0["attempt"] as? Int == 2 }
        #expect(second.compactMap { $0["to"] as? String } == ["later@example.com"])
        #expect(place.mails().count == 2)
    }

    @Test("A dead letter moved to new/ is tried again from the first bucket")
    func requeued() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--fail", "rcpt=550 5.1.1 No such user:1"))
        _ = try place.daemon()
        try place.hello("again")
        try place.wait(for: "again", in: "dead")
        try FileManager.default.moveItem(at: try place.file("again"), to: place.spool.appending(path: "new/again"))
        try place.wait(for: "again", in: "done")
        #expect(try place.events("again") == ["refused", "requeued", "sending", "sent"])
    }

    @Test("sendAt waits in scheduled/, its mtime the time; touched, it is sent")
    func scheduled() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("later", #","sendAt":"2099-01-01T00:00:00Z""#)
        try place.wait(for: "later", in: "scheduled")
        let file = try place.file("later")
        let due = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date)
        #expect(due.timeIntervalSince1970 == 4_070_908_800)
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
        try place.wait(for: "later", in: "done")
        #expect(try place.events("later") == ["scheduled", "sending", "sent"])
    }

    @Test("What is past its expiresAt is never sent")
    func expired() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("old", #","expiresAt":"2020-01-01T00:00:00Z""#)
        try place.wait(for: "old", in: "dead")
        #expect(try place.events("old") == ["expired"])
        #expect(place.mails().isEmpty)
    }

    @Test("pause starts nothing new; without it all goes on")
    func pause() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("spool/pause", "")
        try place.wait("the pause to be seen") { place.log.contains("paused: everything") }
        try place.hello("waits")
        try place.write("templates/other/subject.mustache", "Other")
        try place.write("templates/other/text.mustache", "Other")
        try place.write("spool/pause.template.hello", "")
        try place.drop("free", #"{"template":"other","to":"a@example.com"}"#)
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause"))
        try place.wait(for: "free", in: "done")
        #expect(place.places("waits") == ["new"])
        try FileManager.default.removeItem(at: place.spool.appending(path: "pause.template.hello"))
        try place.wait(for: "waits", in: "done")
    }

    @Test("A broken template blocks its jobs and only those; repaired, it sends them")
    func blocked() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("templates/broken/subject.mustache", "{{#open}}")
        try place.write("templates/broken/text.mustache", "x")
        try place.drop("stuck", #"{"template":"broken","to":"a@example.com"}"#)
        try place.drop("unknown", #"{"template":"nowhere","to":"a@example.com"}"#)
        try place.hello("fine")
        try place.wait(for: "fine", in: "done")
        try place.wait(for: "stuck", in: "retry/01-30s")
        try place.wait(for: "unknown", in: "retry/01-30s")
        #expect(try place.events("stuck") == ["blocked"])
        #expect(try place.history("stuck").last?["attempt"] == nil)
        try place.write("templates/broken/subject.mustache", "Repaired")
        try place.wait(for: "stuck", in: "done")
        try place.write("templates/nowhere/subject.mustache", "Here")
        try place.write("templates/nowhere/text.mustache", "Here")
        try place.wait(for: "unknown", in: "done")
        #expect(try place.history("unknown").last?["attempt"] as? Int == 1)
    }
}
