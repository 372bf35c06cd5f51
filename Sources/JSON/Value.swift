internal import Text

/// A JSON value (RFC 8259).
package enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Number)
    case string(String)
    case array([JSON])
    case object(Object)

    /// Equal values, strings and names by code points and numbers as they are written.
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// A number as it was written: digits are kept, `1.0` stays `1.0`.
    package struct Number: Equatable, Sendable {
        /// Matches the grammar of RFC 8259, section 6.
        package let text: String
        /// The caller vouches that `text` is a number by that grammar.
        package init(text: String) { self.text = text }
        package init(_ value: Int) { text = String(value) }
        /// The value as an integer, if it was written as one and fits.
        package var int: Int? { Int(text) }
        /// The nearest double.
        package var double: Double { Double(text) ?? 0 }
    }

    /// An object's members in the order they were written, each name once; names differ where a code point does.
    package struct Object: Equatable, Sendable {
        package private(set) var members: [(name: String, value: JSON)]

        /// The caller vouches that no name occurs twice.
        package init(_ members: [(name: String, value: JSON)] = []) { self.members = members }

        package var isEmpty: Bool { members.isEmpty }
        package var count: Int { members.count }
        package var names: [String] { members.map(\.name) }

        /// The member's value; setting nil removes it, setting a new name appends it.
        package subscript(name: String) -> JSON? {
            get {
                for member in members where member.name.isExactly(name) { return member.value }
                return nil
            }
            set {
                if let index = members.firstIndex(where: { $0.name.isExactly(name) }) {
                    if let newValue { members[index].value = newValue } else { members.remove(at: index) }
                } else if let newValue {
                    members.append((name, newValue))
                }
            }
        }

        /// Equal whatever the order of the members.
        package static func == (left: Object, right: Object) -> Bool {
            left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
        }
    }

    /// The text that replaces a secret where a value is shown or kept.
    package static let mask = "***"

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int? { if case .number(let value) = self { value.int } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var object: Object? { if case .object(let value) = self { value } else { nil } }

    /// The value's type in the words of JSON, for messages.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(Number(value)) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Object(elements.map { (name: $0.0, value: $0.1) }))
    }
}
