internal import FoundationEssentials
internal import JSON
internal import Text
internal import Time

/// A value that is encoded as one value of JSON, whatever its own ``Encodable/encode(to:)`` would do.
protocol JSONScalar {
    /// Nil where JSON has no such value.
    var json: JSON? { get }
}

extension String: JSONScalar { var json: JSON? { .string(self) } }
extension Bool: JSONScalar { var json: JSON? { .bool(self) } }

extension JSONScalar where Self: BinaryInteger {
    var json: JSON? { .number(JSON.Number(text: String(self))) }
}

extension Int: JSONScalar {}
extension Int8: JSONScalar {}
extension Int16: JSONScalar {}
extension Int32: JSONScalar {}
extension Int64: JSONScalar {}
extension Int128: JSONScalar {}
extension UInt: JSONScalar {}
extension UInt8: JSONScalar {}
extension UInt16: JSONScalar {}
extension UInt32: JSONScalar {}
extension UInt64: JSONScalar {}
extension UInt128: JSONScalar {}

extension JSONScalar where Self: BinaryFloatingPoint & CustomStringConvertible {
    /// The shortest text that reads as the same number; a whole one has no fraction. JSON has neither an infinity nor a NaN.
    var json: JSON? {
        guard isFinite else { return nil }
        let text = description
        return .number(JSON.Number(text: text.ends(with: ".0") ? String(text.dropLast(2)) : text))
    }
}

extension Float: JSONScalar {}
extension Double: JSONScalar {}

extension Decimal: JSONScalar {
    var json: JSON? { isFinite ? .number(JSON.Number(text: description)) : nil }
}

extension Date: JSONScalar {
    /// RFC 3339 to the second.
    var json: JSON? { Timestamp(self).map { .string($0.rfc3339Seconds) } }
}

extension Data: JSONScalar {
    var json: JSON? { .string(String(decoding: Base64.encode([UInt8](self)), as: UTF8.self)) }
}
extension URL: JSONScalar { var json: JSON? { .string(absoluteString) } }

extension Timestamp {
    /// To the nearest millisecond; nil for what is not between the years 1685 and 2255.
    init?(_ date: Date) {
        let seconds = date.timeIntervalSince1970
        guard seconds.magnitude < 9_000_000_000 else { return nil }
        self.init(nanoseconds: Int64((seconds * 1000).rounded()) * 1_000_000)
    }
}
