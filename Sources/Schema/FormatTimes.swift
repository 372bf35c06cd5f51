internal import Text
internal import Time

/// RFC 3339, section 5.6, full-date: a day that exists.
func isDate(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    guard let year = take(4, from: &rest), skip("-", in: &rest), let month = take(2, from: &rest), skip("-", in: &rest),
        let day = take(2, from: &rest), rest.isEmpty, (1...12).contains(month)
    else { return false }
    return (1...CalendarTime.days(inMonth: month, of: year)).contains(day)
}

/// RFC 3339, section 5.6, full-time; second 60 only as the last of a day in UTC.
func isTime(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    guard let hour = take(2, from: &rest), skip(":", in: &rest), let minute = take(2, from: &rest),
        skip(":", in: &rest), let second = take(2, from: &rest), hour < 24, minute < 60, second <= 60
    else { return false }
    if skip(".", in: &rest) {
        let fraction = rest.prefix(while: \.isDigit)
        if fraction.isEmpty { return false }
        rest = rest.dropFirst(fraction.count)
    }
    var offset = 0
    if !skip("Z", in: &rest), !skip("z", in: &rest) {
        let isNegative = rest.first == UInt8(ascii: "-")
        guard isNegative || rest.first == UInt8(ascii: "+") else { return false }
        rest = rest.dropFirst()
        guard let hours = take(2, from: &rest), skip(":", in: &rest), let minutes = take(2, from: &rest), hours < 24,
            minutes < 60
        else { return false }
        offset = (hours * 60 + minutes) * (isNegative ? -1 : 1)
    }
    let day = 24 * 60
    let minuteInUTC = (hour * 60 + minute - offset + day) % day
    return rest.isEmpty && (second < 60 || minuteInUTC == day - 1)
}

/// RFC 3339, appendix A: `P3Y6M4DT12H30M5S` without gaps between its units, or `P2W`.
func isDuration(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    guard skip("P", in: &rest) else { return false }
    guard let dateUnits = takeUnits(from: &rest) else { return false }
    guard skip("T", in: &rest) else {
        return rest.isEmpty && (dateUnits == "W" || (!dateUnits.isEmpty && "YMD".contains(dateUnits)))
    }
    guard dateUnits.isEmpty || "YMD".contains(dateUnits), let timeUnits = takeUnits(from: &rest) else { return false }
    return rest.isEmpty && !timeUnits.isEmpty && "HMS".contains(timeUnits)
}

/// The letters of up to three counted units; nil if a count lacks its letter.
private func takeUnits(from rest: inout ArraySlice<UInt8>) -> String? {
    var units = ""
    while units.utf8.count < 3, let first = rest.first, first.isDigit {
        rest = rest.drop(while: \.isDigit)
        guard let unit = rest.popFirst(), unit.isLetter else { return nil }
        units.unicodeScalars.append(Unicode.Scalar(unit))
    }
    return units
}

/// The value of exactly `count` digits.
private func take(_ count: Int, from rest: inout ArraySlice<UInt8>) -> Int? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy(\.isDigit) else { return nil }
    rest = rest.dropFirst(count)
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
}

private func skip(_ character: Unicode.Scalar, in rest: inout ArraySlice<UInt8>) -> Bool {
    guard let first = rest.first, first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
}
