import Configuration
import IDNA
import JSON
import Mail
import Message
import Spool
import Template
import Scratch
import Testing
import Time

/// What a job becomes: envelope and message, or the error and whose fault it is.
@Suite("Preparation")
struct PreparationTests {
    static let submitted = Timestamp(rfc3339: "2026-11-23T17:44:11Z")!
    var defaults = MailDefaults(from: "Shop <shop@example.com>", domain: "mail.example.com")

    func mail(_ object: String, rendered: RenderedPart? = nil, defaults: MailDefaults? = nil) throws -> OutgoingMail {
        try OutgoingMail(
            try Job(try JSON(parsing: Array(object.utf8))), id: JobID("job-1")!, date: PreparationTests.submitted,
            rendered: rendered, defaults: defaults ?? self.defaults)
    }

    /// The header's fields, in their order.
    func fields(_ mail: OutgoingMail) -> [String] {
        let text = String(decoding: mail.bytes, as: UTF8.self)
        return text.components(separated: "\r\n\r\n").first.map { $0.components(separated: "\r\n") } ?? []
    }

    @Test(
        "The name behind the @ of Message-IDs is one that DNS knows",
        arguments: [
            ("shop.example", "shop.example"), ("Geschäftsstelle.example", "xn--geschftsstelle-9hb.example"),
            ("a b", nil),
            ("-bad-", nil), ("a_b.example", nil), ("192.0.2.1", nil), ("[192.0.2.1]", nil), ("x\u{200B}.example", nil),
        ] as [(String, String?)])
    func hostname(name: String, domain: String?) throws {
        var main = try ConfigurationFile(parsing: "\nhostname = \(name)\n", name: "conf").main
        guard let domain else {
            let error = #expect(throws: ConfigurationError.self) { try MailDefaults(&main) }
            #expect(error?.description.hasPrefix("conf:2: 'hostname': ") == true)
            return
        }
        #expect(try MailDefaults(&main).domain == domain)
    }

    @Test(
        "The envelope comes from the header fields unless the job says it",
        arguments: [
            (#""to":"a@example.com""#, "shop@example.com", ["a@example.com"]),
            (
                #""to":["a@example.com"],"cc":"b@example.com","bcc":"c@example.com""#, "shop@example.com",
                ["a@example.com", "b@example.com", "c@example.com"]
            ),
            (#""to":["A <a@example.com>","a@example.com","B <a@EXAMPLE.com>"]"#, "shop@example.com", ["a@example.com"]),
            (#""to":"a@example.com","from":"me@example.org""#, "me@example.org", ["a@example.com"]),
            (
                #""to":"a@example.com","from":"me@example.org","sender":"you@example.org""#, "you@example.org",
                ["a@example.com"]
            ),
            (
                #""to":"a@example.com","envelope":{"from":"bounces@example.org"}"#, "bounces@example.org",
                ["a@example.com"]
            ),
            (#""to":"a@example.com","envelope":{"from":""}"#, "", ["a@example.com"]),
            (
                #""to":"a@example.com","envelope":{"from":"<>","to":["x@example.net","x@example.net"]}"#, "",
                ["x@example.net"]
            ),
        ])
    func envelope(fields: String, sender: String, recipients: [String]) throws {
        let made = try mail("{\"subject\":\"Hi\",\"text\":\"Hello\",\(fields)}")
        #expect(made.sender == sender)
        #expect(made.recipients == recipients)
    }

    @Test("Notifications are asked for only where the job does; without an id of their own they have the job's")
    func dsn() throws {
        for content in [#""subject":"Hi","text":"Hello""#, #""message":"From: a@example.com\n\nx""#] {
            let plain = "{\(content),\"to\":\"a@example.com\""
            #expect(try mail(plain + "}").dsn == nil)
            let asked = try mail(plain + #","dsn":{"notify":["delay"],"return":"full"}}"#).dsn
            #expect(asked?.notify == [.delay] && asked?.returned == .full && asked?.envelopeID == "job-1")
            #expect(try mail(plain + #","dsn":{"envelopeId":"v"}}"#).dsn?.envelopeID == "v")
        }
    }

    @Test("Notifications of single recipients are read by their addresses, and belong to recipients")
    func dsnOfRecipients() throws {
        let start = #"{"subject":"s","text":"x","to":["Bob <bob@Example.com>","eve@example.com"],"dsn":{"recipients":"#
        let made = try mail(start + #"{"bob@Example.com":{"notify":["never"]}}}}"#).dsn
        #expect(made?.recipients.values.map(\.notify) == [[.never]])
        #expect(made?.recipients.keys.allSatisfy { $0.text.lowercased() == "bob@example.com" } == true)
        for recipients in [#"{"amy@example.com":{}}"#, #"{"bob":{}}"#] {
            let error = #expect(throws: MailError.self) { try mail(start + recipients + "}}") }
            #expect("\(error!)".hasPrefix("/dsn/recipients/"), "\(error!)")
        }
    }

    @Test("Recipients that differ by a code point are two")
    func codePoints() throws {
        let made = try mail(#"{"subject":"s","text":"x","to":["\u00e9@example.org","e\u0301@example.org"]}"#)
        #expect(
            made.recipients.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "@") }) } == [
                [0xC3, 0xA9], [0x65, 0xCC, 0x81],
            ])
        #expect(try Address(parsing: "\u{E9}@a.example") != Address(parsing: "e\u{301}@a.example"))
    }

    @Test("bcc is in the envelope only")
    func bcc() throws {
        let made = try mail(#"{"subject":"Hi","text":"Hello","to":"a@example.com","bcc":"secret@example.com"}"#)
        #expect(made.recipients.contains("secret@example.com"))
        #expect(!String(decoding: made.bytes, as: UTF8.self).contains("secret"))
    }

    @Test(
        "What could end a command or a line is the job's fault",
        arguments: [
            #""to":"a@example.com\r\nRCPT TO:<b@example.com>""#, #""to":"a@example.com>\u0000""#,
            #""to":"a@example.com, b@example.com""#, #""to":{"name":"A\nBcc: b@example.com","email":"a@example.com"}"#,
            #""to":"a@example.com","from":"b@example.com\nX: y""#, #""to":"a@example.com","cc":"<a b@example.com>""#,
            #""to":"a@example.com","envelope":{"from":"a@example.com> SIZE=1"}"#,
            #""to":"a@example.com","envelope":{"to":["a@example.com\r\nDATA"]}"#,
            #""to":"a@example.com","headers":{"X-A":"b\r\nBcc: c@example.com"}"#,
            #""to":"a@example.com","headers":{"X-A: b\r\nBcc":"c@example.com"}"#,
            #""to":"a@example.com","headers":{"Bcc":"c@example.com"}"#, #""to":"a@example.com","headers":{"X-A":1}"#,
            #""to":[]"#, #""to":null"#, #""to":17"#,
        ])
    func injected(fields: String) {
        let error = #expect(throws: MailError.self) { try mail("{\"subject\":\"Hi\",\"text\":\"Hello\",\(fields)}") }
        guard case .job = error else {
            Issue.record("not the job's fault: \(String(describing: error))")
            return
        }
    }

    @Test("A subject with a line end is refused, not folded into a field of its own")
    func subject() {
        #expect(throws: MailError.self) {
            try mail(#"{"subject":"Hi\r\nBcc: c@example.com","text":"Hello","to":"a@example.com"}"#)
        }
    }

    func isOurs(_ object: String, rendered: RenderedPart? = nil, defaults: MailDefaults? = nil) throws -> Bool? {
        do { _ = try mail(object, rendered: rendered, defaults: defaults) } catch let error as MailError {
            if case .ours = error { return true }
            return false
        }
        return nil
    }

    @Test("A wrong configuration, template or attachment's file is ours: no job dies of it")
    func ours() throws {
        let job = #"{"template":"hello","to":"a@example.com"}"#
        func part(from: String? = nil, _ name: String = "X-Shop", _ value: String = "1") -> RenderedPart {
            RenderedPart(
                subject: "Hi", text: "Hello", html: nil, from: from,
                headers: [.init(name: name, value: value, isFixed: true)])
        }
        #expect(try isOurs(job, rendered: part()) == nil)
        #expect(try isOurs(job, rendered: part(), defaults: MailDefaults(domain: "example.com")) == true)
        #expect(try isOurs(job, rendered: part(from: "nobody")) == true)
        #expect(try isOurs(job, rendered: part("Content-Type", "text/plain")) == true)
        #expect(try isOurs(job, rendered: part("X-Shop", "a\u{7}b")) == true)
        let attaching =
            #"{"subject":"Hi","text":"Hello","to":"a@example.com","attachments":[{"file":"\#("terms.pdf")"}]}"#
        #expect(try isOurs(attaching) == true)
        var settings = defaults
        settings.attachmentsDirectory = "/nonexistent"
        #expect(try isOurs(attaching, defaults: settings) == true)
    }

    @Test("The job's header field takes the template's place; the job is at fault for its own")
    func headers() throws {
        let part = RenderedPart(
            subject: "Hi", text: "Hello", html: nil, headers: [.init(name: "X-Shop", value: "template", isFixed: true)])
        let made = try mail(
            #"{"template":"hello","to":"a@example.com","headers":{"x-shop":"job"}}"#, rendered: part)
        #expect(fields(made).filter { $0.lowercased().hasPrefix("x-shop") } == ["x-shop: job"])
        #expect(
            try isOurs(#"{"template":"hello","to":"a@example.com","headers":{"Date":"now"}}"#, rendered: part) == false)
    }

    @Test(
        "A file is attached by a plain name only",
        arguments: ["../passwd", "/etc/passwd", ".hidden", "", "a/b", "a\\u0000b"])
    func paths(name: String) throws {
        var settings = defaults
        settings.attachmentsDirectory = "/etc"
        let job = #"{"subject":"Hi","text":"Hello","to":"a@example.com","attachments":[{"file":"\#(name)"}]}"#
        #expect(try isOurs(job, defaults: settings) == false)
    }

    @Test("A whole message: its fields are the envelope, the job's word goes first, Bcc goes away")
    func whole() throws {
        let message = #"From: A <a@example.org>\nTo: b@example.org\nBcc: c@example.org\nSubject: Hi\n\nHello\n"#
        let plain = try mail("{\"message\":\"\(message)\"}")
        #expect(plain.sender == "a@example.org")
        #expect(plain.recipients == ["b@example.org", "c@example.org"])
        #expect(!String(decoding: plain.bytes, as: UTF8.self).contains("c@example.org"))
        #expect(fields(plain).contains("Message-ID: <job-1@mail.example.com>"))
        let told = try mail("{\"message\":\"\(message)\",\"to\":\"z@example.org\",\"from\":\"y@example.org\"}")
        #expect(told.sender == "y@example.org")
        #expect(told.recipients == ["z@example.org"])
        #expect(throws: MailError.self) { try mail(#"{"message":"Subject: nobody\n\nHello\n"}"#) }
    }

    @Test(
        "What a whole message has no place for is refused, not dropped",
        arguments: [
            #""headers":{"X-A":"b"}"#, #""attachments":[{"content":"","filename":"a"}]"#, #""replyTo":"a@example.org""#,
            #""sender":"a@example.org""#,
        ])
    func besideWholeMessage(field: String) {
        #expect(throws: MailError.self) {
            try mail(#"{"message":"From: a@example.org\nTo: b@example.org\n\nHello\n",\#(field)}"#)
        }
    }

    @Test("The same job gives the same bytes at every attempt")
    func stable() throws {
        let object = #"{"subject":"Hi","text":"Hello","html":"<p>Hello</p>","to":"a@example.com"}"#
        #expect(try mail(object).bytes == mail(object).bytes)
    }

    @Test("SMTPUTF8 is asked for when only the envelope needs it")
    func utf8() throws {
        #expect(try mail(#"{"subject":"Hi","text":"x","to":"a@example.com","bcc":"zoë@example.com"}"#).needsSMTPUTF8)
        #expect(try !mail(#"{"subject":"Zoë","text":"x","to":"Zoë <a@example.com>"}"#).needsSMTPUTF8)
    }
}

extension String {
    fileprivate func components(separated separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

@Suite("What large attachments cost", .serialized, .ownThreads)
struct AttachmentCostTests {
    @Test("A small job that names a large file often is refused before memory is used up")
    func manyTimes() throws {
        let content = String(repeating: "A", count: 4 << 20)
        let one = #"{"filename":"a.bin","content":"\#(content)"}"#
        let many = Array(repeating: one, count: 24).joined(separator: ",")
        #expect(
            try PreparationTests().isOurs(#"{"subject":"Hi","text":"x","to":"a@example.com","attachments":[\#(many)]}"#)
                == false)
    }
}
