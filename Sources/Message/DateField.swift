internal import Text
package import Time

extension Timestamp {
    /// The date-time of RFC 5322, section 3.3, in UTC: `Mon, 23 Nov 2026 17:44:11 +0000`.
    package var rfc5322: String {
        let time = CalendarTime(self)
        var text: [UInt8] = []
        text.reserveCapacity(31)
        func append(_ names: StaticString, _ index: Int) {
            text.append(contentsOf: UnsafeBufferPointer(start: names.utf8Start + 3 * index, count: 3))
        }
        func append(_ number: Int, _ after: UInt8) {
            text.append(UInt8(ascii: "0") + UInt8(number / 10))
            text.append(UInt8(ascii: "0") + UInt8(number % 10))
            text.append(after)
        }
        append("SunMonTueWedThuFriSat", time.weekday)
        text.append(UInt8(ascii: ","))
        text.append(UInt8(ascii: " "))
        append(time.day, UInt8(ascii: " "))
        append("JanFebMarAprMayJunJulAugSepOctNovDec", time.month - 1)
        text.append(UInt8(ascii: " "))
        text += String(time.year).utf8
        text.append(UInt8(ascii: " "))
        append(time.hour, UInt8(ascii: ":"))
        append(time.minute, UInt8(ascii: ":"))
        append(time.second, UInt8(ascii: " "))
        text += "+0000".utf8
        return String(decoding: text, as: UTF8.self)
    }
}

extension Timestamp {
    /// Reads a date-time of RFC 5322, section 3.3, as programs write it: with or without the day's name and the seconds,
    /// years of two digits, names of zones (section 4.3), comments behind it. Nil for anything else.
    package init?(rfc5322 text: some StringProtocol) {
        var words = text.utf8.prefix(100).split { $0.isSpace || $0 == UInt8(ascii: ",") }[...]
        func number(_ digits: some Sequence<UInt8>, most: Int) -> Int? {
            var value: Int?
            for digit in digits {
                guard digit.isDigit, value ?? 0 <= most else { return nil }
                value = (value ?? 0) * 10 + Int(digit - 0x30)
            }
            return value
        }
        if words.first?.first?.isLetter == true { words = words.dropFirst() }
        guard words.count >= 4, let day = words.popFirst().flatMap({ number($0, most: 31) }),
            let name = words.popFirst()?.prefix(3).map(\.lowercased),
            let year = words.popFirst().flatMap({ number($0, most: 9999) }), let time = words.popFirst()
        else { return nil }
        let months = "janfebmaraprmayjunjulaugsepoctnovdec".utf8
        guard name.count == 3,
            let month = (1...12).first(where: { months.dropFirst(3 * $0 - 3).prefix(3).elementsEqual(name) })
        else { return nil }
        let whole = year < 50 ? year + 2000 : year < 1000 ? year + 1900 : year
        let parts = time.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { number($0, most: 60) ?? -1 }
        guard (2...3).contains(parts.count), (0...23).contains(parts[0]), (0...59).contains(parts[1]),
            parts.count == 2 || (0...60).contains(parts[2]), whole <= 9999,
            (1...CalendarTime.days(inMonth: month, of: whole)).contains(day)
        else { return nil }
        let offset = words.first.map { Timestamp.offset(of: Array($0)) } ?? 0
        let second = parts.count == 3 ? parts[2] : 0
        let days = CalendarTime.days(year: whole, month: month, day: day)
        let seconds = days * 86400 + Int64(parts[0] * 3600 + parts[1] * 60 + second - offset)
        self.init(nanoseconds: Timestamp.inRange(seconds) * 1_000_000_000)
    }

    /// Seconds east of Greenwich; 0 for a zone whose name says nothing: RFC 5322, section 4.3.
    private static func offset(of zone: [UInt8]) -> Int {
        if let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), zone.count == 5,
            zone.dropFirst().allSatisfy(\.isDigit)
        {
            let digits = zone.dropFirst().map { Int($0 - 0x30) }
            let seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60
            return sign == UInt8(ascii: "-") ? -seconds : seconds
        }
        let american = [
            ("est", -5), ("edt", -4), ("cst", -6), ("cdt", -5), ("mst", -7), ("mdt", -6), ("pst", -8), ("pdt", -7),
        ]
        return american.first { zone.isSame(asLowercase: $0.0) }.map { $0.1 * 3600 } ?? 0
    }
}
