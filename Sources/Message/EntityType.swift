internal import Text

/// The Content-Type of a part as far as it decides where parts are: read from whatever stands in the field.
///
/// Unlike ``ContentType``, it takes what programs write against RFC 2045: characters that need quotation marks, bytes
/// beyond ASCII in names of files, a parameter twice.
struct EntityType {
    private let name: [UInt8]
    /// Of a multipart; nil where the field has none that can stand in a line.
    private(set) var boundary: [UInt8]?

    static let text = EntityType("text/plain")
    static let message = EntityType("message/rfc822")

    init(_ value: some Sequence<UInt8>) {
        let value = Array(value)
        name = value.prefix { $0 != UInt8(ascii: ";") && !$0.isBlank }.map(\.lowercased)
        if isMultipart { boundary = EntityType.boundary(in: value[...]) }
    }

    private init(_ name: StaticString) { self.name = Array(name.description.utf8) }

    /// In lower case, without parameters.
    var text: String { String(decoding: name, as: UTF8.self) }
    var isMultipart: Bool { name.starts(with: "multipart/".utf8) }
    var isDigest: Bool { name.elementsEqual("multipart/digest".utf8) }
    var isSigned: Bool { name.elementsEqual("multipart/signed".utf8) }
    /// Holds a message that may be changed as its parts are.
    var isMessage: Bool { name.elementsEqual("message/rfc822".utf8) }
    /// Holds what no encoding is allowed for: RFC 2046, sections 5.2.2 and 5.2.3.
    var isFragment: Bool {
        name.elementsEqual("message/partial".utf8) || name.elementsEqual("message/external-body".utf8)
    }

    private static func boundary(in value: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = value
        while let semicolon = unquoted(UInt8(ascii: ";"), in: rest) {
            rest = rest[(semicolon + 1)...].drop(while: \.isBlank)
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            guard rest[..<equals].trimmed(\.isBlank).isSame(asLowercase: "boundary") else { continue }
            var text = rest[(equals + 1)...].drop(while: \.isBlank)
            if text.first == UInt8(ascii: "\"") {
                text = text.dropFirst()
                text = text.prefix { $0 != UInt8(ascii: "\"") }
            } else {
                text = text.prefix { $0 != UInt8(ascii: ";") && !$0.isBlank }
            }
            let isLine = !text.isEmpty && text.allSatisfy { $0.isPrintable }
            return isLine ? text.filter { $0 != UInt8(ascii: "\\") } : nil
        }
        return nil
    }

    private static func unquoted(_ byte: UInt8, in text: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        return text.indices.first { index in
            if text[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            return !isQuoted && text[index] == byte
        }
    }
}
