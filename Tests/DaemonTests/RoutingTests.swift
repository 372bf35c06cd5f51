import Configuration
import JSON
import Scratch
import Spool
import Testing

@testable import Daemon

/// Which mails a relay takes, and what it adds to them.
@Suite("Routing of mails to relays")
struct RoutingTests {
    private func settings(_ lines: String) throws -> Settings {
        try Settings(
            ConfigurationFile(
                parsing: "from = shop@example.com\nhostname = h.example\n[relay main]\nurl = smtp://127.0.0.1\n"
                    + lines + "\n[relay rest]\nurl = smtp://127.0.0.1\n", name: "c"))
    }

    private func without(_ lines: String, _ job: String, sender: String = "shop@example.com") throws -> [String] {
        let value = try JSON(parsing: Array(job.utf8))
        return try settings(lines).relaysWithout(Job(value), sender: sender)
    }

    @Test(
        "By sender, template, tag and domain, with * for anything, in any case",
        arguments: [
            ("senders = shop@example.com", #"{"to":"a@x.example","subject":"s","text":"t"}"#, true),
            ("senders = *@News.example, shop@*", #"{"to":"a@x.example","subject":"s","text":"t"}"#, true),
            ("senders = *@news.example", #"{"to":"a@x.example","subject":"s","text":"t"}"#, false),
            ("templates = order-*", #"{"to":"a@x.example","template":"order-shipped"}"#, true),
            ("templates = order-*", #"{"to":"a@x.example","template":"reorder-shipped"}"#, false),
            ("templates = order-*", #"{"to":"a@x.example","subject":"s","text":"t"}"#, false),
            ("tags = marketing", #"{"to":"a@x.example","template":"t","tags":["x","Marketing"]}"#, true),
            ("tags = marketing", #"{"to":"a@x.example","template":"t"}"#, false),
            ("domains = x.example", #"{"to":"Zo <a@X.example>","template":"t"}"#, true),
            ("domains = *.x.example", #"{"to":"a@x.example","template":"t"}"#, false),
            ("domains = *.x.example", #"{"to":["b@y.example","a@m.x.example"],"template":"t"}"#, true),
            ("domains = a*b*c", #"{"to":"a@aXbbYc","template":"t"}"#, true),
            ("domains = a*b*c", #"{"to":"a@aXc","template":"t"}"#, false),
            ("tags = *\ndomains = x.example", #"{"to":"a@x.example","template":"t"}"#, false),
        ])
    func takes(lines: String, job: String, isTaken: Bool) throws {
        #expect(try without(lines, job) == (isTaken ? [] : ["main"]))
    }

    @Test("An empty word is an error of its line", arguments: ["senders = a@b.c,,", "tags = ,"])
    func wrong(line: String) {
        #expect(throws: ConfigurationError.self) { try settings(line) }
    }

    @Test("Header fields of a relay carry the job's id and template, and stand several times")
    func headers() throws {
        let relay = try settings("header = Resend-Idempotency-Key: {{id}}\nheader = X-Stream: {{template}}/{{x}}")
            .relays[0]
        let lines = relay.headers.map { String(decoding: $0.line(id: "j1", template: "order"), as: UTF8.self) }
        #expect(lines == ["Resend-Idempotency-Key: j1\r\n", "X-Stream: order/{{x}}\r\n"])
    }

    @Test(
        "What cannot be a field is an error",
        arguments: [
            "header = no colon", "header = : v", "header = A B: v", "header = X:", "header = X-Ü: v", "header = X: ü",
        ])
    func wrongHeader(line: String) {
        #expect(throws: ConfigurationError.self) { try settings(line) }
    }

    @Test("envelope_from is an address", arguments: [("b@example.com", true), ("nobody", false)])
    func envelopeFrom(text: String, isRight: Bool) throws {
        if isRight {
            #expect(try settings("envelope_from = \(text)").relays[0].envelopeFrom == text)
        } else {
            #expect(throws: ConfigurationError.self) { try settings("envelope_from = \(text)") }
        }
    }
}
