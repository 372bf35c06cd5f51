internal import Text

/// A message taken apart again, as a mail program does: for people to look at, not for delivery.
///
/// Whatever the bytes are, there is a result: what cannot be understood is shown as it is. The time is linear in the
/// message, for each of the twenty levels that its parts may nest.
package struct ReadMessage: Sendable {
    /// A part without parts of its own: RFC 2045.
    package struct Part: Sendable {
        /// In lower case, such as `text/html`.
        package let type: String
        package let filename: String?
        /// By which HTML refers to it, without angles.
        package let cid: String?
        /// Whether it is offered as a file, not shown in its place.
        package let isAttachment: Bool
        /// Decoded.
        package let content: [UInt8]

        /// The content where the character set is UTF-8 or a part of it.
        package var text: String { String(decoding: content, as: UTF8.self) }

        /// `data:image/png;base64,…`: RFC 2397.
        package var dataURI: String {
            "data:\(type);base64," + String(decoding: Base64.encode(content), as: UTF8.self)
        }
    }

    /// The fields in their order, unfolded and decoded.
    package private(set) var fields: [(name: String, value: String)] = []
    package private(set) var parts: [Part] = []

    /// Reads a message whose lines end in CRLF.
    package init(_ bytes: [UInt8]) {
        let (header, body) = Self.split(bytes)
        if let header { fields = header.fields.map { ($0.name, decodedWords(header.value($0, in: bytes))) } }
        read(header, of: bytes, body: body, depth: 0)
    }

    /// The value of the first field of that name, or nil.
    package func value(of name: String) -> String? {
        fields.first { $0.name.lowercasedASCII == name.lowercasedASCII }?.value
    }

    /// The parts that readers without HTML show, and readers with it.
    package var text: Part? { parts.first { $0.type == "text/plain" && !$0.isAttachment } }
    package var html: Part? { parts.first { $0.type == "text/html" && !$0.isAttachment } }

    /// The parts that are offered as files: neither a text nor shown by the HTML.
    package var attachments: [Part] {
        parts.filter { $0.isAttachment || ($0.cid == nil && !$0.type.begins(with: "text/")) }
    }

    private static func split(_ bytes: [UInt8]) -> (header: HeaderSection?, body: ArraySlice<UInt8>) {
        // A part may begin with its body, and then it has no header.
        guard let header = try? HeaderSection(of: bytes) else { return (nil, bytes[...]) }
        return (header, bytes[header.bodyStart...])
    }

    private mutating func read(_ header: HeaderSection?, of bytes: [UInt8], body: ArraySlice<UInt8>, depth: Int) {
        func value(_ name: String) -> String? {
            guard let header, let field = header.fields.first(where: { $0.isNamed(name) }) else { return nil }
            // A fold may be a tab.
            return String(decoding: header.value(field, in: bytes).map { $0 == 0x09 ? 0x20 : $0 }, as: UTF8.self)
        }
        // Names of files are long where they are encoded.
        let type = value("content-type").flatMap { ContentType(parsing: $0, limit: 20_000) }
        if let type, type.type == "multipart", let boundary = type.value(of: "boundary"), depth < 20 {
            for part in multipartSections(of: body, between: boundary.utf8) {
                let bytes = Array(part)
                let (header, body) = Self.split(bytes)
                read(header, of: bytes, body: body, depth: depth + 1)
            }
            return
        }
        // The same syntax, but for what is before the first semicolon: RFC 2183.
        let disposition = value("content-disposition").flatMap {
            ContentType(parsing: "disposition/" + $0, limit: 20_000)
        }
        let content =
            switch value("content-transfer-encoding")?.lowercasedASCII {
            case "quoted-printable": quotedPrintableDecoded(body)
            case "base64": Base64.decode(body, .lenient) ?? Array(body)
            default: Array(body)
            }
        parts.append(
            Part(
                type: type.map { "\($0.type)/\($0.subtype)" } ?? "text/plain",
                filename: disposition?.value(of: "filename") ?? type?.value(of: "name"),
                cid: value("content-id").map { String($0.drop { $0 == "<" }.prefix { $0 != ">" }) },
                isAttachment: disposition?.subtype == "attachment", content: content))
    }
}

extension ContentType {
    /// The value of a parameter, put together and decoded where it is extended: RFC 2231, sections 3 and 4.
    func value(of name: String) -> String? {
        func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        if let plain = parameter(name) { return plain }
        var pieces = parameter("\(name)*").map { [(text: $0, isEncoded: true)] } ?? []
        for index in 0..<1000 where pieces.count == index {
            if let text = parameter("\(name)*\(index)*") { pieces.append((text, true)) }
            if let text = parameter("\(name)*\(index)") { pieces.append((text, false)) }
        }
        if pieces.isEmpty { return nil }
        var bytes: [UInt8] = []
        for (index, piece) in pieces.enumerated() {
            var text = Array(piece.text.utf8)[...]
            // The character set and the language are before the first piece.
            if piece.isEncoded, index == 0 {
                let behind = text.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
                text = behind.last ?? text
            }
            while let byte = text.popFirst() {
                if piece.isEncoded, byte == UInt8(ascii: "%"), let high = text.first?.hexValue,
                    let low = text.dropFirst().first?.hexValue
                {
                    bytes.append(high << 4 | low)
                    text = text.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
