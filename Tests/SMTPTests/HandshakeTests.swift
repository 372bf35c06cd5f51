import SMTP
import Testing

/// Greeting, EHLO, STARTTLS and AUTH as one conversation.
@Suite("Handshake")
struct HandshakeTests {
    private func reply(_ text: String) -> Reply {
        let lines = text.split(separator: "|")
        return Reply(
            code: Int(lines[0].prefix(3))!, lines.map { String($0.dropFirst(4)) }.joined(separator: "\n"))
    }

    /// What came of `script`; `TLS` in it is a handshake that went well.
    private func run(
        _ script: [String], tls: Handshake.TLS = .none, login: Bool = false, name: String = "client.test",
        language: MailProtocol = .smtp
    ) -> (words: [String], last: Handshake.Action?, handshake: Handshake) {
        let credentials = Credentials(user: "u", secret: Array("pass".utf8), isToken: false)
        var handshake = Handshake(
            name: name, language: language, tls: tls, login: login ? Login(credentials, host: "mx", port: 25) : nil)
        var words: [String] = []
        var last: Handshake.Action?
        for line in script {
            last = line == "TLS" ? handshake.tlsStarted() : handshake.received(reply(line))
            switch last {
            case .write(let bytes)?: words.append(String(decoding: bytes.dropLast(2), as: UTF8.self))
            case .startTLS?: words.append("(TLS)")
            case .ready?: words.append("(ready)")
            case .failed(let failure)?:
                words.append("\(failure.phase) \(failure.code ?? 0)\(failure.isConfigurationFault ? " config" : "")")
            case nil: words.append("(waits)")
            }
        }
        return (words, last, handshake)
    }

    @Test("LMTP begins with LHLO, and who does not know that is no server for it")
    func lmtp() {
        let (words, last, _) = run(["220 mx", "250-mx|250 PIPELINING"], language: .lmtp)
        #expect(words == ["LHLO client.test", "(ready)"])
        guard case .ready(let capabilities)? = last else { Issue.record("not ready"); return }
        #expect(capabilities.language == .lmtp && capabilities.pipelining && capabilities.server == "mx")
        #expect(run(["220 mx", "502 what?"], language: .lmtp).words == ["LHLO client.test", "ehlo 502 config"])
        #expect(run(["220 mx", "421 busy"], language: .lmtp).words == ["LHLO client.test", "ehlo 421"])
        let answer = run(["220 mx", "500 LHLO", "500 LHLO"]).last
        guard case .failed(let failure)? = answer else { Issue.record("\(String(describing: answer))"); return }
        #expect(failure.reason.hasPrefix("neither EHLO nor HELO is known; is it lmtp?"))
    }

    @Test("STARTTLS and AUTH are seen in any case and in the old form")
    func anyCase() {
        let (words, last, handshake) = run(
            ["220 mx", "250-mx|250 starttls", "220 go", "TLS", "250-mx|250-Pipelining|250 auth=plain login", "235 ok"],
            tls: .required, login: true)
        #expect(
            words == [
                "EHLO client.test", "STARTTLS", "(TLS)", "EHLO client.test", "AUTH PLAIN AHUAcGFzcw==", "(ready)",
            ])
        guard case .ready(let capabilities)? = last else {
            Issue.record("not ready")
            return
        }
        #expect(capabilities.pipelining && !capabilities.startTLS && handshake.isEncrypted)
    }

    @Test("What was offered in clear counts no more after STARTTLS")
    func forgets() {
        let (words, _, _) = run(
            ["220 mx", "250-mx|250-AUTH PLAIN|250 STARTTLS", "220 go", "TLS", "250 mx"], tls: .required, login: true)
        #expect(words.last == "auth 0 config")
    }

    @Test(
        "An offer that is hidden or withdrawn",
        arguments: [
            (.required, ["250 mx"], "tls 0 config"), (.whereOffered, ["250 mx"], "(ready)"),
            (.required, ["250-mx|250 STARTTLS", "454 4.7.0 no"], "tls 454"),
            (.required, ["250-mx|250 STARTTLS", "502 no"], "tls 502 config"),
            (.whereOffered, ["250-mx|250 StartTLS", "454 4.7.0 no"], "(ready)"),
            (.whereOffered, ["250-mx|250 STARTTLS", "421 bye"], "tls 421"),
            (.none, ["250-mx|250 STARTTLS"], "(ready)"),
        ] as [(Handshake.TLS, [String], String)])
    func offers(tls: Handshake.TLS, script: [String], end: String) {
        #expect(run(["220 mx"] + script, tls: tls).words.last == end)
    }

    @Test("A refusal of STARTTLS that the session went on after can be told")
    func refusal() {
        let handshake = run(["220 mx", "250-mx|250 STARTTLS", "454 4.7.0 no"], tls: .whereOffered).handshake
        #expect(handshake.refusalOfTLS?.code == 454 && !handshake.isEncrypted)
    }

    @Test(
        "HELO where EHLO is not known, and nowhere else",
        arguments: [
            ("502 5.5.1 not implemented", "HELO client.test"), ("500 what", "HELO client.test"),
            ("451 4.3.0 Busy, try again", "ehlo 451"), ("421 4.3.2 closing", "ehlo 421"),
            ("550 5.7.1 go away", "ehlo 550"), ("504 5.5.2 need fully-qualified hostname", "ehlo 504"),
        ])
    func helo(reply: String, next: String) {
        #expect(run(["220 mx", reply]).words.last == next)
    }

    @Test("HELO offers nothing: no TLS, no login")
    func afterHELO() {
        #expect(run(["220 mx", "502 no", "250 mx"]).words.last == "(ready)")
        #expect(run(["220 mx", "502 no", "250 mx"], tls: .required).words.last == "tls 0 config")
        #expect(run(["220 mx", "502 no", "250 mx"], login: true).words.last == "auth 0 config")
    }

    @Test("TLS from the first byte has its greeting after it")
    func implicit() {
        #expect(run(["TLS", "220 mx", "250 mx"]).words == ["(waits)", "EHLO client.test", "(ready)"])
    }

    @Test("No name ends a line", arguments: ["a\r\nMAIL FROM:<x@y>", "a b", "", "a\tb", "a\u{7F}"])
    func name(name: String) {
        #expect(run(["220 mx"], name: name).words == ["ehlo 0 config"])
    }

    @Test(
        "Silence and the end are told of the step that they hit",
        arguments: [
            ([], "greeting"), (["220 mx"], "ehlo"), (["220 mx", "250-mx|250 STARTTLS"], "tls"),
            (["220 mx", "250-mx|250 STARTTLS", "220 go", "TLS"], "ehlo"),
            (["220 mx", "250-mx|250 STARTTLS", "220 go", "TLS", "250-mx|250 AUTH PLAIN"], "auth"),
        ] as [([String], String)])
    func phases(script: [String], phase: String) {
        let handshake = run(script, tls: .required, login: true).handshake
        #expect(handshake.ended("silence").phase.rawValue == phase)
    }
}
