package import Signatures
internal import JSON
internal import Text
internal import Time

/// Relays that tell by HTTP what became of a mail.
package enum Provider: String, CaseIterable, Sendable {
    case ses
    case sendgrid
    case postmark
    case mailgun
    case resend
    case brevo
}

/// A key that checks whether the relay sent a webhook.
package enum WebhookKey: Equatable, Sendable {
    /// Mailgun and Resend sign with it; Postmark and Brevo send it along, and SES can.
    case secret([UInt8])
    /// SendGrid signs with its other half.
    case publicKey(PublicKey)
    /// Amazon SNS signs with the other half of one of them, and does so for the topics of all its customers.
    case topics([String], [PublicKey])

    /// Reads the bytes of a key's file, white space around it left out.
    ///
    /// - `ses`: the certificate of Amazon SNS that `SigningCertURL` names, in PEM, several while one takes the other's
    ///   place, and above them the ARN of the topic on a line of its own, without which every customer's topic would do; or
    ///   `user:password`, where the subscription's address has them
    /// - `sendgrid`: the verification key, in base64 or PEM
    /// - `mailgun`: the HTTP webhook signing key
    /// - `resend`: the signing secret, `whsec_…`
    /// - `postmark`, `brevo`: what the webhook is told to send as `Authorization`: `user:password` or a token
    package init(_ bytes: [UInt8], for provider: Provider) throws(WebhookError) {
        let text = bytes[...].trimmed(\.isSpace)
        guard !text.isEmpty else { throw .key("the key is empty") }
        switch provider {
        case .ses:
            let lines = text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
            if lines.count == 1, text.contains(UInt8(ascii: ":")), !text.starts(with: "arn:".utf8) {
                self = .secret(Array(text))
                return
            }
            let arns = lines.filter { $0.starts(with: "arn:".utf8) }.map { $0.trimmed(\.isSpace).text }
            let pem = lines.filter { !$0.starts(with: "arn:".utf8) }.joined(separator: [0x0A])
            guard !arns.isEmpty else { throw .key("the key has no line with the topic's ARN, such as arn:aws:sns:…") }
            var keys: [PublicKey] = []
            for block in WebhookKey.blocks(Array(pem)[...]) { keys.append(try WebhookKey.publicKey(block)) }
            guard !keys.isEmpty else { throw .key("the key has no certificate") }
            self = .topics(arns, keys)
        case .sendgrid: self = .publicKey(try WebhookKey.publicKey(Array(text)))
        case .resend:
            let digits = text.starts(with: "whsec_".utf8) ? text.dropFirst(6) : text
            guard let secret = Base64.decode(digits, .lenient), !secret.isEmpty else {
                throw .key("the key is like whsec_… in base64")
            }
            self = .secret(secret)
        case .postmark, .mailgun, .brevo: self = .secret(Array(text))
        }
    }

    private static func publicKey(_ text: [UInt8]) throws(WebhookError) -> PublicKey {
        do throws(PublicKeyError) { return try PublicKey(text) } catch { throw .key("the key: \(error)") }
    }

    /// The blocks of a PEM file, each with its first line; the whole text where it has none.
    private static func blocks(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            if blocks.isEmpty || line.starts(with: "-----BEGIN".utf8) { blocks.append([]) }
            blocks[blocks.count - 1] += line + [0x0A]
        }
        return blocks
    }
}

/// Why the body of a webhook tells nothing.
package enum WebhookError: Error, Equatable, CustomStringConvertible {
    /// It is not what the relay sends.
    case malformed(String)
    /// The signature is missing or wrong: the relay may not have sent it.
    case refused(String)
    /// The key cannot be read, or is one of another kind.
    case key(String)
    /// Amazon SNS asks whether the topic is wanted: opening the address says yes.
    case confirmation(address: String)

    package var description: String {
        switch self {
        case .malformed(let reason), .refused(let reason), .key(let reason): reason
        case .confirmation(let address): "Amazon SNS wants the subscription confirmed: open \(address)"
        }
    }
}

/// Reads what relays post to an application's webhook.
package enum Webhook {
    /// At most so many events of a body are read.
    static let eventLimit = 10_000

    /// The reports in a body; empty where it tells of opens, clicks and the like.
    ///
    /// - Parameters:
    ///   - headers: those of the request, in any case of letters. They matter where the relay signs.
    ///   - key: nil: nothing is checked, and no report is verified.
    /// - Throws: where the body is not the relay's form, or the signature not the key's.
    package static func read(
        _ body: [UInt8], from provider: Provider, headers: [(name: String, value: String)] = [], key: WebhookKey? = nil,
        by table: FeedbackTable = .standard
    ) throws(WebhookError) -> [Report] {
        let value: JSON
        do throws(JSONError) { value = try JSON(parsing: body) } catch { throw .malformed("not JSON: \(error)") }
        let request = WebhookRequest(body: body, value: value, headers: headers, table: table)
        if let key { try request.check(provider, key) }
        var reports = try request.reports(from: provider)
        for index in reports.indices { reports[index].isVerified = key != nil }
        return reports
    }
}

extension WebhookRequest {
    fileprivate func check(_ provider: Provider, _ key: WebhookKey) throws(WebhookError) {
        switch (provider, key) {
        case (.ses, .topics(let topics, let keys)): try checkSES(topics, keys)
        case (.sendgrid, .publicKey(let key)): try checkSendGrid(key)
        case (.mailgun, .secret(let secret)): try checkMailgun(secret)
        case (.resend, .secret(let secret)): try checkStandard(secret)
        case (.postmark, .secret(let secret)), (.brevo, .secret(let secret)), (.ses, .secret(let secret)):
            try checkShared(secret)
        default: throw .key("the key is not one of \(provider.rawValue)")
        }
    }

    fileprivate func reports(from provider: Provider) throws(WebhookError) -> [Report] {
        switch provider {
        case .ses: try ses()
        case .sendgrid: try sendGrid()
        case .postmark: try postmark()
        case .mailgun: try mailgun()
        case .resend: try resend()
        case .brevo: try brevo()
        }
    }
}
