internal import Text

/// Names with their values, as a query or a form has them, in their order.
package struct Form: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field] = []

    /// How many fields are read at most.
    package static let limit = 500

    package init() {}

    /// Reads `application/x-www-form-urlencoded`; nil where it has more fields than ``limit``, a broken `%`, or is not
    /// UTF-8.
    package init?(_ bytes: some Collection<UInt8>) {
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard fields.count < Form.limit, let name = percentDecoded(halves[0], plusIsSpace: true),
                let value = halves.count == 2 ? percentDecoded(halves[1], plusIsSpace: true) : ""
            else { return nil }
            fields.append(Field(name: name, value: value))
        }
    }

    /// The first value of that name; nil where there is none, or it is empty.
    package subscript(name: String) -> String? {
        fields.first { $0.name.isExactly(name) }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    package func has(_ name: String) -> Bool { fields.contains { $0.name.isExactly(name) } }
}

/// The target of a request line: RFC 9112, section 3.2.
package struct Target: Equatable, Sendable {
    /// The decoded segments of the path; `/` has none.
    package let path: [String]
    package let query: Form

    /// The longest target, in bytes.
    package static let limit = 8192

    /// Reads an origin-form; nil for anything else, for `.` and `..`, for empty segments, for a segment that holds a slash
    /// or a control character, and for what is not UTF-8.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count <= Target.limit, text.first == UInt8(ascii: "/") else { return nil }
        let halves = text.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        let rest = halves[0].dropFirst()
        if !rest.isEmpty {
            for segment in rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                guard let name = percentDecoded(segment, plusIsSpace: false), !name.utf8.isEmpty,
                    !name.isExactly("."), !name.isExactly(".."),
                    !name.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "/") || $0 == 0x7F })
                else { return nil }
                path.append(name)
            }
        }
        guard let query = halves.count == 2 ? Form(halves[1]) : Form() else { return nil }
        self.path = path
        self.query = query
    }
}

/// The text that a percent-encoded one stands for; nil where a `%` is not followed by two digits, or the bytes are not
/// UTF-8.
private func percentDecoded(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var iterator = text.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = iterator.next()?.hexValue, let low = iterator.next()?.hexValue else { return nil }
            out.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: out.append(0x20)
        default: out.append(byte)
        }
    }
    return String(validating: out, as: UTF8.self)
}
