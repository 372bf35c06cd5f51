internal import Text

/// A key that checks signatures: RSA (RFC 8017, section 8.2) or ECDSA on P-256.
///
/// It only ever sees what is public, so that the time it takes tells nothing.
package struct PublicKey: Equatable, Sendable {
    package enum Digest: Sendable {
        case sha1
        case sha256
    }

    private enum Kind: Equatable, Sendable {
        case rsa(modulus: Number, exponent: Number)
        case p256(x: Number, y: Number)
    }

    private let kind: Kind

    /// Reads a certificate or a public key in PEM, or a public key in base64 alone (RFC 5280, section 4.1).
    ///
    /// A certificate is believed: neither its dates nor who signed it are looked at. RSA takes 2048 to 8192 bits.
    package init(_ text: [UInt8]) throws(PublicKeyError) {
        var letters: [UInt8] = []
        var isCertificate = false
        var isInside = false
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = line.trimmed(\.isBlank)
            if line.starts(with: "-----BEGIN ".utf8) {
                if isInside || !letters.isEmpty { break }
                isInside = true
                isCertificate = line.starts(with: "-----BEGIN CERTIFICATE".utf8)
            } else if line.starts(with: "-----END".utf8) {
                break
            } else {
                letters += line
            }
        }
        guard let bytes = Base64.decode(letters, .lenient), !bytes.isEmpty else {
            throw PublicKeyError("neither PEM nor base64")
        }
        guard let info = isCertificate ? PublicKey.keyInfo(ofCertificate: bytes) : DER.sequence(bytes[...]) else {
            throw PublicKeyError(isCertificate ? "a certificate that cannot be read" : "not a public key")
        }
        try self.init(info: info)
    }

    /// SubjectPublicKeyInfo: RFC 5280, section 4.1.2.7.
    private init(info: [DER]) throws(PublicKeyError) {
        guard info.count == 2, let algorithm = info[0].parts, let name = algorithm.first, name.tag == DER.objectID,
            info[1].tag == DER.bitString, info[1].content.first == 0
        else { throw PublicKeyError("not a public key") }
        let bits = info[1].content.dropFirst()
        if name.content.elementsEqual([0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]) {
            guard let numbers = DER.sequence(bits), numbers.count == 2, let modulus = numbers[0].number,
                let exponent = numbers[1].number, (2048...8192).contains(modulus.bitCount), modulus.isOdd,
                (2...32).contains(exponent.bitCount), exponent.isOdd
            else { throw PublicKeyError("an RSA key of 2048 to 8192 bits is wanted") }
            kind = .rsa(modulus: modulus, exponent: exponent)
        } else if name.content.elementsEqual([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]), algorithm.count == 2,
            algorithm[1].content.elementsEqual([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07])
        {
            let (x, y) = (Number(bits.dropFirst().prefix(32)), Number(bits.dropFirst(33)))
            guard bits.count == 65, bits.first == 4, P256.holds(x: x, y: y) else {
                throw PublicKeyError("not a point of P-256")
            }
            kind = .p256(x: x, y: y)
        } else {
            throw PublicKeyError("neither RSA nor P-256")
        }
    }

    /// TBSCertificate: RFC 5280, section 4.1.
    private static func keyInfo(ofCertificate bytes: [UInt8]) -> [DER]? {
        guard let outer = DER.sequence(bytes[...]), let signed = outer.first?.parts else { return nil }
        // A version comes first, unless it is the first.
        let index = signed.first?.tag == 0xA0 ? 6 : 5
        return signed.count > index ? signed[index].parts : nil
    }

    /// Whether `signature` is the key's for the message: PKCS #1 v1.5 of RSA, or the two numbers of ECDSA in DER.
    package func isSignature(_ signature: [UInt8], of message: [UInt8], _ digest: Digest) -> Bool {
        let hash = digest == .sha1 ? SHA1.digest(message) : SHA256.digest(message)
        switch kind {
        case .rsa(let modulus, let exponent):
            let length = (modulus.bitCount + 7) / 8
            let number = Number(signature)
            guard signature.count == length, number < modulus else { return false }
            // RFC 8017, section 9.2: the whole encoding is made and compared, nothing in it is parsed.
            let prefix: [UInt8] =
                digest == .sha1
                ? [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14]
                : [
                    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
                    0x00,
                    0x04, 0x20,
                ]
            let padding = [UInt8](repeating: 0xFF, count: length - 3 - prefix.count - hash.count)
            return number.power(exponent, modulo: modulus).bytes(length) == [0, 1] + padding + [0] + prefix + hash
        case .p256(let x, let y):
            guard let numbers = DER.sequence(signature[...]), numbers.count == 2, let r = numbers[0].number,
                let s = numbers[1].number
            else { return false }
            return P256.isSignature(r: r, s: s, of: hash, x: x, y: y)
        }
    }
}

/// Why a public key cannot be read.
package struct PublicKeyError: Error, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
