internal import Text

/// The message for a relay that does not offer 8BITMIME: bodies with octets above 0x7F are in quoted-printable or
/// base64. RFC 6152, section 3.
///
/// Parts stay in their order, those of inner messages too. Fields of the message's own header stay as they are; in an
/// inner message, where they are a part of the body, they are encoded. A signature of the whole no longer holds.
/// - Parameter message: with CRLF line ends.
/// - Returns: `message` itself if it has no such octet.
package func sevenBit(_ message: [UInt8], domains: DomainRule) -> [UInt8] {
    message.contains { $0 >= 0x80 } ? BodyConversion(.eightBits, domains).converted(message) : message
}

/// The message with each part that has a line over 998 octets in quoted-printable or base64.
///
/// Lines of a header stay as they are, and so do the parts of `multipart/signed`.
/// - Parameter message: with CRLF line ends.
func withoutLongLines(_ message: [UInt8], domains: DomainRule) -> [UInt8] {
    BodyConversion(.longLines, domains).converted(message)
}

/// Brings the parts of a message into a form that more servers take: RFC 2045, section 6.
///
/// The time is linear in the message, for each of the twenty levels that are looked into. What lies deeper stays.
private struct BodyConversion {
    enum Reason {
        case eightBits, longLines
    }

    private let reason: Reason
    private let domains: DomainRule
    private var wire = Wire(reserving: 0)

    private static let depthLimit = 20

    init(_ reason: Reason, _ domains: DomainRule) {
        self.reason = reason
        self.domains = domains
    }

    consuming func converted(_ message: [UInt8]) -> [UInt8] {
        wire = Wire(reserving: message.count + message.count / 4)
        entity(message, isMessage: true, isDigest: false, depth: 0)
        wire.endLastLine()
        return wire.bytes
    }

    /// Appends a message, or a part of one, with its header.
    /// - Parameter isDigest: it is a message unless it says otherwise: RFC 2046, section 5.1.5.
    private mutating func entity(_ bytes: [UInt8], isMessage: Bool, isDigest: Bool, depth: Int) {
        // A line that is not a field ends the header here: nothing is thrown.
        guard depth < BodyConversion.depthLimit, let header = try? HeaderSection(of: bytes, isLenient: true) else {
            return wire.append(bytes)
        }
        func value(_ name: String) -> ArraySlice<UInt8>? {
            header.fields.first { $0.isNamed(name) }.map { header.value($0, in: bytes) }
        }
        let body = bytes[header.bodyStart...]
        let type = value("content-type").map { EntityType($0) } ?? (isDigest ? .message : .text)
        let encoding = PartEncoding(value("content-transfer-encoding"))
        let isClear = encoding == .none || encoding == .clear
        let inner: Inner =
            if let boundary = type.boundary { .parts(boundary) } else if type.isMessage, isClear { .message } else {
                .none
            }
        let isKept = type.isFragment || reason == .longLines && type.isSigned
        let leaf = inner == .none && !isKept && isUnfit(body) ? encoded(body, encoding) : nil
        var label = leaf?.label
        if label == nil, reason == .eightBits, encoding == .clear, !isKept { label = .sevenBit }

        if let first = header.fields.first { wire.append(bytes[..<first.range.lowerBound]) }
        for field in header.fields where label == nil || !field.isNamed("content-transfer-encoding") {
            self.field(field, header.value(field, in: bytes), bytes[field.range], isInner: depth > 0)
        }
        if leaf != nil {
            if isMessage, !header.has("mime-version") { wire.field("MIME-Version", "1.0") }
            // RFC 1428, section 3: the name of a set that nothing tells.
            let charset = isUTF8(body.span) ? "utf-8" : "unknown-8bit"
            if !header.has("content-type") { wire.field("Content-Type", "text/plain; charset=\(charset)") }
        }
        if let label { wire.field("Content-Transfer-Encoding", label.rawValue) }
        wire.endLine()

        if isKept { return wire.append(body) }
        switch inner {
        case .none: wire.append(leaf?.body ?? Array(body))
        case .message: entity(Array(body), isMessage: true, isDigest: false, depth: depth + 1)
        case .parts(let boundary): parts(of: body, between: boundary, areMessages: type.isDigest, depth: depth + 1)
        }
    }

    private enum Inner: Equatable {
        case none, message
        case parts([UInt8])
    }

    /// Appends the parts of a multipart, and what stands between them.
    private mutating func parts(of body: ArraySlice<UInt8>, between boundary: [UInt8], areMessages: Bool, depth: Int) {
        var end = body.startIndex
        for part in multipartSections(of: body, between: boundary) {
            between(body[end..<part.startIndex])
            entity(Array(part), isMessage: false, isDigest: areMessages, depth: depth)
            end = part.endIndex
        }
        between(body[end...])
    }

    /// Appends delimiters, and the text around them that no reader shows.
    private mutating func between(_ text: ArraySlice<UInt8>) {
        reason == .eightBits ? wire.append(text.lazy.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }) : wire.append(text)
    }

    private mutating func field(
        _ field: HeaderSection.Field, _ value: ArraySlice<UInt8>, _ raw: ArraySlice<UInt8>, isInner: Bool
    ) {
        if reason == .longLines || !isInner || raw.allSatisfy({ $0 < 0x80 }) {
            wire.append(raw)
            return wire.endLastLine()
        }
        if isUTF8(value.span) { return wire.encodedField(field.name, value, domains: domains) }
        // A set that nothing tells: most that is not UTF-8 is Latin-1, and of all else no octet is lost.
        wire.encodedField(
            field.name, Array(String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) })).utf8)[...],
            domains: domains)
    }

    /// Tells whether the octets are what has to go.
    private func isUnfit(_ bytes: ArraySlice<UInt8>) -> Bool {
        if reason == .eightBits { return bytes.contains { $0 >= 0x80 } }
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            if end - start > Wire.lineLimit + 1 { return true }
            start = end + 1
        }
        return bytes.endIndex - start > Wire.lineLimit
    }

    /// The body anew; nil where its encoding is not one of RFC 2045.
    private func encoded(
        _ body: ArraySlice<UInt8>, _ encoding: PartEncoding
    ) -> (label: TransferEncoding, body: [UInt8])? {
        var wire = Wire(reserving: body.count + body.count / 2)
        switch encoding {
        case .other: return nil
        case .base64:
            // What is not of base64 has no meaning in it.
            let content = body.filter { $0 < 0x80 }
            guard let decoded = Base64.decode(content[...], .lenient) else { return (.base64, content) }
            wire.appendBase64Lines(decoded)
            return (.base64, wire.bytes)
        case .none, .clear, .quotedPrintable:
            let content = encoding == .quotedPrintable ? quotedPrintableDecoded(body)[...] : body
            let text = BodyText(content)
            // The choice of BodyText, which takes what has long lines or octets above 0x7F never as it is.
            if text.encoding != .base64 {
                wire.appendQuotedPrintable(text.bytes)
                // The last line end is the multipart's, or not there.
                return (.quotedPrintable, content.hasSuffix([0x0D, 0x0A]) ? wire.bytes : Array(wire.bytes.dropLast(2)))
            }
            wire.appendBase64Lines(Array(content))
            return (.base64, wire.bytes)
        }
    }
}

/// The encoding that a part names in Content-Transfer-Encoding.
private enum PartEncoding {
    /// Nothing, or 7bit, or a word that has no meaning.
    case none
    /// 8bit or binary.
    case clear
    case quotedPrintable, base64
    /// An encoding that is private to its users: RFC 2045, section 6.3.
    case other

    init(_ value: ArraySlice<UInt8>?) {
        let word = (value ?? []).prefix { !$0.isBlank && $0 != UInt8(ascii: ";") }.map(\.lowercased)
        self =
            if word.elementsEqual("quoted-printable".utf8) {
                .quotedPrintable
            } else if word.elementsEqual("base64".utf8) {
                .base64
            } else if word.starts(with: "8bit".utf8) || word.elementsEqual("binary".utf8) {
                .clear
            } else if word.starts(with: "x-".utf8) {
                .other
            } else {
                .none
            }
    }
}
