import Foundation
import Scratch
import Testing

@Suite("A machine that is not to reach everybody", .serialized, .ownThreads)
struct StagingTests {
    @Test("Who is not allowed gets nothing: a dead letter that says so, and a line in the log")
    func disallowed() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "allow_recipients = @example.com")
        _ = try place.daemon()
        #expect(place.log.contains("warning: mail for others than allow_recipients is held back"))
        try place.hello("good")
        try place.hello("bad", to: "zoe@elsewhere.test")
        try place.hello("mixed", to: "zoe@example.com", #","bcc":"audit@elsewhere.test""#)
        try place.wait(for: "good", in: "done")
        try place.wait(for: "bad", in: "dead")
        try place.wait(for: "mixed", in: "dead")
        #expect(try place.events("bad") == ["refused"])
        let event = try #require(try place.history("bad").first)
        #expect(event["to"] as? String == "zoe@elsewhere.test")
        #expect(event["dsn"] as? String == "5.7.1")
        #expect(event["reason"] as? String == "held back: not in allow_recipients")
        #expect(event["submitted"] != nil)
        #expect(try place.events("mixed") == ["sending", "refused", "sent"])
        #expect(place.mails().count == 2)
        #expect(!place.mails().contains { $0.contains("elsewhere.test") })
        let lines = place.log.split(separator: "\n").filter { $0.contains("status=bounced") }
        #expect(lines.count == 2)
        #expect(
            lines.allSatisfy {
                $0.contains("@elsewhere.test>, relay=none, ")
                    && $0.contains("dsn=5.7.1, status=bounced (held back: not in allow_recipients)")
            }, "\(lines)")
    }

    @Test("SIGHUP opens the gate: what is requeued goes to those who were held back, and to nobody twice")
    func reload() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(port: port, main: "allow_recipients = @example.com")
        let daemon = try place.daemon()
        try place.hello("mixed", to: "zoe@example.com", #","cc":"audit@elsewhere.test""#)
        try place.wait(for: "mixed", in: "dead")
        try place.configure(port: port)
        daemon.send(SIGHUP)
        try place.wait("the reload") { place.log.contains("mail goes to all recipients again") }
        try FileManager.default.moveItem(
            at: place.spool.appending(path: "dead/mixed"), to: place.spool.appending(path: "new/mixed"))
        try place.wait(for: "mixed", in: "done")
        #expect(try place.events("mixed") == ["sending", "refused", "sent", "requeued", "sending", "sent"])
        #expect(try place.history("mixed").last?["to"] as? String == "audit@elsewhere.test")
        #expect(place.mails().count == 2)
    }

    @Test("All mail goes to one address, a whole message too, and says whom it was for")
    func redirected() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "redirect_all_to = dev@example.org")
        _ = try place.daemon()
        try place.hello("job", to: "zoe@example.com", #","bcc":"audit@elsewhere.test""#)
        try place.drop("whole", #"{"message":"From: a@example.com\nTo: b@elsewhere.test\nSubject: S\n\nx\n"}"#)
        try place.wait(for: "job", in: "done")
        try place.wait(for: "whole", in: "done")
        let mails = place.mails()
        #expect(mails.count == 2)
        #expect(mails.allSatisfy { $0.contains("for <dev@example.org>") || $0.contains("dev@example.org") })
        #expect(mails.contains { $0.contains("\nX-Outspool-Redirected-From: zoe@example.com, audit@elsewhere.test") })
        #expect(mails.contains { $0.contains("\nX-Outspool-Redirected-From: b@elsewhere.test") })
        let sending = try #require(try place.history("job").first)
        #expect(sending["to"] as? [String] == ["dev@example.org"])
        #expect(sending["reason"] as? String == "redirect_all_to, instead of zoe@example.com, audit@elsewhere.test")
        #expect(place.log.contains(": job: orig_to=<audit@elsewhere.test> (redirected by redirect_all_to)"))
    }

    @Test("A daemon that died between a delivery and its outcome does not take a job that was held back for sent")
    func crash() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink(), main: "allow_recipients = @example.com")
        let sent = #"{"at":"2026-11-23T17:44:42.020Z","event":"sent","attempt":1,"to":"zoe@example.com","code":250}"#
        let object = #"{"template":"hello","to":["zoe@example.com","a@elsewhere.test"],"params":{"name":"Zoë"}}"#
        try place.write("spool/cur/main/half", object + "\n" + sent + "\n")
        _ = try place.daemon()
        try place.wait(for: "half", in: "dead")
        #expect(try place.events("half").last == "refused")
        #expect(place.mails().isEmpty)
    }
}
