internal import JSON
internal import Signatures
internal import Text
internal import Time

/// One request of a relay, its body parsed.
struct WebhookRequest {
    let body: [UInt8]
    let value: JSON
    let headers: [(name: String, value: String)]
    let table: FeedbackTable

    func header(_ lowercase: String) -> String? {
        headers.first { $0.name.utf8.isSame(asLowercase: lowercase) }?.value
    }

    /// The objects of a body that is one event or a list of them.
    func events() throws(WebhookError) -> [JSON.Object] {
        if let object = value.object { return [object] }
        guard let list = value.array else { throw .malformed("neither an event nor a list of events") }
        return list.prefix(Webhook.eventLimit).compactMap(\.object)
    }

    /// A report whose id is made from what names the event.
    func report(_ provider: Provider, named name: [String?]) -> Report {
        Report(source: provider.rawValue, id: digestID(provider.rawValue + name.map { "\0" + ($0 ?? "") }.joined()))
    }

    /// A bounce or a delay as the relay tells of it, its class by the table where the words say one.
    ///
    /// - Parameters:
    ///   - text: the receiving server's words
    ///   - isPermanent: what the relay says; nil where it does not
    ///   - fallback: the class where neither code nor words have one
    func failed(
        _ address: String, _ kind: Report.Kind, text: String?, status: String? = nil, code: Int? = nil,
        isPermanent: Bool?,
        fallback: Report.Class
    ) -> Report.Recipient {
        let own = status.flatMap { Status.first(in: Array($0.utf8)[...]) }
        var evidence = Evidence(Array((text ?? "").utf8), status: own)
        if let code, (400...599).contains(code) { evidence.code = evidence.code ?? code }
        var told = evidence.recipient(bareAddress(address), notice: [], by: table)
        told.kind = kind
        if told.class == .unknown
            || (told.class == .temporary && evidence.code == nil && own == nil && fallback != .unknown)
        {
            told.class = fallback
        }
        if let isPermanent { told.isPermanent = isPermanent && (told.isPermanent || (text ?? "").isEmpty) }
        if kind == .delayed { told.isPermanent = false }
        return told
    }

    /// Whom a mail reached, or who complained.
    func plain(_ address: String, _ kind: Report.Kind, reply: String? = nil) -> Report.Recipient {
        let meaning: Report.Class =
            switch kind {
            case .complained: .complaint
            case .autoReply: .autoReply
            default: .delivered
            }
        var told = Report.Recipient(bareAddress(address), kind, meaning, isPermanent: false)
        told.reply = reply.map { printableLine($0.utf8, limit: 500).cut(toBytes: 500) }
        return told
    }

    /// The job that metadata name: `X-Outspool-Id`, `outspool_id` and the like.
    func jobIDs(_ metadata: JSON?) -> [String] {
        guard let metadata else { return [] }
        if let list = metadata.array {
            // `[{"name": …, "value": …}]`
            return list.prefix(1000).compactMap(\.object).flatMap { pair -> [String] in
                guard let name = pair.text("name"), isJobID(name), let value = pair.text("value") else { return [] }
                return [value]
            }
        }
        return metadata.object?.members.prefix(1000).flatMap { name, value -> [String] in
            guard isJobID(name) else { return [] }
            // A tag of SES has a list of values.
            return value.string.map { [$0] } ?? value.array?.prefix(1).compactMap(\.string) ?? []
        } ?? []
    }

    private func isJobID(_ name: String) -> Bool {
        let letters = name.utf8.filter(\.isLetterOrDigit)
        return letters.isSame(asLowercase: "outspoolid") || letters.isSame(asLowercase: "xoutspoolid")
    }

    /// The address of `Kijitora <kijitora@example.jp>`.
    func bareAddress(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: "<")) || text.utf8.contains(0x20)
            ? fieldAddress(text) ?? text : text
    }

    func messageIDs(_ text: String?) -> [String] { text.map(bareMessageIDs) ?? [] }

    /// Standard Webhooks 1.0: `id.timestamp.body`, HMAC-SHA256, any of the signatures in the header.
    ///
    /// The timestamp's age is not looked at: a report that comes again is the same report.
    func checkStandard(_ secret: [UInt8]) throws(WebhookError) {
        func field(_ name: String) -> String? { header("svix-\(name)") ?? header("webhook-\(name)") }
        guard let id = field("id"), let time = field("timestamp"), let signatures = field("signature") else {
            throw .refused("the request has no svix-id, svix-timestamp and svix-signature")
        }
        let code = HMAC.sha256(Array("\(id).\(time).".utf8) + body, key: secret)
        let isRight = signatures.utf8.split(separator: 0x20).prefix(20).contains { word in
            word.starts(with: "v1,".utf8) && HMAC.areSame(Base64.decode(word.dropFirst(3), .lenient) ?? [], code)
        }
        guard isRight else { throw .refused("the signature in svix-signature is not the key's") }
    }

    /// A secret that the request carries: as Basic or Bearer authorization, or as a header of its own.
    func checkShared(_ secret: [UInt8]) throws(WebhookError) {
        var offered: [[UInt8]] = []
        if let value = header("authorization") {
            let words = value.utf8.split(separator: 0x20, maxSplits: 1)
            if words.count == 2, words[0].isSame(asLowercase: "basic") {
                offered.append(Base64.decode(words[1], .lenient) ?? [])
            } else if words.count == 2, words[0].isSame(asLowercase: "bearer") {
                offered.append(Array(words[1]))
            } else {
                offered.append(Array(value.utf8))
            }
        }
        for name in ["x-webhook-token", "x-webhook-secret", "x-outspool-key"] {
            if let value = header(name) { offered.append(Array(value.utf8)) }
        }
        if offered.isEmpty { throw .refused("the request has no Authorization") }
        // Both are digested first: the time of the comparison tells not even the length.
        let wanted = SHA256.digest(secret)
        guard offered.contains(where: { HMAC.areSame(SHA256.digest($0), wanted) }) else {
            throw .refused("the request's Authorization is not the key")
        }
    }
}

extension JSON.Object {
    /// The text of a member; nil where it is missing, empty or something else.
    func text(_ name: String) -> String? {
        guard let text = self[name]?.string, !text.isEmpty else { return nil }
        return text
    }

    /// The texts of a member that is a text or a list of texts.
    func texts(_ name: String) -> [String] {
        self[name]?.string.map { [$0] } ?? self[name]?.array?.prefix(500).compactMap(\.string) ?? []
    }

    func object(_ name: String) -> JSON.Object? { self[name]?.object }

    /// The objects of a member that is a list.
    func objects(_ name: String) -> [JSON.Object] { self[name]?.array?.prefix(500).compactMap(\.object) ?? [] }

    /// A number, or a text that is one.
    func number(_ name: String) -> Double? {
        if case .number(let number)? = self[name] { return number.double }
        return text(name).flatMap { Double($0) }
    }

    /// A moment: RFC 3339, with a space for its T, or seconds since 1970.
    func time(_ name: String) -> Timestamp? {
        if let text = text(name), let time = Timestamp(rfc3339: text) ?? Timestamp(loose: text) { return time }
        guard let seconds = number(name), seconds.isFinite, abs(seconds) < 9e9 else { return nil }
        return Timestamp(nanoseconds: Int64(seconds * 1000) * 1_000_000)
    }
}

extension Timestamp {
    /// `2026-11-23 17:44:11+00`, or without a zone, which is UTC then.
    fileprivate init?(loose text: String) {
        var bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count < 40, bytes[10] == 0x20 || bytes[10] == UInt8(ascii: "T") else {
            return nil
        }
        bytes[10] = UInt8(ascii: "T")
        let zone = bytes[19...].firstIndex { !$0.isDigit && $0 != UInt8(ascii: ".") }.map { bytes[$0...] } ?? []
        let head = bytes[..<(bytes.count - zone.count)]
        var shown = Array(zone)
        if shown.isEmpty { shown = Array("Z".utf8) }
        if shown.count == 3 { shown += ":00".utf8 }
        if shown.count == 5 { shown.insert(UInt8(ascii: ":"), at: 3) }
        self.init(rfc3339: String(decoding: head + shown, as: UTF8.self))
    }
}
