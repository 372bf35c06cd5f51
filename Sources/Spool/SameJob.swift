package import JSON

extension JSON {
    /// Whether this is an equal value: texts and names code point by code point, numbers as they are written, members
    /// in any order. Two submissions with equal values are one job.
    package func isSame(as other: JSON) -> Bool { matches(other, mask: nil) }

    /// Whether this is `original` but for values in whose place `mask` stands.
    ///
    /// So a masked copy is known for what it is, whatever the job's template says by now.
    package func isMasked(of original: JSON, by mask: String) -> Bool { matches(original, mask: mask) }

    private func matches(_ other: JSON, mask: String?) -> Bool {
        if let mask, case .string(let own) = self, own.utf8.elementsEqual(mask.utf8) { return true }
        switch (self, other) {
        case (.string(let own), .string(let others)): return own.utf8.elementsEqual(others.utf8)
        case (.number(let own), .number(let others)): return own.text == others.text
        case (.bool(let own), .bool(let others)): return own == others
        case (.null, .null): return true
        case (.array(let own), .array(let others)):
            return own.count == others.count && zip(own, others).allSatisfy { $0.matches($1, mask: mask) }
        case (.object(let own), .object(let others)):
            return own.count == others.count
                && zip(own.sorted, others.sorted).allSatisfy {
                    $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.matches($1.value, mask: mask)
                }
        default: return false
        }
    }
}

extension JSON.Object {
    fileprivate var sorted: [(name: String, value: JSON)] {
        members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
