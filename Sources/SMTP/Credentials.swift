internal import Text

/// A user and a secret, for one login.
///
/// Not printable on purpose: nothing of it may reach a log.
package struct Credentials {
    package let user: String
    package let secret: [UInt8]
    /// The secret is an OAuth 2.0 access token, and not a password.
    package let isToken: Bool

    package init(user: String, secret: [UInt8], isToken: Bool) {
        self.user = user
        self.secret = secret
        self.isToken = isToken
    }

    /// `text`, unless a server repeated the secret in it, as it is or as AUTH encodes it.
    package func withholding(_ text: String) -> String {
        // Without their padding, in case the server leaves it away.
        let encodings =
            [secret]
            + [secret, plainResponse, bearerResponse].map { Base64.encode($0).filter { $0 != UInt8(ascii: "=") } }
        // The text may be cut: the beginning of a long secret is enough.
        let repeats = encodings.contains { $0.count >= 4 && text.utf8.contains($0.prefix(24)) }
        return repeats ? "(the text repeats the secret and is withheld)" : text
    }

    /// RFC 4616.
    var plainResponse: [UInt8] { [0] + Array(user.utf8) + [0] + secret }

    /// XOAUTH2, as Google and Microsoft document it.
    var bearerResponse: [UInt8] { Array("user=\(user)\u{1}auth=Bearer ".utf8) + secret + [1, 1] }

    /// OAUTHBEARER: RFC 7628 section 3.1, behind the GS2 header of RFC 5801.
    func bearerResponse(host: String, port: Int) -> [UInt8] {
        var name: [UInt8] = []
        for byte in user.utf8 {
            switch byte {
            case UInt8(ascii: ","): name += Array("=2C".utf8)
            case UInt8(ascii: "="): name += Array("=3D".utf8)
            default: name.append(byte)
            }
        }
        return Array("n,a=".utf8) + name + Array(",\u{1}host=\(host)\u{1}port=\(port)\u{1}auth=Bearer ".utf8) + secret
            + [1, 1]
    }

    /// CRAM-MD5: RFC 2195 section 2.
    func response(toChallenge challenge: [UInt8]) -> [UInt8] {
        Array(user.utf8) + [0x20]
            + MD5.authenticationCode(of: challenge, key: secret).flatMap { byte in
                [UInt8.hexDigit(byte >> 4).lowercased, UInt8.hexDigit(byte).lowercased]
            }
    }
}
