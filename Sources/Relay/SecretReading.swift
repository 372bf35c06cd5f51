internal import Linux
internal import SMTP

extension Credentials {
    /// The longest secret; tokens of some providers have 2 to 4 KiB.
    static let secretLimit = 16384

    /// Reads the secret's file anew; line ends at its end are not part of it. Nil without a user, or when the secret
    /// comes from a program.
    static func read(
        _ settings: RelaySettings
    ) throws(CredentialsError) -> (credentials: Credentials, file: SecretFile)? {
        guard let user = settings.user else {
            if settings.secret == nil { return nil }
            throw CredentialsError("there is a password, and no user")
        }
        switch settings.secret {
        case .passwordFile(let path): return try read(path, user, isToken: false)
        case .tokenFile(let path): return try read(path, user, isToken: true)
        case .tokenCommand: return nil
        case nil: throw CredentialsError("user has no password_file")
        }
    }

    private static func read(
        _ path: String, _ user: String, isToken: Bool
    ) throws(CredentialsError) -> (Credentials, SecretFile) {
        do {
            let file = try Descriptor(readingFileAt: path)
            let status = try file.status()
            // A FIFO or a device would make the daemon wait.
            guard status.isRegular else { throw CredentialsError("\(path): not a regular file") }
            let bytes = try file.readAll(limit: secretLimit + 1)
            let secret = try secret(bytes, from: path)
            return (Credentials(user: user, secret: secret, isToken: isToken), SecretFile(path, status))
        } catch let error as Errno {
            throw CredentialsError("\(path): \(error)")
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError("\(path): cannot be read")
        }
    }

    /// The one line that `source` has.
    static func secret(_ bytes: [UInt8], from source: String) throws(CredentialsError) -> [UInt8] {
        if bytes.count > secretLimit { throw CredentialsError("\(source): more than \(secretLimit) bytes") }
        var bytes = bytes
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        if bytes.isEmpty { throw CredentialsError("\(source): empty") }
        if bytes.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) {
            throw CredentialsError("\(source): more than one line")
        }
        return bytes
    }
}

/// Why a secret cannot be had: a file and what is wrong with it, never its content.
package struct CredentialsError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
