internal import Text

/// Where a transfer goes, as the command line names it.
enum TransferTarget: Equatable, Sendable {
    /// A spool that this process can open: a word with a slash before any colon.
    case directory(String)
    /// A host that ssh(1) reaches, and its spool; nil for the one that its configuration names.
    case host(String, spool: String?)

    /// Nil for a word that names neither.
    init?(_ word: String) {
        let colon = word.utf8.firstIndex(of: UInt8(ascii: ":"))
        let slash = word.utf8.firstIndex(of: UInt8(ascii: "/"))
        if let slash, colon.map({ slash < $0 }) ?? true {
            self = .directory(word)
            return
        }
        let (host, path) = word.halves(at: ":").map { (String($0), String($1)) } ?? (word, nil)
        // A word that begins with a hyphen would be an option of ssh.
        guard !host.isEmpty, !host.begins(with: "-"), !host.utf8.contains(where: \.isSpace), path?.isEmpty != true
        else {
            return nil
        }
        self = .host(host, spool: path)
    }

    /// The words that start the other side's program: `ssh HOST outspool transfer --receive`, or what `through` says,
    /// a line for sh(1), in which `$1` is the host. Nil for a directory.
    func words(through command: String?) -> [String]? {
        guard case .host(let host, let spool) = self else { return nil }
        let receive = "outspool transfer --receive" + (spool.map { " --spool \(TransferTarget.quoted($0))" } ?? "")
        let line = command ?? "exec ssh -o BatchMode=yes -o ServerAliveInterval=15 -- \"$1\" \"$2\""
        return ["/bin/sh", "-c", line, "outspool", host, receive]
    }

    /// A word that a shell takes as it is.
    private static func quoted(_ word: String) -> String {
        "'" + word.pieces(at: "'").joined(separator: "'\\''") + "'"
    }
}
