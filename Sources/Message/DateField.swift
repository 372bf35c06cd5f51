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
