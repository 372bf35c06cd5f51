internal import JSON
internal import Message
internal import Spool
internal import Text

/// The header fields by which a mail library asks for what only a job has: `X-Outspool-Template` and its like.
///
/// They are taken out of the message. Each may stand there once, but for `-Tag`, and may contain encoded-words.
struct AskedFields {
    /// In lower case.
    static let names = ["template", "params", "id", "send-at", "expires-at", "priority", "tag", "locale"]
        .map { prefix + $0 }
    private static let prefix = "x-outspool-"

    private(set) var template: String?
    private(set) var params: JSON.Object?
    private(set) var id: JobID?
    private(set) var tags: [String] = []
    /// Fields of the job under their own names there: `sendAt`.
    private(set) var others: [(name: String, value: JSON)] = []

    init(_ message: PostedMessage) throws(PostingRefusal) {
        func text(_ name: String) throws(PostingRefusal) -> String? {
            let texts = message.texts(of: Self.prefix + name)
            if texts.count > 1 { throw Self.fault(name, "is there twice") }
            return texts.first
        }
        template = try text("template")
        if let text = try text("params") { params = try Self.object(text) }
        if params != nil, template == nil { throw Self.fault("params", "needs X-Outspool-Template") }
        if let text = try text("id") {
            guard let own = JobID(text) else {
                throw Self.fault("id", "is not an id: 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
            }
            id = own
        }
        for (name, field) in [
            ("send-at", "sendAt"), ("expires-at", "expiresAt"), ("priority", "priority"), ("locale", "locale"),
        ] {
            if let text = try text(name) { others.append((field, .string(text))) }
        }
        for text in message.texts(of: Self.prefix + "tag") {
            tags += text.pieces(at: ",").map { String(Substring($0).trimmedBlanks) }.filter { !$0.isEmpty }
        }
    }

    private static func object(_ text: String) throws(PostingRefusal) -> JSON.Object {
        let value: JSON
        do throws(JSONError) { value = try JSON(parsing: text) } catch { throw fault("params", "\(error)") }
        guard let object = value.object else { throw fault("params", "is \(value.typeName), not an object") }
        return object
    }

    /// `x-outspool-send-at` as it is written in texts: `X-Outspool-Send-At: …`.
    private static func fault(_ name: String, _ reason: String) -> PostingRefusal {
        let words = name.pieces(at: "-").map { word in
            String(decoding: word.utf8.prefix(1).map(\.uppercased) + word.utf8.dropFirst(), as: UTF8.self)
        }
        return PostingRefusal(content: "X-Outspool-\(words.joined(separator: "-")): \(reason)")
    }
}

extension Substring {
    /// Without spaces and tabs at its ends.
    fileprivate var trimmedBlanks: Substring {
        let bytes = Array(utf8)[...].trimmed(\.isBlank)
        return Substring(decoding: bytes, as: UTF8.self)
    }
}
