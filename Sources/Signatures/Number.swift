/// A natural number of any size, as much of it as it takes to check signatures: nothing here is secret, so the time may
/// depend on the digits.
struct Number: Equatable {
    /// In groups of 32 bits, the lowest first, without zeros at the end.
    private(set) var limbs: [UInt32]

    init(limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ small: UInt32) { self.init(limbs: [small]) }

    /// The number whose bytes these are, the highest first.
    init(_ bytes: some BidirectionalCollection<UInt8>) {
        var limbs: [UInt32] = []
        for (index, byte) in bytes.reversed().enumerated() {
            if index % 4 == 0 { limbs.append(0) }
            limbs[index / 4] |= UInt32(byte) << (8 * UInt32(index % 4))
        }
        self.init(limbs: limbs)
    }

    /// From hexadecimal digits that are our own.
    init(hex: StaticString) {
        let digits = Array(hex.description.utf8).filter { $0 != 0x20 }
        var limbs: [UInt32] = []
        for (index, digit) in digits.reversed().enumerated() {
            if index % 8 == 0 { limbs.append(0) }
            let value = digit < 0x41 ? digit &- 0x30 : (digit | 0x20) &- 0x61 &+ 10
            limbs[index / 8] |= UInt32(value) << (4 * UInt32(index % 8))
        }
        self.init(limbs: limbs)
    }

    var isZero: Bool { limbs.isEmpty }
    var isOdd: Bool { (limbs.first ?? 0) & 1 == 1 }
    var bitCount: Int { limbs.isEmpty ? 0 : limbs.count * 32 - limbs[limbs.count - 1].leadingZeroBitCount }

    func bit(_ index: Int) -> Bool { index / 32 < limbs.count && limbs[index / 32] >> UInt32(index % 32) & 1 == 1 }

    /// The number in so many bytes, the highest first; nil where it does not fit.
    func bytes(_ count: Int) -> [UInt8]? {
        guard bitCount <= count * 8 else { return nil }
        return (0..<count).reversed().map { index in
            index / 4 < limbs.count ? UInt8(truncatingIfNeeded: limbs[index / 4] >> (8 * UInt32(index % 4))) : 0
        }
    }

    static func < (left: Number, right: Number) -> Bool {
        if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
        for index in left.limbs.indices.reversed() where left.limbs[index] != right.limbs[index] {
            return left.limbs[index] < right.limbs[index]
        }
        return false
    }

    static func + (left: Number, right: Number) -> Number {
        var sum: [UInt32] = []
        sum.reserveCapacity(max(left.limbs.count, right.limbs.count) + 1)
        var carry: UInt64 = 0
        for index in 0..<max(left.limbs.count, right.limbs.count) {
            carry += UInt64(index < left.limbs.count ? left.limbs[index] : 0)
            carry += UInt64(index < right.limbs.count ? right.limbs[index] : 0)
            sum.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        sum.append(UInt32(carry))
        return Number(limbs: sum)
    }

    /// The difference; `right` is not the larger one.
    static func - (left: Number, right: Number) -> Number {
        var difference = left.limbs
        var borrow: Int64 = 0
        for index in difference.indices {
            let value = Int64(difference[index]) - Int64(index < right.limbs.count ? right.limbs[index] : 0) + borrow
            difference[index] = UInt32(truncatingIfNeeded: value)
            borrow = value < 0 ? -1 : 0
        }
        return Number(limbs: difference)
    }

    static func * (left: Number, right: Number) -> Number {
        var product = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (low, digit) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (high, other) in right.limbs.enumerated() {
                carry += UInt64(digit) * UInt64(other) + UInt64(product[low + high])
                product[low + high] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product[low + right.limbs.count] = UInt32(carry)
        }
        return Number(limbs: product)
    }

    /// The rest of a division by a number that is not zero: Knuth, volume 2, algorithm D.
    static func % (left: Number, right: Number) -> Number {
        if left < right { return left }
        let divisor = right.limbs
        if divisor.count == 1 {
            let rest = left.limbs.reversed().reduce(UInt64(0)) { ($0 << 32 | UInt64($1)) % UInt64(divisor[0]) }
            return Number(UInt32(rest))
        }
        let shift = UInt32(divisor[divisor.count - 1].leadingZeroBitCount)
        let below = shifted(divisor, by: shift).prefix(divisor.count)
        var rest = shifted(left.limbs, by: shift)
        let (top, second) = (UInt64(below[divisor.count - 1]), UInt64(below[divisor.count - 2]))
        for place in stride(from: rest.count - divisor.count - 1, through: 0, by: -1) {
            let head = UInt64(rest[place + divisor.count]) << 32 | UInt64(rest[place + divisor.count - 1])
            var (guess, over) = head.quotientAndRemainder(dividingBy: top)
            while guess >> 32 != 0 || guess * second > over << 32 | UInt64(rest[place + divisor.count - 2]) {
                guess -= 1
                over += top
                if over >> 32 != 0 { break }
            }
            var borrow: Int64 = 0
            var carry: UInt64 = 0
            for index in 0..<divisor.count {
                carry += guess * UInt64(below[index])
                let value = Int64(rest[place + index]) - Int64(carry & 0xFFFF_FFFF) + borrow
                rest[place + index] = UInt32(truncatingIfNeeded: value)
                borrow = value >> 32
                carry >>= 32
            }
            let value = Int64(rest[place + divisor.count]) - Int64(carry) + borrow
            rest[place + divisor.count] = UInt32(truncatingIfNeeded: value)
            if value < 0 {
                // The guess was one too large.
                var carry: UInt64 = 0
                for index in 0..<divisor.count {
                    carry += UInt64(rest[place + index]) + UInt64(below[index])
                    rest[place + index] = UInt32(truncatingIfNeeded: carry)
                    carry >>= 32
                }
                rest[place + divisor.count] = rest[place + divisor.count] &+ UInt32(carry)
            }
        }
        var result = Array(rest.prefix(divisor.count))
        if shift > 0 {
            for index in result.indices {
                let above = index + 1 < result.count ? result[index + 1] : 0
                result[index] = result[index] >> shift | above << (32 - shift)
            }
        }
        return Number(limbs: result)
    }

    /// One group longer.
    private static func shifted(_ limbs: [UInt32], by shift: UInt32) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(limbs.count + 1)
        var below: UInt32 = 0
        for limb in limbs {
            out.append(shift == 0 ? limb : limb << shift | below >> (32 - shift))
            below = limb
        }
        out.append(shift == 0 ? 0 : below >> (32 - shift))
        return out
    }

    /// This number to the power of `exponent`, modulo `modulus`.
    func power(_ exponent: Number, modulo modulus: Number) -> Number {
        var result = Number(1) % modulus
        let base = self % modulus
        for index in stride(from: exponent.bitCount - 1, through: 0, by: -1) {
            result = result * result % modulus
            if exponent.bit(index) { result = result * base % modulus }
        }
        return result
    }
}
