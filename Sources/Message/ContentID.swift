internal import Text

/// The globally unique name of a part of a message: RFC 2045, section 7; RFC 2392.
enum ContentID {
    /// The id that a part called `name` has in the message `message`: `logo.png.1f2e…@example.com`,
    /// the same whenever the message is composed.
    ///
    /// It has no character that an URL would have to encode, and at most 240 octets.
    static func unique(_ name: String, in message: MessageID) -> String {
        var left: [UInt8] = []
        for byte in name.utf8.prefix(47) {
            let isKept = byte.isLetterOrDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            // A dot begins no name and follows no other one.
            let isDot = byte == UInt8(ascii: ".") && left.last ?? byte != byte
            left.append(isKept || isDot ? byte : UInt8(ascii: "_"))
        }
        if left.last == UInt8(ascii: ".") { left.removeLast() }
        left += ".\(MessageID.digits(message.mark(name)))@".utf8
        let domain = message.text.utf8.drop { $0 != UInt8(ascii: "@") }.dropFirst().dropLast()
        let isName =
            (1...160).contains(domain.count) && domain.allSatisfy { $0.isLetterOrDigit || "-.".utf8.contains($0) }
        return String(decoding: left, as: UTF8.self) + (isName ? String(Substring(domain)) : "localhost")
    }
}

extension Composition {
    /// The HTML and the attachments as they are sent, and which of these the HTML shows.
    ///
    /// An id without an `@` that the HTML refers to is made unique, and the reference with it. An attachment that the
    /// HTML does not show has no id of that kind: readers would hide the file, waiting for who refers to it. Of several
    /// with one id the first is shown.
    func related(html: String?) -> (html: String?, attachments: [(Attachment, isShown: Bool)]) {
        let source = Array((html ?? "").utf8)
        var ids: [ExactText: String] = [:]
        for cid in attachments.compactMap(\.cid) {
            ids[ExactText(cid)] = Composition.isLocal(cid) ? ContentID.unique(cid, in: messageID) : cid
        }
        var out: [UInt8] = []
        var shown: Set<ExactText> = []
        var start = 0
        for range in ids.isEmpty ? [] : ContentReferences.ranges(in: html ?? "") {
            guard let name = ContentReferences.decoded(source[range]).map(ExactText.init(_:)), let id = ids[name] else {
                continue
            }
            shown.insert(name)
            out += source[start..<range.lowerBound]
            out += id.utf8
            start = range.upperBound
        }
        let attachments = attachments.map { attachment -> (Attachment, isShown: Bool) in
            guard let cid = attachment.cid else { return (attachment, false) }
            var attachment = attachment
            let isShown = shown.remove(ExactText(cid)) != nil
            if isShown {
                attachment.cid = ids[ExactText(cid)]
            } else if Composition.isLocal(cid) {
                attachment.cid = nil
            }
            return (attachment, isShown)
        }
        return (html.map { start == 0 ? $0 : String(decoding: out + source[start...], as: UTF8.self) }, attachments)
    }

    /// Whether it can only have been meant within one message.
    private static func isLocal(_ cid: String) -> Bool { !cid.utf8.contains(UInt8(ascii: "@")) }
}
