internal import Linux
internal import Text

/// The user who calls sendmail(1), as /etc/passwd has them: the name service of a static program.
struct Caller: Equatable {
    let login: String
    /// The name in the comment field, or nil.
    var fullName: String?

    /// Who `user` is.
    ///
    /// Several logins may share a number: `LOGNAME` chooses among them. A number that the file does not have belongs to
    /// another name service, or to a service for which systemd invented a user. Then only the environment names it, and
    /// that is harmless, since `-f` can say the same.
    init(user: UInt32, passwd: [UInt8], environment: (String) -> String?) {
        let named = ["LOGNAME", "USER"].compactMap(environment).first { Caller.isLogin($0) }
        var found: Caller?
        for line in passwd.split(separator: 0x0A) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 5, UInt32(String(decoding: fields[2], as: UTF8.self)) == user else { continue }
            let login = String(decoding: fields[0], as: UTF8.self)
            guard Caller.isLogin(login) else { continue }
            if found == nil || login == named {
                found = Caller(login: login, comment: String(decoding: fields[4], as: UTF8.self))
            }
            if login == named { break }
        }
        self = found ?? Caller(login: named ?? "uid\(user)", comment: "")
    }

    /// This process's.
    static func current() -> Caller {
        // Without the file, the environment says who it is.
        let passwd = (try? Input.open("/etc/passwd").readAll(limit: 16 << 20)) ?? []
        return Caller(user: Process.realUser, passwd: passwd, environment: Process.environment)
    }

    /// The comment is `Full Name,Room,Work Phone,…`, in which `&` is the login with a capital. See finger(1).
    private init(login: String, comment: String) {
        self.login = login
        let name = comment.unicodeScalars.prefix { $0 != "," }
        var full = String(trimmed(Substring(name)))
        if full.utf8.contains(UInt8(ascii: "&")) {
            let capital = String(
                decoding: login.utf8.prefix(1).map(\.uppercased) + login.utf8.dropFirst(), as: UTF8.self)
            full = full.pieces(at: "&").joined(separator: capital)
        }
        let hasControl = full.unicodeScalars.contains { $0.properties.generalCategory == .control }
        fullName = full.isEmpty || hasControl ? nil : full
    }

    private static func isLogin(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: "-")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }
    }
}
