/// The curve P-256 (FIPS 186-4, D.1.2.3), and ECDSA's check of a signature on it (section 6.4).
enum P256 {
    /// A point in Jacobian coordinates; z is zero at infinity.
    private struct Point {
        var x: Number
        var y: Number
        var z: Number
        static let infinity = Point(x: Number(1), y: Number(1), z: Number(0))
    }

    private static let p = Number(hex: "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF")
    private static let n = Number(hex: "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")
    private static let b = Number(hex: "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B")
    private static let generator = Point(
        x: Number(hex: "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"),
        y: Number(hex: "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"), z: Number(1))

    /// Whether the point is on the curve.
    static func holds(x: Number, y: Number) -> Bool {
        guard x < p, y < p else { return false }
        return times(y, y) == plus(minus(times(times(x, x), x), times(Number(3), x)), b)
    }

    /// Whether r and s sign the digest with the key at x and y, which is on the curve.
    static func isSignature(r: Number, s: Number, of digest: [UInt8], x: Number, y: Number) -> Bool {
        guard !r.isZero, !s.isZero, r < n, s < n else { return false }
        let inverse = s.power(n - Number(2), modulo: n)
        let first = Number(digest.prefix(32)) * inverse % n
        let second = r * inverse % n
        let key = Point(x: x, y: y, z: Number(1))
        let both = sum(generator, key)
        var point = Point.infinity
        for index in stride(from: 255, through: 0, by: -1) {
            point = double(point)
            switch (first.bit(index), second.bit(index)) {
            case (true, true): point = sum(point, both)
            case (true, false): point = sum(point, generator)
            case (false, true): point = sum(point, key)
            case (false, false): break
            }
        }
        if point.z.isZero { return false }
        let back = point.z.power(p - Number(2), modulo: p)
        return times(point.x, times(back, back)) % n == r
    }

    private static func times(_ left: Number, _ right: Number) -> Number { left * right % p }

    private static func plus(_ left: Number, _ right: Number) -> Number {
        let sum = left + right
        return sum < p ? sum : sum - p
    }

    private static func minus(_ left: Number, _ right: Number) -> Number {
        left < right ? left + p - right : left - right
    }

    private static func double(_ point: Point) -> Point {
        if point.z.isZero || point.y.isZero { return .infinity }
        let square = times(point.z, point.z)
        let y2 = times(point.y, point.y)
        let beta = times(point.x, y2)
        let product = times(minus(point.x, square), plus(point.x, square))
        let alpha = plus(plus(product, product), product)
        let beta4 = plus(plus(beta, beta), plus(beta, beta))
        let x = minus(times(alpha, alpha), plus(beta4, beta4))
        let y4 = times(y2, y2)
        let y8 = plus(plus(plus(y4, y4), plus(y4, y4)), plus(plus(y4, y4), plus(y4, y4)))
        let yz = times(point.y, point.z)
        return Point(x: x, y: minus(times(alpha, minus(beta4, x)), y8), z: plus(yz, yz))
    }

    private static func sum(_ left: Point, _ right: Point) -> Point {
        if left.z.isZero { return right }
        if right.z.isZero { return left }
        let leftSquare = times(left.z, left.z)
        let rightSquare = times(right.z, right.z)
        let (u1, u2) = (times(left.x, rightSquare), times(right.x, leftSquare))
        let s1 = times(times(left.y, right.z), rightSquare)
        let s2 = times(times(right.y, left.z), leftSquare)
        if u1 == u2 { return s1 == s2 ? double(left) : .infinity }
        let h = minus(u2, u1)
        let r = minus(s2, s1)
        let h2 = times(h, h)
        let h3 = times(h2, h)
        let v = times(u1, h2)
        let x = minus(minus(times(r, r), h3), plus(v, v))
        let y = minus(times(r, minus(v, x)), times(s1, h3))
        return Point(x: x, y: y, z: times(times(left.z, right.z), h))
    }
}
