internal import Text

/// HMAC-SHA256 (RFC 2104, FIPS 198-1).
package enum HMAC {
    /// The 32 bytes of the code.
    package static func sha256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        KeyedHash(key: key).code(of: message)
    }

    /// Whether both are the same. The time depends on their lengths alone, so that it tells a forger nothing.
    package static func areSame(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
