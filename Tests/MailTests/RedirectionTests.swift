import Configuration
import JSON
import Message
import Spool
import Testing
import Time

@testable import Mail

/// `redirect_all_to` and `allow_recipients`: who gets a mail on a machine that is not to reach everybody.
@Suite("Staging")
struct RedirectionTests {
    private func staging(_ conf: String) throws -> Staging {
        var main = try ConfigurationFile(parsing: conf, name: "conf").main
        let defaults = try MailDefaults(&main)
        try main.refuseUnknown()
        return defaults.staging
    }

    private func mail(_ job: String, _ conf: String) throws -> OutgoingMail {
        try OutgoingMail(
            try Job(try JSON(parsing: Array(job.utf8))), id: JobID("job-1")!,
            date: Timestamp(seconds: 1_795_455_851),
            rendered: nil,
            defaults: MailDefaults(from: "shop@example.com", domain: "mail.example.com", staging: try staging(conf)))
    }

    private func header(_ mail: OutgoingMail) -> String {
        let text = String(decoding: mail.bytes, as: UTF8.self)
        return String(text[..<(text.firstRange(of: "\r\n\r\n")?.lowerBound ?? text.endIndex)])
            .replacing("\r\n ", with: " ").replacing("\r\n", with: "\n")
    }

    static let redirect = "redirect_all_to = dev@example.org"
    static let allow = "allow_recipients = @example.com, Zoe@Example.net"

    @Test(
        "An entry is a whole domain or one address",
        arguments: [
            ("a@example.com", true), ("a@EXAMPLE.COM", true), ("a@sub.example.com", false), ("a@notexample.com", false),
            ("a@example.com.evil.test", false), ("zoe@example.net", true), ("ZOE@example.net", true),
            ("bob@example.net", false), ("\"x@example.com\"@evil.test", false), ("a@xn--bcher-kva.example", true),
            ("zoe@example.net.evil.test", false),
        ])
    func allows(address: String, isAllowed: Bool) throws {
        #expect(try staging(Self.allow + ", @bücher.example").allows(address) == isAllowed)
    }

    @Test(
        "Every kind of job goes where it may",
        arguments: [
            #"{"subject":"x","text":"x","to":["a@example.com","b@evil.test"],"cc":"zoe@example.net","bcc":"c@evil.test"}"#,
            #"{"subject":"x","text":"x","to":"nobody@evil.test","envelope":{"to":["a@example.com","b@evil.test","zoe@example.net","c@evil.test"]}}"#,
            #"{"message":"From: x@example.com\nTo: a@example.com, b@evil.test\nCc: zoe@example.net\nBcc: c@evil.test\n\nx\n"}"#,
            #"{"message":"From: x@example.com\nTo: n@evil.test\n\nx\n","to":["a@example.com","b@evil.test","zoe@example.net","c@evil.test"]}"#,
        ])
    func kinds(job: String) throws {
        let all = try mail(job, "")
        #expect(all.recipients == ["a@example.com", "b@evil.test", "zoe@example.net", "c@evil.test"])
        #expect(all.disallowed.isEmpty && all.redirected.isEmpty)

        let allowed = try mail(job, Self.allow)
        #expect(allowed.recipients == ["a@example.com", "zoe@example.net"])
        #expect(allowed.disallowed == ["b@evil.test", "c@evil.test"])
        #expect(allowed.bytes == all.bytes)

        let redirected = try mail(job, Self.redirect)
        #expect(redirected.recipients == ["dev@example.org"])
        #expect(redirected.redirected == all.recipients && redirected.disallowed.isEmpty)
        #expect(
            header(redirected)
                == "X-Outspool-Redirected-From: a@example.com, b@evil.test, zoe@example.net, c@evil.test\n"
                + header(all))

        let both = try mail(job, Self.redirect + "\n" + Self.allow)
        #expect(both.recipients == ["a@example.com", "zoe@example.net", "dev@example.org"])
        #expect(both.redirected == ["b@evil.test", "c@evil.test"] && both.disallowed.isEmpty)
        // Those who get it too must not learn of a hidden recipient.
        #expect(both.bytes == all.bytes)
    }

    @Test("Nobody is left: the mail has no recipients, and says whom it was for")
    func nobody() throws {
        let held = try mail(#"{"subject":"x","text":"x","to":"b@evil.test"}"#, Self.allow)
        #expect(held.recipients.isEmpty)
        #expect(held.disallowed == ["b@evil.test"])
    }

    @Test("The redirection gets a mail that was for it anyway once, and a long list is cut")
    func once() throws {
        let own = try mail(#"{"subject":"x","text":"x","to":["dev@example.org","b@evil.test"]}"#, Self.redirect)
        #expect(own.recipients == ["dev@example.org"])
        #expect(own.redirected == ["b@evil.test"])
        let many = (0..<200).map { "\"r\($0)@evil.test\"" }.joined(separator: ",")
        let cut = try mail("{\"subject\":\"x\",\"text\":\"x\",\"to\":[\(many)]}", Self.redirect)
        #expect(header(cut).contains("r49@evil.test, and 150 more\n"))
        #expect(cut.redirected.count == 200)
    }

    @Test("An address that needs SMTPUTF8 does not need it where it gets nothing")
    func utf8() throws {
        let job = #"{"subject":"x","text":"x","to":"a@example.com","bcc":"zoë@evil.test"}"#
        #expect(try mail(job, "").needsSMTPUTF8)
        #expect(try !mail(job, Self.allow).needsSMTPUTF8)
        let redirected = try mail(job, Self.redirect)
        #expect(!redirected.needsSMTPUTF8 && redirected.bytes.allSatisfy { $0 < 0x80 })
    }

    @Test(
        "What is no address is an error of the configuration, with its line",
        arguments: [
            ("\nredirect_all_to = dev", "conf:2: 'redirect_all_to': "),
            ("redirect_all_to = Dev <dev@example.com>", "conf:1: 'redirect_all_to': "),
            ("allow_recipients = example.com", "conf:1: 'allow_recipients' is a list like "),
            ("allow_recipients = @example.com,", "conf:1: 'allow_recipients' is a list like "),
            ("allow_recipients = @", "conf:1: 'allow_recipients' is a list like "),
            ("allow_recipients = @*.example.com", "conf:1: 'allow_recipients' is a list like "),
            ("allow_recipients = @example.com zoe@example.org", "conf:1: 'allow_recipients' is a list like "),
            (
                "allow_recipient = @example.com",
                "conf:1: unknown key 'allow_recipient'; did you mean 'allow_recipients'?"
            ),
        ])
    func faults(conf: String, reason: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try staging(conf) }
        #expect("\(error)".hasPrefix(reason), "\(error)")
    }
}
