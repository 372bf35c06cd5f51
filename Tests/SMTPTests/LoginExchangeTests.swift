import Testing

@testable import SMTP

/// AUTH, mechanism after mechanism: what the relay says, and what is sent.
@Suite("Login exchange")
struct LoginExchangeTests {
    private static let user = "svc@corp.example"

    private func base64(_ text: String) -> String { String(decoding: encoded(Array(text.utf8)), as: UTF8.self) }
    private func encoded(_ bytes: [UInt8]) -> [UInt8] {
        // A second encoder would be a second mistake: the vectors below hold this one.
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return stride(from: 0, to: bytes.count, by: 3).flatMap { at -> [UInt8] in
            let three = (0..<3).map { at + $0 < bytes.count ? UInt32(bytes[at + $0]) : 0 }
            let word = three[0] << 16 | three[1] << 8 | three[2]
            return (0..<4).map { place in
                at + place > bytes.count ? UInt8(ascii: "=") : digits[Int(word >> (18 - 6 * UInt32(place)) & 63)]
            }
        }
    }

    /// Runs a login against `script`, the replies; all that was sent, and how it ended.
    private func run(
        _ offered: [String], _ script: [String], token: Bool = false, by choice: LoginMechanism? = nil,
        encrypted: Bool = true
    ) -> (sent: [String], end: Login.Action) {
        let credentials = Credentials(user: Self.user, secret: Array("s3cret-pass".utf8), isToken: token)
        var login = Login(credentials, by: choice, host: "mx.test", port: 587)
        var sent: [String] = []
        var action = login.start(offered: offered, isEncrypted: encrypted)
        for line in script {
            guard case .write(let bytes) = action else { break }
            sent.append(String(decoding: bytes.dropLast(2), as: UTF8.self))
            action = login.received(Reply(code: Int(line.prefix(3))!, String(line.dropFirst(4))))
        }
        if case .write(let bytes) = action { sent.append(String(decoding: bytes.dropLast(2), as: UTF8.self)) }
        return (sent, action)
    }

    private var plain: String { base64("\u{0}\(Self.user)\u{0}s3cret-pass") }

    @Test("LOGIN is asked for the user name, and never gets it unasked")
    func loginWithoutInitialResponse() {
        let (sent, end) = run(
            ["LOGIN"], ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 ok"])
        #expect(sent == ["AUTH LOGIN", base64(Self.user), base64("s3cret-pass")])
        #expect(end == .done)
    }

    @Test(
        "The password is not given to who asks for a user name",
        arguments: [
            // The user name is asked for twice; the password is asked for first.
            ["334 VXNlcm5hbWU6", "334 VXNlcm5hbWU6", "501 cancelled"], ["334 UGFzc3dvcmQ6", "501 cancelled"],
            ["334 VXNlcm5hbWU6", "334 User Name", "501 cancelled"],
        ])
    func asksTwice(script: [String]) {
        let (sent, end) = run(["LOGIN"], script)
        #expect(!sent.contains(base64("s3cret-pass")))
        #expect(sent.last == "*")
        guard case .failed(let failure) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(failure.isConfigurationFault)
    }

    @Test(
        "An initial response that is not understood is left out",
        arguments: ["501 5.5.4 Syntax", "500 5.5.2 line too long", "501 no", "550 5.5.4 no"])
    func withoutInitialResponse(refusal: String) {
        let (sent, end) = run(["PLAIN"], [refusal, "334 ", "235 2.7.0 ok"])
        #expect(sent == ["AUTH PLAIN \(plain)", "AUTH PLAIN", plain])
        #expect(end == .done)
        let (tokens, last) = run(["XOAUTH2"], [refusal, "334 ", "235 2.7.0 ok"], token: true)
        #expect(tokens.count == 3 && tokens[1] == "AUTH XOAUTH2" && tokens[0].hasSuffix(tokens[2]))
        #expect(last == .done)
    }

    @Test("An initial response that went unread is sent again; a prompt for a user name calls it off")
    func unread() {
        #expect(run(["PLAIN"], ["334 ", "235 ok"]).sent == ["AUTH PLAIN \(plain)", plain])
        let (sent, end) = run(
            ["PLAIN", "LOGIN"],
            ["334 VXNlcm5hbWU6", "501 cancelled", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"])
        #expect(sent == ["AUTH PLAIN \(plain)", "*", "AUTH LOGIN", base64(Self.user), base64("s3cret-pass")])
        #expect(end == .done)
    }

    @Test(
        "A mechanism that fails as one is followed by the next",
        arguments: [
            "504 5.7.4 Unrecognized authentication type", "534 5.7.9 too weak", "538 5.7.11 Encryption required",
            "504 5.5.4 no", "535 5.7.4 not supported", "502 no", "500 no",
        ])
    func next(refusal: String) {
        let script = refusal.hasPrefix("500") ? [refusal, refusal] : [refusal]
        let (sent, end) = run(["PLAIN", "LOGIN"], script + ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"])
        #expect(sent.contains("AUTH LOGIN"))
        #expect(end == .done)
    }

    @Test("Where none is left, the relay's own words are told, and no login follows soon")
    func words() {
        let (_, end) = run(["PLAIN", "LOGIN"], ["504 5.7.4 not this", "504 5.7.4 not that"])
        guard case .failed(let failure) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(failure.reason == "login refused: 504 5.7.4 not that" && failure.code == 504)
        #expect(failure.refusesLogin && failure.isConfigurationFault && failure.phase == .auth)
    }

    @Test("Credentials that are refused are not tried by the next mechanism; what is temporary is not final")
    func refused() {
        let (sent, end) = run(["PLAIN", "LOGIN"], ["535 5.7.8 Authentication credentials invalid"])
        #expect(sent.count == 1)
        guard case .failed(let failure) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(failure.refusesLogin && failure.reason == "login refused: 535 5.7.8 Authentication credentials invalid")
        guard case .failed(let later) = run(["PLAIN", "LOGIN"], ["454 4.7.0 later"]).end else {
            Issue.record("no failure")
            return
        }
        #expect(!later.refusesLogin && !later.isConfigurationFault && later.code == 454)
    }

    @Test(
        "GSSAPI, NTLM and DIGEST-MD5 are passed over",
        arguments: [["GSSAPI", "NTLM", "LOGIN"], ["DIGEST-MD5", "GSSAPI", "LOGIN", "X"]])
    func passedOver(offered: [String]) {
        #expect(run(offered, []).sent == ["AUTH LOGIN"])
    }

    @Test(
        "Only where no AUTH was sent is there no mechanism in common",
        arguments: [
            (["GSSAPI", "NTLM"], false, nil, "no login mechanism in common: the relay offers GSSAPI, NTLM"),
            (["PLAIN"], true, nil, "no login mechanism in common: the relay offers PLAIN, and there is a token"),
            ([], false, nil, "the relay offers no login"),
            (["PLAIN", "NTLM"], false, .login, "the relay does not offer AUTH LOGIN, but PLAIN, NTLM"),
        ] as [([String], Bool, LoginMechanism?, String)])
    func none(offered: [String], token: Bool, choice: LoginMechanism?, reason: String) {
        let (sent, end) = run(offered, [], token: token, by: choice)
        #expect(sent.isEmpty)
        guard case .failed(let failure) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(failure.reason.hasPrefix(reason) && failure.isConfigurationFault && !failure.refusesLogin)
    }

    @Test("A token that is refused by a challenge gets the empty line, and its words are told")
    func token() {
        let error = #"{"status":"401","schemes":"bearer"}"#
        let (sent, end) = run(
            ["XOAUTH2"], ["334 \(base64(error))", "535 5.7.8 Username and token not accepted"], token: true)
        #expect(sent.count == 2 && sent[1] == "")
        #expect(sent[0] == "AUTH XOAUTH2 " + base64("user=\(Self.user)\u{1}auth=Bearer s3cret-pass\u{1}\u{1}"))
        guard case .failed(let failure) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(failure.reason.contains("535 5.7.8 Username and token not accepted"))
        #expect(failure.reason.contains("expired") && failure.reason.contains(error))
        #expect(failure.refusesLogin && failure.code == 535)
    }

    @Test("OAUTHBEARER has its own form, and its own way to end after an error")
    func oauthbearer() {
        let (sent, _) = run(["OAUTHBEARER"], ["334 e30=", "535 no"], token: true)
        let message = "n,a=\(Self.user),\u{1}host=mx.test\u{1}port=587\u{1}auth=Bearer s3cret-pass\u{1}\u{1}"
        #expect(sent == ["AUTH OAUTHBEARER \(base64(message))", "AQ=="])
    }

    @Test("CRAM-MD5 as RFC 2195 has it; in clear it goes first, and what it cannot do the next one may")
    func cram() {
        let credentials = Credentials(user: "tim", secret: Array("tanstaaftanstaaf".utf8), isToken: false)
        let challenge = "<1896.697170952@postoffice.reston.mci.net>"
        #expect(
            credentials.response(toChallenge: Array(challenge.utf8))
                == Array("tim b913a602c7eda7a495b4e6e7334d3890".utf8))
        let (sent, end) = run(
            ["PLAIN", "CRAM-MD5"], ["334 PDEuMkByZWxheS50ZXN0Pg==", "535 5.7.8 no", "235 ok"], encrypted: false)
        #expect(sent.first == "AUTH CRAM-MD5" && sent.last == "AUTH PLAIN \(plain)")
        #expect(end == .done)
    }

    @Test("The end of the connection after a refusal tells the refusal")
    func ended() {
        let credentials = Credentials(user: "u", secret: Array("pass".utf8), isToken: false)
        var login = Login(credentials, host: "mx", port: 25)
        _ = login.start(offered: ["PLAIN", "LOGIN"], isEncrypted: true)
        #expect(login.ended("connection closed").reason == "connection closed during AUTH PLAIN")
        _ = login.received(Reply(code: 534, "5.7.9 no"))
        #expect(login.ended("connection closed").reason == "login refused: 534 5.7.9 no")
    }

    @Test("A token that is too long for a command goes without an initial response")
    func long() {
        let credentials = Credentials(user: "u", secret: [UInt8](repeating: 0x61, count: 10000), isToken: true)
        var login = Login(credentials, host: "mx", port: 25)
        #expect(
            login.start(offered: ["XOAUTH2"], isEncrypted: true) == .write(Array("AUTH XOAUTH2\r\n".utf8)))
    }

    @Test("Whatever a server says comes to an end, one line at a time, and the password answers no question for a name")
    func anyServer() {
        let replies = [
            "334 ", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "334 not base64", "334 e30=", "235 ok", "250 ok", "421 bye",
            "454 later", "500 no", "501 5.5.4 no", "504 5.7.4 no", "534 no", "535 5.7.8 no", "550 no", "220 mx",
            "354 go",
        ]
        let secret = base64("s3cret-pass")
        var seed = UInt64(1)
        func any(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        for round in 0..<20_000 {
            let credentials = Credentials(user: "u", secret: Array("s3cret-pass".utf8), isToken: round % 2 == 0)
            var login = Login(credentials, host: "mx", port: 25)
            var action = login.start(
                offered: ["LOGIN", "PLAIN", "XOAUTH2", "CRAM-MD5", "OAUTHBEARER"], isEncrypted: round % 3 == 0)
            var count = 0
            var question = ""
            while case .write(let bytes) = action {
                count += 1
                if count > 30 {
                    Issue.record("no end")
                    return
                }
                let line = String(decoding: bytes, as: UTF8.self)
                if !line.hasSuffix("\r\n") || line.utf8.count(where: { $0 == 0x0A || $0 == 0x0D }) != 2
                    || question.hasPrefix("334 VXNl") && line.hasPrefix(secret)
                {
                    Issue.record("\(question): \(line)")
                    return
                }
                question = replies[any(replies.count)]
                action = login.received(Reply(code: Int(question.prefix(3))!, String(question.dropFirst(4))))
            }
        }
    }

    @Test(
        "MD5 as RFC 1321 has it",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ])
    func md5(text: String, digest: String) {
        let hex = MD5.digest(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == digest)
    }
}
