internal import Configuration
internal import Text

/// A valid `list_unsubscribe`: a page that takes the one click of RFC 8058, or an address that takes a mail. RFC 2369.
package enum UnsubscribeURI {
    private static let schemes = ["https://", "mailto:"]

    /// Reads the URIs of the key, each a template of its own: no parameter can end one and begin another.
    ///
    /// A comma with white space behind it separates them.
    static func templates(in entry: ConfigurationEntry, file: String) throws(TemplateFault) -> [Mustache] {
        let value = Array(entry.value.utf8)
        var templates: [Mustache] = []
        var start = 0
        while start <= value.count {
            let comma = value.indices.dropFirst(start).first {
                value[$0] == UInt8(ascii: ",") && ($0 + 1 == value.count || value[$0 + 1].isBlank)
            }
            let text = value[start..<(comma ?? value.count)].trimmed(\.isSpace)
            let template = try Mustache.value(text, of: entry, file: file)
            if let refusal = refusal(of: template) {
                throw TemplateFault(
                    file: file, line: entry.line, column: entry.column + text.startIndex,
                    reason: "'list_unsubscribe': '\(String(decoding: text, as: UTF8.self))' \(refusal)")
            }
            templates.append(template)
            start = (comma ?? value.count) + 1
        }
        return templates
    }

    /// Why no parameters can make a URI of the template; nil if some can.
    private static func refusal(of template: Mustache) -> String? {
        if let text = template.fixedText { return refusal(of: text) }
        guard case .text(let first)? = template.nodes.first(where: { $0 != .text(.init([], startsLine: true)) })
        else { return nil }
        let text = String(decoding: first.bytes, as: UTF8.self).lowercasedASCII
        return schemes.contains { text.begins(with: $0) || $0.begins(with: text) } ? nil : scheme
    }

    /// Why a text cannot stand in `List-Unsubscribe`; nil if it can.
    package static func refusal(of uri: String) -> String? {
        guard schemes.contains(where: { uri.lowercasedASCII.begins(with: $0) }) else { return scheme }
        guard uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"<>\"\\".utf8.contains($0) }) else {
            return "has a character that an URI would have to encode"
        }
        return uri.utf8.count > longest ? "has more than \(longest) characters" : nil
    }

    private static let scheme = "begins with neither https:// nor mailto:"
    /// A line of a header is not folded within it, and holds no more than 998 octets.
    private static let longest = 900

    /// Whether a reader's mail program may call it by itself: RFC 8058, section 3.1.
    package static func takesOneClick(_ uri: String) -> Bool { uri.lowercasedASCII.begins(with: "https://") }
}
