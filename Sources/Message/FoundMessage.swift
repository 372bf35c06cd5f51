internal import Text

/// A message that came from anywhere, taken apart as far as it can be: for programs that look for what it says.
///
/// Unlike ``ReadMessage`` it takes any line ends, NULs, headers that break off, and types that are written against
/// RFC 2045. The time is linear in the bytes, for each of the eight levels that its parts may nest.
package struct FoundMessage: Sendable {
    /// A part without parts of its own; an embedded message is one.
    package struct Part: Sendable {
        /// In lower case, such as `message/delivery-status`; `text/plain` where the part does not say.
        package let type: String
        /// Decoded; line ends are CRLF where the part has no encoding.
        package let content: [UInt8]
    }

    package let header: FoundHeader
    /// In their order, at most ``partLimit``.
    package private(set) var parts: [Part] = []

    private static let partLimit = 100

    /// Reads the first `limit` bytes of a message.
    package init(_ source: [UInt8], limit: Int) {
        // Without NULs the step cannot fail.
        let text = source.prefix(limit).filter { $0 != 0 }
        let bytes = (try? WholeMessage.normalised(text)) ?? text
        let section = try? HeaderSection(of: bytes, isLenient: true)
        header = FoundHeader(section, of: bytes)
        read(section, of: bytes, isInDigest: false, depth: 0)
    }

    private mutating func read(_ section: HeaderSection?, of bytes: [UInt8], isInDigest: Bool, depth: Int) {
        func value(_ name: String) -> ArraySlice<UInt8>? {
            guard let section, let field = section.fields.first(where: { $0.isNamed(name) }) else { return nil }
            return section.value(field, in: bytes)
        }
        let body = bytes[(section?.bodyStart ?? 0)...]
        let type = value("content-type").map { EntityType($0) } ?? (isInDigest ? .message : .text)
        if type.isMultipart, depth < 8 {
            var sections = type.boundary.map { multipartSections(of: body, between: $0) } ?? []
            if sections.isEmpty, let guess = FoundMessage.boundary(in: body) {
                sections = multipartSections(of: body, between: guess)
            }
            if sections.isEmpty { parts.append(Part(type: "text/plain", content: Array(body))) }
            for part in sections where parts.count < Self.partLimit {
                let bytes = Array(part)
                read(
                    try? HeaderSection(of: bytes, isLenient: true), of: bytes, isInDigest: type.isDigest,
                    depth: depth + 1)
            }
            return
        }
        if parts.count >= Self.partLimit { return }
        let encoding = value("content-transfer-encoding")
        let content =
            if encoding?.isSame(asLowercase: "quoted-printable") == true {
                quotedPrintableDecoded(body)
            } else if encoding?.isSame(asLowercase: "base64") == true {
                Base64.decode(body.filter { !$0.isSpace }, .lenient) ?? Array(body)
            } else {
                Array(body)
            }
        parts.append(Part(type: type.text, content: content))
    }
}

extension FoundMessage {
    /// The boundary that the body itself shows, where the header's is missing or another one: a line that begins with two
    /// hyphens, and a field of a part behind it.
    private static func boundary(in body: ArraySlice<UInt8>) -> [UInt8]? {
        var line = body.startIndex
        while line < body.endIndex {
            let end = body[line...].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.endIndex
            if body[line..<end].starts(with: "--".utf8), body[end...].prefix(8).isSame(asLowercase: "content-") {
                return Array(body[line..<end].dropFirst(2).trimmed(\.isSpace))
            }
            line = end
        }
        return nil
    }
}

/// The fields of a header, unfolded, their encoded-words decoded. Reading ends at the first
/// line that is not a field.
package struct FoundHeader: Sendable {
    package private(set) var fields: [(name: String, value: String)] = []

    /// Reads the header that a message begins with, whatever its line ends are.
    package init(_ message: some Collection<UInt8>) {
        let text = message.filter { $0 != 0 }
        let bytes = (try? WholeMessage.normalised(text)) ?? text
        self.init(try? HeaderSection(of: bytes, isLenient: true), of: bytes)
    }

    init(_ section: HeaderSection?, of bytes: [UInt8]) {
        for field in section?.fields.prefix(1000) ?? [] {
            // A fold may be a tab.
            let value = section?.value(field, in: bytes).map { $0 == 0x09 ? 0x20 : $0 } ?? []
            fields.append((field.name.lowercasedASCII, decodedWords(value)))
        }
    }

    /// The values of the fields of that name, which is in lower case.
    package func values(of name: String) -> [String] {
        fields.filter { $0.name.isExactly(name) }.map(\.value)
    }

    /// The value of the first field of that name, which is in lower case; nil if there is none.
    package func value(of name: String) -> String? { fields.first { $0.name.isExactly(name) }?.value }
}
