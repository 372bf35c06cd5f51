import SMTP
import Testing

@Suite("Envelope")
struct EnvelopeTests {
    @Test(
        "Takes addresses that can stand in a command",
        arguments: [
            "a@example.com", "\"a b\"@example.com", "\"a\\\"<b>\"@example.com", "zoë@example.com", "postmaster",
            "a+b=c@[IPv6:::1]", "\"@\"@x",
        ])
    func takes(address: String) throws {
        let envelope = try Envelope(sender: address, recipients: [address], size: 1)
        #expect(envelope.recipients == [address])
        #expect(envelope.needsSMTPUTF8 == !address.utf8.allSatisfy { $0 < 128 })
    }

    @Test(
        "Refuses what could end or extend a command",
        arguments: [
            ("a@b\r\nRCPT TO:<c@d", .controlCharacter), ("a\n@b", .controlCharacter), ("\"\r\"@b", .controlCharacter),
            ("a\0@b", .controlCharacter), ("\"a\\\n\"@b", .controlCharacter), ("a\u{7F}@b", .controlCharacter),
            ("a b@c", .notAnAddress), ("a@b> SIZE=1", .notAnAddress), ("<a@b>", .notAnAddress),
            ("\"a@b", .notAnAddress), ("a\"b c\"@d", .notAnAddress), ("a\\\"> X=\"@d", .notAnAddress),
            ("\"a\" b@c", .notAnAddress), ("\"a\"", .notAnAddress), ("\"a\\", .notAnAddress), ("", .empty),
            (String(repeating: "a", count: 901), .tooLong),
        ] as [(String, EnvelopeError.Fault)])
    func refuses(address: String, fault: EnvelopeError.Fault) {
        do {
            _ = try Envelope(sender: "", recipients: ["a@example.com", address], size: 1)
            Issue.record("taken as a recipient")
        } catch {
            #expect(error.fault == fault)
            #expect(error.description.utf8.allSatisfy { $0 >= 0x20 })
        }
        if !address.isEmpty {
            #expect(throws: EnvelopeError.self) { try Envelope(sender: address, recipients: ["a@b"], size: 1) }
        }
    }

    @Test("Wants a recipient")
    func noRecipients() {
        #expect(throws: EnvelopeError.self) { try Envelope(sender: "", recipients: [], size: 1) }
    }
}
