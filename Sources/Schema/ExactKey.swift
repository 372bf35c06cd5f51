internal import JSON

extension JSON {
    /// Bytes that two values share exactly when JSON Schema calls them equal: numbers by
    /// their mathematical value, strings by code points, objects whatever their order.
    ///
    /// A number whose exponent ``Decimal`` does not hold equals only one written the same.
    var exactKey: [UInt8] {
        var key: [UInt8] = []
        appendKey(to: &key)
        return key
    }

    private func appendKey(to key: inout [UInt8]) {
        switch self {
        case .null: key.append(UInt8(ascii: "n"))
        case .bool(let value): key.append(UInt8(ascii: value ? "t" : "f"))
        case .number(let number):
            var text = number.text
            if let decimal = Decimal(number) {
                let digits = String(decoding: decimal.digits.map { $0 + 0x30 }, as: UTF8.self)
                text = "\(decimal.isNegative ? "-" : "+")\(digits)e\(decimal.exponent)"
            }
            key.append(UInt8(ascii: "#"), text)
        case .string(let text): key.append(UInt8(ascii: "\""), text)
        case .array(let elements):
            key.append(UInt8(ascii: "["))
            for element in elements { element.appendKey(to: &key) }
            key.append(UInt8(ascii: "]"))
        case .object(let object):
            key.append(UInt8(ascii: "{"))
            for member in object.members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                key.append(UInt8(ascii: "\""), member.name)
                member.value.appendKey(to: &key)
            }
            key.append(UInt8(ascii: "}"))
        }
    }
}

extension [UInt8] {
    /// The length goes first, so that no text can look like two.
    fileprivate mutating func append(_ kind: UInt8, _ text: String) {
        append(kind)
        self += "\(text.utf8.count):".utf8
        self += text.utf8
    }
}
