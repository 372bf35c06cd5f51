internal import Glibc
internal import Linux

extension Server {
    /// The credentials in files of `user:password` lines; empty lines and those that begin with
    /// `#` are left out.
    static func credentials(in paths: [String]) throws(StartError) -> [Settings.Credential] {
        var all: [Settings.Credential] = []
        for path in paths {
            let bytes: [UInt8]
            do throws(Errno) {
                let file = Descriptor(owning: try retrying { open(path, O_RDONLY | O_CLOEXEC) })
                bytes = try file.readAll(limit: 1 << 20)
            } catch {
                throw .noInput("cannot read \(path): \(error)")
            }
            for line in bytes.text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
                guard let credential = Settings.Credential(userAndPassword: line) else {
                    throw .noInput("\(path): a line is not user:password")
                }
                all.append(credential)
            }
        }
        return all
    }
}

extension Settings.Credential {
    /// `user:password`; the password may hold colons. Nil without a user or a colon.
    init?(userAndPassword text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return nil }
        self = .password(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }

    /// `user:token`, for XOAUTH2.
    init?(userAndToken text: some StringProtocol) {
        guard case .password(let user, let token)? = Self(userAndPassword: text) else { return nil }
        self = .token(user: user, token: token)
    }
}
