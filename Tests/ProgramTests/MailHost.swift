import Foundation
import Scratch
import Testing

/// A machine whose mail system is outspool, as far as one program and its children can see: in mount and UTS
/// namespaces of their own it is called web1.example, /usr/sbin/sendmail is the command under test, and
/// /var/spool/outspool the spool of a workplace, with `drop/local`, a daemon and a sink.
final class MailHost {
    let place: Workplace

    /// Whether this machine lets the tests have such namespaces and has a sendmail to cover.
    static let isPossible =
        Machine.isRoot && Machine.program("sendmail") == "/usr/sbin/sendmail"
        && Machine.can([
            "/usr/bin/unshare", "-mu", "sh", "-c", "mount --bind /bin/true /usr/sbin/sendmail && hostname web1.example",
        ])

    init() throws {
        place = try Workplace()
        // mktemp's 0700 would keep other users out.
        #expect(chmod(place.root.path, 0o755) == 0)
        #expect(try place.outspool("dropbox", "add", "local").status == 0)
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        try place.write("host.sh", MailHost.script)
        try place.write("hosts", "127.0.0.1 localhost web1.example web1\n")
        for name in ["var/outspool", "var/cron", "home"] {
            try FileManager.default.createDirectory(
                at: place.root.appending(path: name), withIntermediateDirectories: true)
        }
        #expect(chown(place.root.appending(path: "home").path, 65534, 65534) == 0)
    }

    /// Names and files of the machine, then the caller, in an empty directory that is its home.
    private static let script = """
        set -eu
        place=$1; shift
        mount --make-rprivate /
        hostname web1.example
        mount --bind "$place/hosts" /etc/hosts
        [ ! -e /etc/mailname ] || mount --bind /dev/null /etc/mailname
        [ ! -d /etc/outspool ] || mount -t tmpfs none /etc/outspool
        mount -t tmpfs none /run
        mount --bind "$place/outspool" /usr/sbin/sendmail
        mount --bind "$place/spool" "$place/var/outspool"
        mount --rbind "$place/var" /var/spool
        export HOME="$place/home"
        cd "$HOME"
        exec "$@"

        """

    /// Runs a script of the shell as nobody, or as root, with nothing of the tests' environment.
    @discardableResult
    func run(_ script: String, asRoot: Bool = false) throws -> Ran {
        let command = place.root.appending(path: "outspool")
        if !FileManager.default.fileExists(atPath: command.path) {
            try FileManager.default.copyItem(at: Program.builtFolder.appending(path: "outspool"), to: command)
        }
        let user = asRoot ? [] : ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        return try place.run(
            "/usr/bin/env",
            [
                "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "unshare", "-mu", "sh",
                place.root.appending(path: "host.sh").path, place.root.path,
            ] + user + ["sh", "-c", script])
    }

    /// What the sink received.
    struct Mail {
        let from: String
        let to: [String]
        /// The message without the sink's lines, with LF line ends, each byte a character.
        let header: [String]
        let body: String

        init(_ bytes: Data) {
            let text = (String(data: bytes, encoding: .isoLatin1) ?? "").replacingOccurrences(of: "\r\n", with: "\n")
            let parts = text.components(separatedBy: "\n\n")
            let lines = parts[0].components(separatedBy: "\n")
            func values(_ name: String) -> [String] {
                lines.filter { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
            }
            from = values("Return-Path").first ?? "?"
            to = values("X-Original-To")
            let own = lines.firstIndex { $0.hasPrefix("X-Sink-Long-Lines: ") } ?? -1
            header = Array(lines[(own + 1)...])
            body = parts.dropFirst().joined(separator: "\n\n")
        }
    }

    func mails() throws -> [Mail] {
        let new = place.root.appending(path: "Maildir/new")
        return try FileManager.default.contentsOfDirectory(at: new, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }.map { Mail(try Data(contentsOf: $0)) }
    }
}
