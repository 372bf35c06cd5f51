internal import Text

/// What names a part of a message in all the world: RFC 2045, section 7; RFC 2392.
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
    /// HTML and attachments with ids that are unique: one without an `@` that the HTML refers to
    /// gets it, and the reference with it. Others stay as they are.
    func withUniqueContentIDs() -> (html: String?, attachments: [Attachment]) {
        guard let html, attachments.contains(where: { $0.cid.map(Composition.isLocal) == true }) else {
            return (html, attachments)
        }
        var ids: [String: String] = [:]
        for attachment in attachments {
            guard let cid = attachment.cid, Composition.isLocal(cid) else { continue }
            ids[cid] = ContentID.unique(cid, in: messageID)
        }
        let source = Array(html.utf8)
        var out: [UInt8] = []
        var used: Set<String> = []
        var start = 0
        for range in ContentReferences.ranges(in: html) {
            guard let name = ContentReferences.decoded(source[range]), let id = ids[name] else { continue }
            used.insert(name)
            out += source[start..<range.lowerBound]
            out += id.utf8
            start = range.upperBound
        }
        if used.isEmpty { return (html, attachments) }
        out += source[start...]
        var attachments = attachments
        for index in attachments.indices {
            if let cid = attachments[index].cid, used.contains(cid) { attachments[index].cid = ids[cid] }
        }
        return (String(decoding: out, as: UTF8.self), attachments)
    }

    /// Whether it can only have been meant within one message.
    private static func isLocal(_ cid: String) -> Bool { !cid.utf8.contains(UInt8(ascii: "@")) }
}
