internal import JSON

/// Types of values, in the words of JSON Schema; `number` is both of ``integer`` and ``fraction``.
package struct ValueKinds: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let null = ValueKinds(rawValue: 1)
    package static let boolean = ValueKinds(rawValue: 2)
    /// A number that is whole however it is written: `1`, `1.0`, `1e0`.
    package static let integer = ValueKinds(rawValue: 4)
    /// A number that is not whole.
    package static let fraction = ValueKinds(rawValue: 8)
    package static let string = ValueKinds(rawValue: 16)
    package static let array = ValueKinds(rawValue: 32)
    package static let object = ValueKinds(rawValue: 64)
    package static let number: ValueKinds = [.integer, .fraction]
    package static let any = ValueKinds(rawValue: 127)
    /// All kinds but array and object.
    package static let scalar: ValueKinds = [.null, .boolean, .number, .string]

    /// The words of `type`, as a schema writes them.
    static let names: [(name: String, kind: ValueKinds)] = [
        ("string", .string), ("integer", .integer), ("number", .number), ("boolean", .boolean), ("array", .array),
        ("object", .object), ("null", .null),
    ]

    /// As `type` would list them: `["string", "null"]`; empty if no value fits.
    package var names: [String] {
        Self.names.filter { isSuperset(of: $0.kind) && ($0.kind != .integer || !contains(.fraction)) }.map(\.name)
    }

    /// `a string or null`.
    package var wanted: String {
        let words = names.map { name in
            switch name {
            case "null": "null"
            case "integer", "array", "object": "an \(name)"
            default: "a \(name)"
            }
        }
        return words.isEmpty ? "no value" : words.joined(separator: " or ")
    }

    /// The one kind of `value`; both of a number's if its exponent is beyond ``Decimal/exponentLimit``.
    init(of value: JSON) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .number(let number): self = Decimal(number).map { $0.isWhole ? .integer : .fraction } ?? .number
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }

    func admits(_ value: JSON) -> Bool {
        if case .number = value, isSuperset(of: .number) || isDisjoint(with: .number) { return contains(.number) }
        return isSuperset(of: ValueKinds(of: value))
    }
}
