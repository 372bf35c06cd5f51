/// The service extensions that can be offered (RFC 5321, section 2.2).
package struct Extensions: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// RFC 2920.
    package static let pipelining = Extensions(rawValue: 1)
    /// RFC 1870.
    package static let size = Extensions(rawValue: 2)
    /// RFC 6152.
    package static let eightBitMIME = Extensions(rawValue: 4)
    /// RFC 6531.
    package static let smtpUTF8 = Extensions(rawValue: 8)
    /// RFC 2034.
    package static let enhancedStatusCodes = Extensions(rawValue: 16)
    /// RFC 3461.
    package static let dsn = Extensions(rawValue: 32)
    /// RFC 3207.
    package static let startTLS = Extensions(rawValue: 64)
    /// RFC 4954.
    package static let auth = Extensions(rawValue: 128)

    package static let all = Extensions(rawValue: 255)

    /// By the keyword of the EHLO reply, in upper case.
    package static let byName: [(name: String, value: Extensions)] = [
        ("PIPELINING", .pipelining), ("SIZE", .size), ("8BITMIME", .eightBitMIME), ("SMTPUTF8", .smtpUTF8),
        ("ENHANCEDSTATUSCODES", .enhancedStatusCodes), ("DSN", .dsn), ("STARTTLS", .startTLS), ("AUTH", .auth),
    ]
}
