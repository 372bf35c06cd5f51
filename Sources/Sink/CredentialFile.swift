internal import Glibc
internal import Linux
internal import SMTPServer
internal import ServerSocket
internal import Text

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
            let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }
            for line in lines where line.first != UInt8(ascii: "#") {
                guard let credential = Settings.Credential(userAndPassword: line.text) else {
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
        guard let (user, password) = text.halves(at: ":"), !user.isEmpty else { return nil }
        self = .password(user: String(user), password: String(password))
    }

    /// `user:token`, for XOAUTH2.
    init?(userAndToken text: some StringProtocol) {
        guard case .password(let user, let token)? = Self(userAndPassword: text) else { return nil }
        self = .token(user: user, token: token)
    }
}
