internal import Text

/// Markup: what is written as a literal is taken as it is, and all that is put into it is escaped.
///
///     let row: HTML = "<td title=\"\(reply)\">\(name)</td>"
///
/// There is no other way from a text to markup, so there is one place where escaping may be forgotten: here. Values of
/// attributes stand in double quotes.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
    /// The markup itself.
    package private(set) var source: String

    package init(stringLiteral value: String) { source = value }
    package init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    /// No markup at all.
    package static let none: HTML = ""

    package var isEmpty: Bool { source.utf8.isEmpty }

    package static func += (left: inout HTML, right: HTML) { left.source += right.source }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity + interpolationCount * 32)
        }
        package mutating func appendLiteral(_ literal: String) { source += literal }
        package mutating func appendInterpolation(_ text: String) { HTML.escape(text, into: &source) }
        package mutating func appendInterpolation(_ number: Int) { source += String(number) }
        package mutating func appendInterpolation(_ markup: HTML) { source += markup.source }
        package mutating func appendInterpolation(_ markup: [HTML]) { for piece in markup { source += piece.source } }
        package mutating func appendInterpolation(_ link: Link) { HTML.escape(link.text, into: &source) }
    }

    /// Appends a text for HTML and for the values of its attributes: the five characters that mean something there become
    /// entities, and control characters that no document may have become U+FFFD.
    private static func escape(_ text: String, into source: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": source += "&amp;"
            case "<": source += "&lt;"
            case ">": source += "&gt;"
            case "\"": source += "&quot;"
            case "'": source += "&#39;"
            case "\t", "\n", "\r": source.unicodeScalars.append(scalar)
            default:
                let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                source.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
            }
        }
    }
}

extension DefaultStringInterpolation {
    /// Markup within a text would be taken for a text, and shown as what it is.
    @available(*, unavailable, message: "this is a String, not HTML: say the type of the literal")
    package mutating func appendInterpolation(_ markup: HTML) {}
}

/// A path of this server with its query, percent-encoded: RFC 3986.
package struct Link: Sendable, Equatable {
    package let text: String

    /// - Parameter parameters: those whose value is nil or empty are left out.
    package init(_ path: [String], _ parameters: [(name: String, value: String?)] = []) {
        var text = path.map { "/" + Link.encoded($0) }.joined()
        if text.isEmpty { text = "/" }
        let pairs = parameters.compactMap { parameter in
            parameter.value.flatMap { $0.isEmpty ? nil : "\(Link.encoded(parameter.name))=\(Link.encoded($0))" }
        }
        self.text = text + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// Octets that are not unreserved become `%XX`.
    private static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte.isLetterOrDigit || "-._~".utf8.contains(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), UInt8.hexDigit(byte >> 4), UInt8.hexDigit(byte)]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
