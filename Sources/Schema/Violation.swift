internal import JSON
internal import Text

/// One place where a value does not fit its schema.
package struct Violation: Equatable, Sendable, CustomStringConvertible {
    /// RFC 6901: the place in the value, empty for the whole. It ends at a secret's outer edge:
    /// the names inside are part of the secret.
    package let pointer: String
    /// The schema's expectation there, such as `a string of at least 3 characters`.
    package let expected: String
    /// The value there, shortened and without control characters; never a secret.
    package let found: String

    /// `/name: expected a string, found 5` or `/nmae: unknown property`, on one line and of bounded length.
    package var description: String { pointer.isEmpty ? description(below: "the value") : description(below: "") }

    /// The description for a value that is itself part of another, which `base` points to.
    package func description(below base: String) -> String {
        let place = "\(base)\(printable(pointer, limit: 200))"
        guard expected.begins(with: Self.unlisted) else { return "\(place): expected \(expected), found \(found)" }
        return "\(place): unknown property\(expected.dropFirst(Self.unlisted.count))"
    }

    /// The expectation where `additionalProperties` is false; a suggestion may follow.
    static let unlisted = "no property of this name"
}

/// `1 element`, `2 elements`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension JSON {
    /// The value for a message: scalars shortened, arrays and objects only counted.
    var brief: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let number): printable(number.text, limit: 40)
        case .string(let text): "\"\(printable(text, limit: 40))\""
        case .array(let elements): "an array of \(counted(elements.count, "element"))"
        case .object(let object): "an object with \(object.count) \(object.count == 1 ? "property" : "properties")"
        }
    }
}
