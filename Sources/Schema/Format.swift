internal import Text

/// The values of `format` that are asserted; any other is a fault of the schema.
enum Format: String, Sendable, CaseIterable {
    case date, time, duration, email, hostname, ipv4, ipv6, uri, uuid
    case dateTime = "date-time"
    case idnEmail = "idn-email"

    /// For messages, after "expected".
    var wanted: String {
        switch self {
        case .date: "a date such as 2026-11-23"
        case .time: "a time with its zone such as 17:44:11Z"
        case .dateTime: "a date and time such as 2026-11-23T17:44:11Z"
        case .duration: "a duration such as P3DT12H"
        case .email: "an e-mail address of ASCII characters"
        case .idnEmail: "an e-mail address"
        case .hostname: "a host name"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .uri: "an absolute URI"
        case .uuid: "a UUID"
        }
    }

    /// The time taken is linear in the text.
    func fits(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        switch self {
        case .date: return isDate(bytes[...])
        case .time: return isTime(bytes[...])
        case .dateTime:
            guard bytes.count > 11, bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
            return isDate(bytes[..<10]) && isTime(bytes[11...])
        case .duration: return isDuration(bytes[...])
        case .email: return isMailbox(bytes[...], isInternational: false)
        case .idnEmail: return isMailbox(bytes[...], isInternational: true)
        case .hostname: return isHostname(bytes[...], isInternational: false)
        case .ipv4: return isIPv4(bytes[...])
        case .ipv6: return isIPv6(bytes[...])
        case .uri: return isURI(bytes[...])
        case .uuid: return isUUID(bytes[...])
        }
    }
}

/// RFC 4122, section 3, whatever the version and variant.
private func isUUID(_ text: ArraySlice<UInt8>) -> Bool {
    let groups = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy { $0.hexValue != nil }
}
