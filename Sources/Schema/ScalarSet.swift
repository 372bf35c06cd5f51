internal import Text

/// The characters that one position of a pattern accepts.
struct ScalarSet: Sendable {
    /// Ascending and apart from each other.
    private var ranges: [ClosedRange<UInt32>]
    private var categories: Categories
    private var isNegated = false

    init(_ ranges: [ClosedRange<UInt32>], categories: Categories = []) {
        self.ranges = []
        self.categories = categories
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    /// Everything that this does not accept.
    var negated: ScalarSet {
        var result = self
        result.isNegated.toggle()
        return result
    }

    /// The union of the sets. Each has ranges or categories, not both.
    static func joined(_ sets: [ScalarSet]) -> ScalarSet {
        ScalarSet(sets.flatMap(\.plainRanges), categories: sets.reduce(into: []) { $0.formUnion($1.plainCategories) })
    }

    private var plainRanges: [ClosedRange<UInt32>] {
        guard isNegated, categories.isEmpty else { return ranges }
        var rest: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { rest.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { rest.append(next...0x10FFFF) }
        return rest
    }

    private var plainCategories: Categories { isNegated && ranges.isEmpty ? categories.complement : categories }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        (isInRanges(scalar.value) || (!categories.isEmpty && categories.contains(Categories(scalar)))) != isNegated
    }

    private func isInRanges(_ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }
}

extension ScalarSet {
    static let digits = ScalarSet([0x30...0x39])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMA-262: WhiteSpace and LineTerminator.
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    /// The scalars that `.` accepts: everything but LineTerminator.
    static let notLineEnd = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029]).negated
}

/// General categories of Unicode, for `\p{Lu}`.
struct Categories: OptionSet, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ scalar: Unicode.Scalar) {
        let place: UInt32 =
            switch scalar.properties.generalCategory {
            case .uppercaseLetter: 0
            case .lowercaseLetter: 1
            case .titlecaseLetter: 2
            case .modifierLetter: 3
            case .otherLetter: 4
            case .nonspacingMark: 5
            case .spacingMark: 6
            case .enclosingMark: 7
            case .decimalNumber: 8
            case .letterNumber: 9
            case .otherNumber: 10
            case .connectorPunctuation: 11
            case .dashPunctuation: 12
            case .openPunctuation: 13
            case .closePunctuation: 14
            case .initialPunctuation: 15
            case .finalPunctuation: 16
            case .otherPunctuation: 17
            case .mathSymbol: 18
            case .currencySymbol: 19
            case .modifierSymbol: 20
            case .otherSymbol: 21
            case .spaceSeparator: 22
            case .lineSeparator: 23
            case .paragraphSeparator: 24
            case .control: 25
            case .format: 26
            case .surrogate: 27
            case .privateUse: 28
            case .unassigned: 29
            @unknown default: 29
            }
        rawValue = 1 << place
    }

    /// The category of that name, short or long, as in `PropertyValueAliases.txt`.
    init?(named name: String) {
        guard let entry = Self.names.first(where: { $0.short == name || $0.long == name }) else { return nil }
        rawValue = entry.bits
    }

    var complement: Categories { Categories(rawValue: ~rawValue & (1 << 30 - 1)) }

    private static let names: [(short: String, long: String, bits: UInt32)] = {
        let single = [
            ("Lu", "Uppercase_Letter"), ("Ll", "Lowercase_Letter"), ("Lt", "Titlecase_Letter"),
            ("Lm", "Modifier_Letter"), ("Lo", "Other_Letter"), ("Mn", "Nonspacing_Mark"), ("Mc", "Spacing_Mark"),
            ("Me", "Enclosing_Mark"), ("Nd", "Decimal_Number"), ("Nl", "Letter_Number"), ("No", "Other_Number"),
            ("Pc", "Connector_Punctuation"), ("Pd", "Dash_Punctuation"), ("Ps", "Open_Punctuation"),
            ("Pe", "Close_Punctuation"), ("Pi", "Initial_Punctuation"), ("Pf", "Final_Punctuation"),
            ("Po", "Other_Punctuation"), ("Sm", "Math_Symbol"), ("Sc", "Currency_Symbol"), ("Sk", "Modifier_Symbol"),
            ("So", "Other_Symbol"), ("Zs", "Space_Separator"), ("Zl", "Line_Separator"), ("Zp", "Paragraph_Separator"),
            ("Cc", "Control"), ("Cf", "Format"), ("Cs", "Surrogate"), ("Co", "Private_Use"), ("Cn", "Unassigned"),
        ]
        let groups = [
            ("L", "Letter"), ("M", "Mark"), ("N", "Number"), ("P", "Punctuation"), ("S", "Symbol"), ("Z", "Separator"),
            ("C", "Other"),
        ]
        let bits = single.enumerated().map { (name: $1.0, bits: UInt32(1) << UInt32($0)) }
        return zip(single, bits).map { ($0.0, $0.1, $1.bits) }
            + groups.map { group in
                (group.0, group.1, bits.reduce(0) { $1.name.begins(with: group.0) ? $0 | $1.bits : $0 })
            }
    }()
}
