import JSON
import Signatures
import Testing
import Text
import Time

@testable import Feedback

@Suite("Webhooks of relays")
struct WebhookTests {
    @Test("Events as the relays' documentation has them", arguments: payloads)
    func event(payload: Payload) throws {
        let reports = try Webhook.read(Array(payload.body.utf8), from: payload.provider)
        guard let expected = payload.expected else {
            #expect(reports.isEmpty)
            return
        }
        let report = try #require(reports.first)
        let recipient = try #require(report.recipients.first)
        #expect(reports.count == 1)
        #expect(report.source == payload.provider.rawValue)
        #expect(!report.isVerified)
        #expect(recipient.address == "kijitora@example.net")
        #expect(recipient.kind == expected.kind)
        #expect(recipient.class == expected.class)
        #expect(recipient.isPermanent == expected.isPermanent)
        #expect(report.clues.jobIDs == ["20261123T174411Z-7f3a"])
        #expect(report.at.map { abs($0.seconds - 1_795_455_851) < 2 } == true, "\(report.at?.rfc3339 ?? "-")")
        // However often it comes, it is the same report.
        #expect(try Webhook.read(Array(payload.body.utf8), from: payload.provider).first?.id == report.id)
        let other = payload.body.replacing("kijitora@example.net", with: "mikeneko@example.net")
        if !payload.isNamed {
            #expect(try Webhook.read(Array(other.utf8), from: payload.provider).first?.id != report.id)
        }
    }

    @Test("Each relay's signature is checked", arguments: signed)
    func signature(request: Request) throws {
        let key = try WebhookKey(Array(request.key.utf8), for: request.provider)
        let body = Array(request.body.utf8)
        let reports = try Webhook.read(body, from: request.provider, headers: request.headers, key: key)
        #expect(!reports.isEmpty && reports.allSatisfy(\.isVerified))
        // Without a key nothing is verified.
        let unchecked = try Webhook.read(body, from: request.provider, headers: request.headers)
        #expect(unchecked.count == reports.count && !unchecked.contains { $0.isVerified })

        func refuses(_ body: [UInt8], _ headers: [(name: String, value: String)], _ key: WebhookKey) -> Bool {
            do throws(WebhookError) {
                _ = try Webhook.read(body, from: request.provider, headers: headers, key: key)
            } catch {
                if case .refused(let reason) = error { return !reason.isEmpty }
            }
            return false
        }
        let other = request.otherKey
        #expect(refuses(body, request.headers, try WebhookKey(Array(other.utf8), for: request.provider)))
        for index in request.headers.indices {
            var headers = request.headers
            headers[index].value = "1" + headers[index].value
            #expect(refuses(body, headers, key), "\(headers[index].name)")
            headers.remove(at: index)
            #expect(refuses(body, headers, key), "without a header")
        }
        if request.coversBody {
            let changed = request.body.replacing("kijitora@", with: "mikeneko@")
            #expect(refuses(Array(changed.utf8), request.headers, key))
        }
    }

    /// The example of the specification of Standard Webhooks.
    @Test("A signature of Standard Webhooks")
    func standardWebhooks() throws {
        let key = try WebhookKey(Array("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n".utf8), for: .resend)
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        func error(_ signature: String) -> WebhookError? {
            let headers = [
                (name: "Webhook-Id", value: "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                (name: "webhook-timestamp", value: "1614265330"),
                (name: "webhook-signature", value: signature),
            ]
            do throws(WebhookError) {
                _ = try Webhook.read(Array(#"{"test": 2432232314}"#.utf8), from: .resend, headers: headers, key: key)
            } catch { return error }
            return nil
        }
        // Past the signature, it is no event.
        #expect(error(right) == .malformed("no type, or no data"))
        #expect(error("v1,AAAA v1a,BBBB \(right)") == .malformed("no type, or no data"))
        #expect(error("v1,AAAA") == .refused("the signature in svix-signature is not the key's"))
        #expect(error("v2" + right.dropFirst(2)) == .refused("the signature in svix-signature is not the key's"))
    }

    @Test("Bodies that are no event", arguments: Provider.allCases)
    func malformed(provider: Provider) {
        for body in ["", "nyaan", "3", "\"x\"", "null", "{", "[[", "\u{0}"] {
            #expect(throws: WebhookError.self) { try Webhook.read(Array(body.utf8), from: provider) }
        }
        for body in ["[]", "{}", "[{}]", "[1, null, \"\"]", #"{"Type": 1, "TopicArn": 2, "event": 3, "email": {}}"#] {
            // Nothing, or said to be nothing.
            #expect((try? Webhook.read(Array(body.utf8), from: provider))?.isEmpty ?? true)
        }
    }

    @Test("A topic of SNS asks to be confirmed")
    func confirmation() {
        let body =
            #"{"Type":"SubscriptionConfirmation","TopicArn":"arn:x","Token":"t","SubscribeURL":"https://sns.example/yes"}"#
        let error = #expect(throws: WebhookError.self) { try Webhook.read(Array(body.utf8), from: .ses) }
        #expect(error == .confirmation(address: "https://sns.example/yes"))
    }

    @Test("A body of SendGrid has many events")
    func many() throws {
        let reports = try Webhook.read(Array(Signed.events.utf8), from: .sendgrid)
        #expect(reports.map { $0.recipients[0].kind } == [.bounced, .delayed, .complained])
        #expect(reports[0].clues.messageIDs == ["20261123T174411Z-7f3a@example.com"])
        #expect(reports[0].clues.relayIDs == ["abc"])
        #expect(Set(reports.map(\.id)).count == 3)
    }

    @Test(
        "Keys that cannot be read",
        arguments: [
            (Provider.ses, ""), (.ses, "secret"), (.ses, Signed.certificate), (.ses, "arn:aws:sns:x:1:y"),
            (.ses, "arn:a:b\nAAAA"),
            (.sendgrid, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
            (.resend, "whsec_*"), (.postmark, " \n"), (.mailgun, ""),
        ])
    func keys(provider: Provider, text: String) {
        #expect(throws: WebhookError.self) { try WebhookKey(Array(text.utf8), for: provider) }
    }
}

struct Request: Sendable {
    let provider: Provider
    let key: String
    let otherKey: String
    let body: String
    var headers: [(name: String, value: String)] = []
    var coversBody = true
}

private func basic(_ text: String) -> String {
    "Basic " + String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
}

private func body(_ provider: Provider) -> String {
    payloads.first { $0.provider == provider && $0.expected?.kind == .bounced }?.body ?? ""
}

private let mailgun: String = {
    let code = HMAC.sha256(Array("1795455860token".utf8), key: Array("key-1".utf8))
    let digits = code.map { byte in [byte >> 4, byte & 15].map { String($0, radix: 16) }.joined() }.joined()
    return body(.mailgun).replacing(
        "{\"event-data\"",
        with: #"{"signature":{"timestamp":"1795455860","token":"token","signature":"\#(digits)"},"event-data""#)
}()

private let resendSignature: String = {
    let code = HMAC.sha256(Array("msg_1.1795455860.\(body(.resend))".utf8), key: [1, 2, 3])
    return "v1," + String(decoding: Base64.encode(code), as: UTF8.self)
}()

private let topic = "arn:aws:sns:eu-central-1:123456789012:bounces\n"

private let otherPoint =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="

private let signed = [
    Request(
        provider: .ses, key: topic + Signed.certificate, otherKey: topic + otherPoint.asPEM, body: Signed.firstVersion),
    // Two keys while one takes the other's place; and another customer's topic.
    Request(
        provider: .ses, key: topic + otherPoint.asPEM + Signed.certificate,
        otherKey: topic.replacing(":bounces", with: ":others") + Signed.certificate, body: Signed.secondVersion),
    Request(
        provider: .ses, key: "shop:secret", otherKey: "shop:other", body: Signed.firstVersion,
        headers: [("Authorization", basic("shop:secret"))], coversBody: false),
    Request(
        provider: .sendgrid, key: Signed.verificationKey, otherKey: otherPoint, body: Signed.events,
        headers: [
            ("X-Twilio-Email-Event-Webhook-Signature", Signed.eventsSignature),
            ("X-TWILIO-EMAIL-EVENT-WEBHOOK-TIMESTAMP", Signed.eventsTime),
        ]),
    Request(provider: .mailgun, key: "key-1", otherKey: "key-2", body: mailgun, coversBody: false),
    Request(
        provider: .resend, key: "whsec_AQID", otherKey: "whsec_AQIE", body: body(.resend),
        headers: [("svix-id", "msg_1"), ("svix-timestamp", "1795455860"), ("svix-signature", resendSignature)]),
    Request(
        provider: .postmark, key: "shop:secret\n", otherKey: "shop:secreT", body: body(.postmark),
        headers: [("Authorization", basic("shop:secret"))], coversBody: false),
    Request(
        provider: .brevo, key: "token-1", otherKey: "token-11", body: body(.brevo),
        headers: [("authorization", "Bearer token-1")],
        coversBody: false),
]

extension String {
    fileprivate var asPEM: String { "-----BEGIN PUBLIC KEY-----\n\(self)\n-----END PUBLIC KEY-----\n" }
}
