internal import JSON

/// A number of JSON, exactly: `digits` as a whole number, times ten to the power of `exponent`.
///
/// `digits` begins and ends with another digit than 0 and is empty for zero, so that equal
/// numbers have equal parts however they were written.
struct Decimal: Equatable {
    private(set) var isNegative = false
    private(set) var digits: [UInt8] = []
    private(set) var exponent = 0

    /// Far beyond what any number in a mail means; sums of exponents stay far from overflow.
    static let exponentLimit = 1_000_000_000

    /// Nil if the exponent is beyond ``exponentLimit`` (then the number is not zero).
    init?(_ number: JSON.Number) {
        var written: Int? = 0
        var hasPoint = false
        var scale = 0
        var rest = number.text.utf8[...]
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest = rest.dropFirst()
        }
        digits.reserveCapacity(rest.count)
        while let byte = rest.popFirst() {
            switch byte {
            case 0x30...0x39:
                if hasPoint { scale += 1 }
                if byte != 0x30 || !digits.isEmpty { digits.append(byte - 0x30) }
            case UInt8(ascii: "."): hasPoint = true
            default:
                // An exponent: what Int cannot hold is beyond the limit as well.
                written = Int(Substring(rest))
                rest = rest.suffix(0)
            }
        }
        let significant = digits.reversed().drop { $0 == 0 }.count
        if significant == 0 {
            (isNegative, digits) = (false, [])
            return
        }
        guard let written, written.magnitude <= Self.exponentLimit else { return nil }
        exponent = written - scale + digits.count - significant
        digits.removeLast(digits.count - significant)
    }

    /// Whether nothing stands behind the decimal point: `1.0` and `1e2` are whole.
    var isWhole: Bool { exponent >= 0 }

    /// The value, if it is whole and fits.
    var int: Int? {
        guard isWhole, digits.count + exponent <= 18 else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1) }
        return (0..<exponent).reduce(isNegative ? -value : value) { product, _ in product * 10 }
    }
}

extension Decimal: Comparable {
    static func < (left: Decimal, right: Decimal) -> Bool {
        let (first, second) = (left.sign, right.sign)
        if first != second { return first < second }
        return first < 0 ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

    /// Compares two numbers without their signs.
    private func isSmaller(than other: Decimal) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        let (place, otherPlace) = (digits.count + exponent, other.digits.count + other.exponent)
        if place != otherPlace { return place < otherPlace }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}

/// A divisor of at most 18 significant digits, so that a remainder and one more digit fit into 64 bits.
struct Divisor {
    private let digits: UInt64
    private let exponent: Int

    /// Nil if `number` is not above zero or has too many digits.
    init?(_ number: Decimal) {
        guard !number.isNegative, !number.digits.isEmpty, number.digits.count <= 18 else { return nil }
        digits = number.digits.reduce(0) { $0 * 10 + UInt64($1) }
        exponent = number.exponent
    }

    /// Whether `number` divided by this is whole; takes time linear in its digits.
    func divides(_ number: Decimal) -> Bool {
        if number.digits.isEmpty { return true }
        // The digits do not end in 0: no fewer powers of ten can hold one power of ten more.
        guard number.exponent >= exponent else { return false }
        let remainder = number.digits.reduce(0) { ($0 * 10 + UInt64($1)) % digits }
        return product(remainder, powerOfTen(number.exponent - exponent)) == 0
    }

    private func powerOfTen(_ exponent: Int) -> UInt64 {
        var (result, base, rest) = (1 % digits, 10 % digits, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, base) }
            base = product(base, base)
            rest >>= 1
        }
        return result
    }

    /// The product of two numbers below `digits`, modulo `digits`.
    private func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        digits.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }
}
