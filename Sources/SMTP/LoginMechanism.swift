internal import Text

/// A way to log in. RFC 4422; RFC 4954 for SMTP.
///
/// GSSAPI, NTLM and DIGEST-MD5 are not among them: no key of the configuration is for them.
package enum LoginMechanism: String, CaseIterable, Sendable {
    case plain, login
    case cramMD5 = "cram-md5"
    case xoauth2, oauthbearer

    /// As it is written in AUTH and in the reply to EHLO.
    package var name: String { rawValue.uppercasedASCII }

    /// Its secret is an access token, and not a password.
    package var takesToken: Bool { self == .xoauth2 || self == .oauthbearer }

    /// Those that can work with `credentials`, the one to try first at the front.
    ///
    /// In clear CRAM-MD5 goes first, which does not show the password; under TLS it goes last, since it works only where
    /// the relay stores the password itself.
    static func candidates(for credentials: Credentials, isEncrypted: Bool) -> [LoginMechanism] {
        if credentials.isToken { return [.xoauth2, .oauthbearer] }
        return isEncrypted ? [.plain, .login, .cramMD5] : [.cramMD5, .plain, .login]
    }
}

extension String {
    /// ASCII letters as capitals, all else as it is.
    fileprivate var uppercasedASCII: String { String(decoding: utf8.map(\.uppercased), as: UTF8.self) }
}
