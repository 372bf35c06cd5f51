internal import Linux
internal import SMTP
internal import Text

/// A user and a secret, read from its file for one connection.
///
/// Not printable on purpose: nothing of it may reach a log.
struct Credentials {
    let user: String
    let secret: [UInt8]
    let isToken: Bool

    /// The longest secret; tokens of some providers have 2 to 4 KiB.
    static let secretLimit = 16384

    /// Reads the secret's file anew; line ends at its end are not part of it. Nil when there is no user.
    static func read(_ settings: RelaySettings) throws(CredentialsError) -> Credentials? {
        guard let user = settings.user else {
            if settings.secret == nil { return nil }
            throw CredentialsError("there is a password, and no user")
        }
        let path: String
        let isToken: Bool
        switch settings.secret {
        case .passwordFile(let file): (path, isToken) = (file, false)
        case .tokenFile(let file): (path, isToken) = (file, true)
        case nil: throw CredentialsError("user has no password_file")
        }
        var bytes = try contents(of: path)
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        if bytes.isEmpty { throw CredentialsError("\(path): empty") }
        if bytes.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) {
            throw CredentialsError("\(path): more than one line")
        }
        return Credentials(user: user, secret: bytes, isToken: isToken)
    }

    private static func contents(of path: String) throws(CredentialsError) -> [UInt8] {
        do {
            let file = try Descriptor(readingFileAt: path)
            // A FIFO or a device would make the daemon wait.
            guard try file.status().isRegular else { throw CredentialsError("\(path): not a regular file") }
            let bytes = try file.readAll(limit: secretLimit + 1)
            if bytes.count > secretLimit { throw CredentialsError("\(path): more than \(secretLimit) bytes") }
            return bytes
        } catch let error as Errno {
            throw CredentialsError("\(path): \(error)")
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError("\(path): cannot be read")
        }
    }

    /// `text`, unless a server repeated the secret in it, as it is or as AUTH encodes it.
    func withholding(_ text: String) -> String {
        let plain = [0] + Array(user.utf8) + [0] + secret
        let bearer = Array("user=\(user)\u{1}auth=Bearer ".utf8) + secret + [1, 1]
        // Without their padding, in case the server leaves it away.
        let encodings = [secret] + [secret, plain, bearer].map { Base64.encode($0).filter { $0 != UInt8(ascii: "=") } }
        // The text may be cut: the beginning of a long secret is enough.
        let repeats = encodings.contains { $0.count >= 4 && text.utf8.contains($0.prefix(24)) }
        return repeats ? "(the text repeats the secret and is withheld)" : text
    }
}

/// Why a secret cannot be had: a file and what is wrong with it, never its content.
package struct CredentialsError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
