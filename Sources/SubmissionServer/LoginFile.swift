internal import CCrypt
internal import Glibc
package import Submission
internal import Text

/// The logins of a listener: a file of lines `USER:HASH[:BOX[:SENDERS]]`.
///
/// The hash is one of crypt(3), as `mkpasswd` and `openssl passwd -6` print it. BOX is a drop box instead of the
/// listener's; SENDERS are addresses and `@domains` with commas between them, instead of the listener's.
package struct LoginFile: Sendable {
    package struct Login: Sendable {
        package let hash: String
        package let access: Access
    }

    private let logins: [ExactText: Login]
    /// The hash for unknown users, so that they take as long.
    private let decoy: String

    /// Reads the file's text.
    /// - Throws: the first line that is not a login, and why.
    package init(_ bytes: [UInt8], otherwise access: Access, spool: String) throws(LoginFileError) {
        var logins: [ExactText: Login] = [:]
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            let words = line.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.count >= 2, !words[0].isEmpty, words[1].begins(with: "$") else {
                throw LoginFileError(line: index + 1, reason: "USER:HASH is needed, with a hash such as $6$… or $y$…")
            }
            var own = access
            if words.count > 2, !words[2].isEmpty { own.box = DoorSettings.box(words[2], in: spool) }
            if words.count > 3, !words[3].isEmpty {
                do { own.senders = try DoorSettings.senders(words[3].pieces(at: ",").map(String.init)) } catch {
                    throw LoginFileError(line: index + 1, reason: "\(error)")
                }
            }
            guard logins.updateValue(Login(hash: words[1], access: own), forKey: ExactText(words[0])) == nil else {
                throw LoginFileError(line: index + 1, reason: "\(printable(words[0])) is there twice")
            }
        }
        self.logins = logins
        decoy = logins.values.first?.hash ?? "$6$decoy$"
    }

    /// The rights of the user; nil if user or password is wrong. Takes as long as the hash takes, some 10 ms.
    package func access(_ user: String, _ password: String) -> Access? {
        let login = logins[ExactText(user)]
        let isGood = LoginFile.matches(password, login?.hash ?? decoy)
        return isGood ? login?.access : nil
    }

    private static func matches(_ password: String, _ hash: String) -> Bool {
        guard let data = ccrypt_hash(password, hash) else { return false }
        defer { free(data) }
        let made = String(cString: ccrypt_output(data))
        if made.begins(with: "*") || made.utf8.count != hash.utf8.count { return false }
        return zip(made.utf8, hash.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

package struct LoginFileError: Error, CustomStringConvertible {
    package let line: Int
    package let reason: String
    package var description: String { "line \(line): \(reason)" }
}
