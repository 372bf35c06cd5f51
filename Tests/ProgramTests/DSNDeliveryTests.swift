import Foundation
import Scratch
import Testing

@Suite("Notifications that jobs ask for", .serialized, .ownThreads)
struct DSNDeliveryTests {
    @Test("They are asked of a relay that offers DSN, by the job's id where it names none; other jobs ask for nothing")
    func offered() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.hello("plain")
        try place.hello("order=1", #","dsn":{"notify":["failure","delay"],"return":"headers"}"#)
        let sendmail = place.scratch.path("sendmail")
        try FileManager.default.createSymbolicLink(
            atPath: sendmail, withDestinationPath: Program.built("outspool").path)
        let ran = try place.run(
            sendmail, ["-N", "success", "-R", "full", "-V", "my id", "a@b.example"], input: "Subject: x\n\nx\n",
            environment: ["OUTSPOOL_SPOOL": place.spool.path, "OUTSPOOL_CONFIG": place.configuration.path])
        #expect(ran.status == 0, "\(ran)")
        try place.wait("3 mails") { place.mails().count == 3 }
        let mails = place.mails()
        let plain = try #require(mails.first { $0.contains("<plain@") })
        #expect(!plain.contains("X-Sink-DSN") && !plain.contains("envid=") && !plain.contains("ret="))
        let order = try #require(mails.first { $0.contains("<order=1@") })
        #expect(order.contains("X-Sink-DSN: <zoe@example.com>; notify=FAILURE,DELAY; orcpt=rfc822;zoe@example.com;"))
        #expect(order.contains("; ret=HDRS; envid=order+3D1"))
        let posted = try #require(mails.first { $0.contains("Subject: x") })
        #expect(posted.contains("X-Sink-DSN: <a@b.example>; notify=SUCCESS; orcpt=rfc822;a@b.example;"))
        #expect(posted.contains("; ret=FULL; envid=my+20id"))
        #expect(!place.log.contains("DSN"))
    }

    @Test("A drop box's envelope_from is the sender of its mails, and of no others")
    func forcedSender() throws {
        let place = try Workplace()
        let port = try place.sink()
        try place.configure(
            relays: "[relay main]\nurl = smtp://127.0.0.1:\(port)\ntls = none\n"
                + "[dropbox shop]\nenvelope_from = bounces@example.com\n")
        _ = try place.daemon()
        for (id, sender) in [("a@shop", "www-data@host"), ("b@shop", ""), ("c", "www-data@host")] {
            try place.hello(id, #","envelope":{"from":"\#(sender)"}"#)
        }
        try place.wait("3 mails") { place.mails().count == 3 }
        func sender(_ id: String) throws -> String {
            let mail = try #require(place.mails().first { $0.contains("<\(id)") })
            return String(mail.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" })
        }
        #expect(try sender("a%40shop") == "Return-Path: <bounces@example.com>")
        #expect(try sender("b%40shop") == "Return-Path: <>")
        #expect(try sender("c@") == "Return-Path: <www-data@host>")
    }

    @Test("A relay that does not offer DSN gets the mail, and the log says so once")
    func notOffered() throws {
        let place = try Workplace()
        try place.configure(port: try place.sink("--no-offer", "DSN"))
        _ = try place.daemon()
        for id in ["one", "two"] {
            try place.hello(id, #","dsn":{"notify":["never"]}"#)
            try place.wait(for: id, in: "done")
        }
        #expect(place.mails().allSatisfy { !$0.contains("X-Sink-DSN") })
        #expect(place.log.components(separatedBy: "does not offer DSN").count == 2)
    }
}
