import IDNA
import Testing

@testable import Message

@Suite("Names of machines")
struct HostNameTests {
    @Test(
        "A name is brought into the form of DNS",
        arguments: [
            ("mail.Example.com", "mail.example.com"), ("web1", "web1"), ("host.example.", "host.example"),
            ("geschäftsstelle.example", "xn--geschftsstelle-9hb.example"), ("1host.example", "1host.example"),
        ])
    func isCanonical(name: String, expected: String) throws { #expect(try HostName(name).text == expected) }

    @Test(
        "What is no name is refused",
        arguments: [
            "", ".", "a b", "-bad-", "a..b", "my_host.example", "a\u{0}b", "a\r\nb", "127.0.0.1", "host.1",
            "[127.0.0.1]",
            "a@b", "\u{200B}x.example", String(repeating: "x", count: 64) + ".example", "<x>",
        ])
    func refuses(name: String) { #expect(throws: HostNameError.self) { try HostName(name) } }

    @Test("An address in brackets is as good as a name where it may stand")
    func literals() throws {
        #expect(try HostName("[192.0.2.1]", allowsLiteral: true).text == "[192.0.2.1]")
        #expect(try HostName("[192.0.2.1]", allowsLiteral: true).finding == nil)
        #expect(throws: HostNameError.self) { try HostName("[x]", allowsLiteral: true) }
    }

    @Test("A name without a dot is doubtful, and so is a machine that has none")
    func isDoubtful() throws {
        #expect(try HostName("web1").finding?.contains("'web1'") == true)
        #expect(try HostName("a.example").finding == nil)
        #expect(HostName(ofMachine: "build_server").text == "localhost")
        #expect(HostName(ofMachine: "3f2a1b4c5d6e").text == "3f2a1b4c5d6e")
    }
}
