package import Time

extension Timestamp {
    /// The date-time of RFC 5322, section 3.3, in UTC: `Mon, 23 Nov 2026 17:44:11 +0000`.
    package var rfc5322: String {
        let time = CalendarTime(self)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][time.weekday]
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][time.month - 1]
        var text = weekday
        text.reserveCapacity(32)
        func append(_ number: Int, _ after: String) {
            if number < 10 { text += "0" }
            text += String(number)
            text += after
        }
        text += ", "
        append(time.day, " ")
        text += month
        text += " "
        append(time.year, " ")
        append(time.hour, ":")
        append(time.minute, ":")
        append(time.second, " +0000")
        return text
    }
}
