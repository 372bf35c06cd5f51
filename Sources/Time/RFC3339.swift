extension Timestamp {
    /// RFC 3339 in UTC with milliseconds, `2026-11-23T17:44:11.502Z`.
    package var rfc3339: String { text(milliseconds: true) }
    /// RFC 3339 in UTC to the second, `2026-11-23T17:44:11Z`.
    package var rfc3339Seconds: String { text(milliseconds: false) }

    /// `2026-11-23`, the day in UTC.
    package var day: String { String(text(milliseconds: false).prefix(10)) }

    /// `20261123T174411Z`, the form that ids begin with: it sorts as the time does.
    package var compact: String {
        let time = CalendarTime(self)
        return String(unsafeUninitializedCapacity: 16) { buffer in
            var out = DigitWriter(buffer)
            out.digits(time.year, 4)
            out.digits(time.month, 2)
            out.digits(time.day, 2)
            out.byte("T")
            out.digits(time.hour, 2)
            out.digits(time.minute, 2)
            out.digits(time.second, 2)
            out.byte("Z")
            return out.count
        }
    }

    private func text(milliseconds: Bool) -> String {
        let time = CalendarTime(self)
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var out = DigitWriter(buffer)
            out.digits(time.year, 4)
            out.byte("-")
            out.digits(time.month, 2)
            out.byte("-")
            out.digits(time.day, 2)
            out.byte("T")
            out.digits(time.hour, 2)
            out.byte(":")
            out.digits(time.minute, 2)
            out.byte(":")
            out.digits(time.second, 2)
            if milliseconds {
                out.byte(".")
                out.digits(time.nanosecond / 1_000_000, 3)
            }
            out.byte("Z")
            return out.count
        }
    }

    /// The nearest second that a signed 64-bit count of nanoseconds holds.
    package static func inRange(_ seconds: Int64) -> Int64 { min(max(seconds, -9_200_000_000), 9_200_000_000) }

    /// Parses a date-time of RFC 3339, section 5.6: any offset, any number of fractional
    /// digits (those beyond nanoseconds are dropped), `T` and `Z` in either case. A leap
    /// second counts as the second after. What a count of nanoseconds cannot hold, before 1678 and after 2261, is the
    /// nearest that it can: `9999-12-31T23:59:59Z` is everybody's "never". Nil for anything else, a date that does not
    /// exist included.
    package init?(rfc3339 text: some StringProtocol) {
        var rest = Substring(text).utf8[...]
        func digits(_ count: Int) -> Int? {
            guard rest.count >= count else { return nil }
            var value = 0
            for byte in rest.prefix(count) {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            rest = rest.dropFirst(count)
            return value
        }
        func skip(_ allowed: String) -> Bool {
            guard let first = rest.first, allowed.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2), skip("Tt"),
            let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
            (1...12).contains(month), (1...CalendarTime.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            var scale: Int64 = 100_000_000
            var seen = false
            while let digit = digits(1) {
                fraction += Int64(digit) * scale
                scale /= 10
                seen = true
            }
            guard seen else { return nil }
        }
        var offset = 0
        if !skip("Zz") {
            let negative = rest.first == UInt8(ascii: "-")
            guard skip("+-"), let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (negative ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        let days = CalendarTime.days(year: year, month: month, day: day)
        let seconds = days * 86400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
        self.init(nanoseconds: Timestamp.inRange(seconds) * 1_000_000_000 + fraction)
    }
}

/// Writes fixed-width decimal numbers into a string's buffer.
private struct DigitWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func digits(_ value: Int, _ width: Int) {
        var value = value
        for place in stride(from: width - 1, through: 0, by: -1) {
            buffer[count + place] = UInt8(0x30 + value % 10)
            value /= 10
        }
        count += width
    }

    mutating func byte(_ scalar: Unicode.Scalar) {
        buffer[count] = UInt8(ascii: scalar)
        count += 1
    }
}
