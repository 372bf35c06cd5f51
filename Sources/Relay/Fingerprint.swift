internal import Text

/// The expected certificate of the relay, regardless of its issuer.
package enum Fingerprint: Equatable, Sendable {
    /// SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it.
    case certificate([UInt8])
    /// SHA-256 of its public key, as `sha256//BASE64`. It outlives the certificate's renewal. See
    /// CURLOPT_PINNEDPUBLICKEY(3).
    case publicKey(String)

    /// Reads 64 hexadecimal digits, with or without colons between pairs, or `sha256//` and 44 digits of base64.
    package init?(_ text: String) {
        if text.begins(with: "sha256//") {
            let digits = text.utf8.dropFirst(8)
            guard Base64.decode(digits, .exact)?.count == 32 else { return nil }
            self = .publicKey(text)
            return
        }
        var bytes: [UInt8] = []
        var high: UInt8?
        for byte in text.utf8 where byte != UInt8(ascii: ":") {
            guard let digit = byte.hexValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil, bytes.count == 32 else { return nil }
        self = .certificate(bytes)
    }

    /// Whether a certificate in PEM is the one; a public key is libcurl's to look at.
    func matches(pem text: String) -> Bool {
        guard case .certificate(let digest) = self else { return true }
        let body = text.utf8.split(separator: 0x0A).filter { $0.first != UInt8(ascii: "-") }.joined()
        guard let bytes = Base64.decode(Array(body), .lenient) else { return false }
        return SHA256.digest(bytes) == digest
    }
}
